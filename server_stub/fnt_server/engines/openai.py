"""OpenAI and compatible servers (Ollama, vLLM, llama.cpp) by OPENAI_BASE_URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import openai

from fnt_server.engines.llm_requests import TIMEOUT_S, ServiceUnavailable, refused, retry_after_s

WAIT_STATUSES = frozenset({408, 409, 425, 429})


class OpenAI:
    """Chat completions with a JSON schema."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._model = environ["FNT_OPENAI_MODEL"]
        self._client = openai.OpenAI(
            # a server of one's own needs none, the library does
            api_key=environ.get("OPENAI_API_KEY") or "none",
            base_url=environ.get("OPENAI_BASE_URL") or None,
            timeout=TIMEOUT_S,
            max_retries=0,
        )

    def ask(self, instructions: str, question: str, schema: Mapping[str, Any]) -> str:
        """Return the answer; see `Model`."""
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
            raise ServiceUnavailable(f"{type(error).__name__} in its answer") from None
        choices = getattr(answer, "choices", None)  # a page in HTML arrives as plain text
        if not choices:
            raise ServiceUnavailable("its answer is none of a chat")
        return choices[0].message.content or ""

    def close(self) -> None:
        """Give up what is under way."""
        self._client.close()
