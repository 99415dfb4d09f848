"""OpenAI and compatible servers (Ollama, vLLM, llama.cpp) by OPENAI_BASE_URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import openai

from fnt_server.engines.bounded_client import BoundedClient
from fnt_server.engines.llm_requests import TIMEOUT_S, ServiceUnavailable, refused, retry_after_s
from fnt_server.engines.model_names import openai_address, openai_model

WAIT_STATUSES = frozenset({408, 409, 425, 429})


class OpenAI:
    """Chat completions with a JSON schema."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._model = openai_model(environ)
        self._client = openai.OpenAI(
            # a local server needs no key, but the library does
            api_key=environ.get("OPENAI_API_KEY") or "none",
            base_url=openai_address(environ),
            http_client=BoundedClient(timeout_s=TIMEOUT_S),
            timeout=TIMEOUT_S,
            max_retries=0,
        )

    def ask(self, instructions: str, question: str, schema: Mapping[str, Any]) -> str:
        """Return the response; see `LLMClient`."""
        try:
            answer = self._client.chat.completions.create(
                model=self._model,
                messages=[
                    {"role": "system", "content": instructions},
                    {"role": "user", "content": question},
                ],
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "sentences", "strict": True, "schema": dict(schema)},
                },
                temperature=0,
                seed=0,
            )
        except openai.APIStatusError as error:
            if error.status_code >= 500 or error.status_code in WAIT_STATUSES:
                wanted = retry_after_s(error.response.headers)
                raise ServiceUnavailable(
                    f"HTTP {error.status_code}", retry_after_s=wanted
                ) from None
            raise refused(error.status_code, "openai") from None
        except openai.APIConnectionError as error:
            raise ServiceUnavailable(type(error).__name__) from None
        except (openai.OpenAIError, ValueError) as error:
            raise ServiceUnavailable(f"{type(error).__name__} in its response") from None
        choices = getattr(answer, "choices", None)  # an HTML page arrives as plain text
        if not choices:
            raise ServiceUnavailable("its response is not a chat completion")
        return choices[0].message.content or ""

    def close(self) -> None:
        """Abort requests in progress."""
        self._client.close()
