"""Answers of models, which the worker keeps: the pipeline process asks for them and gives new ones.

Of each step: the keys of its sentences once, then what the model answers, as it comes.
"""

from __future__ import annotations

import os
import queue
import socket
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Final

import msgspec

from fnt_server.engines.answer_store import AnswerStore
from fnt_server.sandbox import failures
from fnt_server.sandbox.channel import Channel
from fnt_server.sandbox.messages import (
    AnswersGiven,
    AnswersWanted,
    Interim,
    Key,
    Request,
    Work,
)
from fnt_server.sandbox.steps import iter_blocks

_KEYS: Final = msgspec.json.Decoder(list[Key])
_ANSWERS: Final = msgspec.json.Decoder(dict[Key, list[str]])


class AnswersOfParent:
    """The child's end; to be used by one thread."""

    def __init__(
        self, channel: socket.socket, requests: queue.SimpleQueue[tuple[Request, int]]
    ) -> None:
        self._channel = channel
        self._requests = requests

    def find(self, keys: Sequence[str]) -> Mapping[str, list[str]]:
        """Return what the parent has kept."""
        self._say(AnswersWanted, msgspec.json.encode(list(keys)))
        _, descriptor = self._requests.get()
        try:
            return _ANSWERS.decode(b"".join(iter_blocks(descriptor)))
        finally:
            os.close(descriptor)

    def add(self, answers: Mapping[str, list[str]]) -> None:
        """Hand answers to the parent."""
        self._say(AnswersGiven, msgspec.json.encode(dict(answers)))

    def _say(self, kind: type[Interim], body: bytes) -> None:
        self._channel.sendall(msgspec.json.encode(kind(body_bytes=len(body))) + b"\n" + body)


class StepAnswers:
    """The parent's end, for one step; believes the process no more than a document."""

    def __init__(self, store: AnswerStore, *, max_bytes: int) -> None:
        self._store = store
        self._left_bytes = max_bytes
        self._wanted: set[str] = set()

    def serve(self, channel: Channel, head: Interim, body: IO[bytes]) -> None:
        """Do what a message asks for; raises ExtractionCrashed if it may not."""
        self._left_bytes -= head.body_bytes
        if self._left_bytes < 0:
            raise failures.too_heavy()
        content = body.read()
        try:
            match head:
                case AnswersWanted():
                    self._send(channel, _KEYS.decode(content))
                case AnswersGiven():
                    self._keep(_ANSWERS.decode(content))
                case _:
                    raise failures.untrusted()
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise failures.untrusted() from None

    def _send(self, channel: Channel, keys: list[str]) -> None:
        self._wanted.update(keys)
        with tempfile.TemporaryFile() as file:
            file.write(msgspec.json.encode(dict(self._store.find(keys))))
            file.seek(0)
            channel.send(Request(work=Work.ANSWERS, settings={}), file.fileno())

    def _keep(self, answers: dict[str, list[str]]) -> None:
        if not self._wanted.issuperset(answers):
            raise failures.untrusted()
        self._store.add(answers)
