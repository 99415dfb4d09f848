"""A model's service on loopback that speaks as OpenAI's and as Google's, faults included."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Item = dict[str, Any]
Pieces = list[str]


@dataclass(slots=True, kw_only=True)
class Fault:
    """What is answered in place of sentences, once."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": {"message": "secret-key and the book", "code": 500}}'
    pause_s: float = 0.0
    resets: bool = False
    goes_on_for_s: float = 0.0
    """Sends the body again and again, with as little pause as `drip_s`, for that long."""
    drip_s: float = 0.0


def eight_at_a_time(item: Item) -> Pieces:
    """Rewrite as an honest model would that has no style."""
    words = item["texte"].split()
    return [" ".join(words[k : k + 8]) for k in range(0, len(words), 8)]


class LLMService:
    """Answers each question by `rewrite`, after the faults are used up."""

    def __init__(self) -> None:
        self.rewrite: Callable[[Item], Pieces | None] = eight_at_a_time
        """None leaves the item out."""
        self.faults: list[Fault] = []
        self.answers: list[str] = []
        """Raw texts to answer with, in place of items."""
        self.refuses: Callable[[list[Item]], bool] = lambda _: False
        """Whether to answer nothing to a request for these items."""
        self.packs = False
        """Whether answers are compressed."""
        self.delay_s = 0.0
        """What each answer takes."""
        self.questions: list[dict[str, Any]] = []
        self.asked_at: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with service._counted():
                    service._answer(self)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def environ(self, **changes: str) -> dict[str, str]:
        """Return the settings by which both engines find this service."""
        return {
            "OPENAI_API_KEY": "secret-key",
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "FNT_OPENAI_MODEL": "tiny",
            "GEMINI_API_KEY": "secret-key",
            "GOOGLE_GEMINI_BASE_URL": self.url,
            **changes,
        }

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self._lock:
                self.at_once -= 1

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        is_chat = request.path.endswith("/chat/completions")
        asked = (
            body["messages"][1]["content"] if is_chat else body["contents"][0]["parts"][0]["text"]
        )
        with self._lock:
            self.questions.append(json.loads(asked))
            self.asked_at.append(time.monotonic())
            self.headers.append({k.lower(): v for k, v in request.headers.items()})
            fault = self.faults.pop(0) if self.faults else None
            raw = self.answers.pop(0) if self.answers and fault is None else None
        if fault is not None:
            self._fail(request, fault)
            return
        time.sleep(self.delay_s)
        text = self._items(json.loads(asked)["items"]) if raw is None else raw
        headers = {"Content-Encoding": "gzip"} if self.packs else {}
        self._send(request, 200, headers, json.dumps(chat(text) if is_chat else content(text)))

    def _items(self, items: list[Item]) -> str:
        if self.refuses(items):
            return ""
        made = [(item["id"], self.rewrite(item)) for item in items]
        found = [
            {"id": number, "sentences": pieces} for number, pieces in made if pieces is not None
        ]
        return json.dumps({"items": found}, ensure_ascii=False)

    def _fail(self, request: BaseHTTPRequestHandler, fault: Fault) -> None:
        time.sleep(fault.pause_s)
        if fault.resets:
            request.close_connection = True
            request.connection.close()
            return
        if fault.goes_on_for_s:
            self._go_on(request, fault)
            return
        self._send(request, fault.status, fault.headers, fault.body)

    @staticmethod
    def _go_on(request: BaseHTTPRequestHandler, fault: Fault) -> None:
        ends_at = time.monotonic() + fault.goes_on_for_s
        request.close_connection = True
        with contextlib.suppress(OSError):
            request.send_response(fault.status)
            for name, value in {"Content-Type": "application/json", **fault.headers}.items():
                request.send_header(name, value)
            request.end_headers()
            while time.monotonic() < ends_at:
                request.wfile.write(fault.body.encode())
                time.sleep(fault.drip_s)

    @staticmethod
    def _send(
        request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: str
    ) -> None:
        content = body.encode()
        if "Content-Encoding" in headers:
            content = gzip.compress(content)
        with contextlib.suppress(OSError):
            request.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                request.send_header(name, value)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            request.wfile.write(content)


def chat(text: str) -> dict[str, Any]:
    """Return an answer of OpenAI's, held to the library's own type."""
    from openai.types.chat import ChatCompletion  # noqa: PLC0415 -- half a second at collection

    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop" if text else "content_filter",
                "logprobs": None,
                "message": {"role": "assistant", "content": text or None, "refusal": None},
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    ChatCompletion.model_validate(answer, strict=True)
    return answer


def content(text: str) -> dict[str, Any]:
    """Return an answer of Gemini's, held to the library's own type."""
    from google.genai.types import GenerateContentResponse  # noqa: PLC0415 -- as above

    candidate: dict[str, Any] = {"index": 0, "finishReason": "STOP" if text else "SAFETY"}
    if text:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    answer = {"candidates": [candidate], "modelVersion": "tiny"}
    GenerateContentResponse.model_validate(answer)
    return answer
