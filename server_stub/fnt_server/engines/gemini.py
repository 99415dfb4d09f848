"""Google Gemini; GOOGLE_GEMINI_BASE_URL overrides the address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types

from fnt_server.engines.bounded_client import BoundedClient
from fnt_server.engines.llm_requests import TIMEOUT_S, ServiceUnavailable, refused, retry_after_s
from fnt_server.engines.model_names import gemini_address, gemini_model

UNREADABLE = "{}"
WAIT_STATUSES = frozenset({408, 425, 429})


class GeminiClient:
    """Generated content with a JSON schema."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._model = gemini_model(environ)
        self._http = BoundedClient(timeout_s=TIMEOUT_S)
        self._client = genai.Client(
            api_key=environ["GEMINI_API_KEY"],
            vertexai=False,
            http_options=types.HttpOptions(
                timeout=int(TIMEOUT_S * 1000),
                httpx_client=self._http,
                base_url=gemini_address(environ),
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )

    def ask(self, instructions: str, question: str, schema: Mapping[str, Any]) -> str:
        """Return the response; see `LLMClient`."""
        try:
            answer = self._client.models.generate_content(
                model=self._model,
                contents=question,
                config=types.GenerateContentConfig(
                    system_instruction=instructions,
                    temperature=0,
                    seed=0,
                    response_mime_type="application/json",
                    response_json_schema=dict(schema),
                ),
            )
        except errors.APIError as error:
            if error.code >= 500 or error.code in WAIT_STATUSES:
                wanted = retry_after_s(getattr(error.response, "headers", None))
                raise ServiceUnavailable(f"HTTP {error.code}", retry_after_s=wanted) from None
            raise refused(error.code, "gemini") from None
        except (httpx2.HTTPError, ValueError, errors.UnknownApiResponseError) as error:
            raise ServiceUnavailable(type(error).__name__) from None
        except RecursionError:  # the library parses responses of any depth
            return UNREADABLE
        return _text(answer)

    def close(self) -> None:
        """Abort requests in progress."""
        self._client.close()
        self._http.close()  # the library closes only its own


def _text(answer: types.GenerateContentResponse) -> str:
    """Return the text of the response; empty if the model declined."""
    parts = [
        part.text
        for candidate in (answer.candidates or [])[:1]
        for part in (candidate.content.parts if candidate.content else None) or []
        if part.text and not part.thought
    ]
    return "".join(parts)
