"""The pipeline process: serves one request after the other over the socket it was given."""

from __future__ import annotations

import encodings.gbk
import encodings.idna
import encodings.latin_1
import encodings.utf_16
import encodings.utf_16_be
import encodings.utf_16_le  # noqa: F401 -- nothing can be imported later
import importlib
import os
import pkgutil
import queue
import resource
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Final

import msgspec
import pypdf

from fnt_server.engines.answer_store import AnswerStore, NoStore
from fnt_server.sandbox.answers import AnswersOfParent
from fnt_server.sandbox.lockdown import enter_sandbox
from fnt_server.sandbox.messages import Described, Options, Request, Response, Work
from fnt_server.sandbox.resource_limits import LIFETIME_CPU_S, limit_cpu, limit_process
from fnt_server.sandbox.second_half import HalfOfHelper
from fnt_server.sandbox.steps import run_step

SPENT_BYTES: Final = 400 << 20
"""Memory once held after which the process should be replaced: it does not all come back."""
_MAX_REQUEST_BYTES: Final = 1 << 16


def main() -> None:
    """Serve requests until the socket ends, which it does when the parent dies."""
    for of_a_terminal in (signal.SIGINT, signal.SIGHUP):  # for the parent to decide on
        signal.signal(of_a_terminal, signal.SIG_IGN)
    inherited_bytes = _most_memory()
    channel = socket.socket(fileno=int(sys.argv[1]))
    options = msgspec.json.decode(sys.argv[2], type=Options)
    requests: queue.SimpleQueue[tuple[Request, int]] = queue.SimpleQueue()
    is_ready = threading.Event()  # no thread can be started later, nor a descriptor be there before
    threading.Thread(target=_read_requests, args=(channel, requests, is_ready), daemon=True).start()
    missing: list[str] = []
    _import_all_of_pypdf()
    if options.is_sandboxed:
        missing = enter_sandbox(options.limits, keep={0, 1, 2, channel.fileno()})
    else:
        limit_process(options.limits)
    is_ready.set()
    answers = AnswersOfParent(channel, requests) if options.keeps_answers else NoStore()
    second_half = HalfOfHelper(channel, requests)
    while True:
        request, descriptor = requests.get()
        _serve(
            channel,
            request,
            descriptor,
            options,
            missing,
            answers,
            second_half,
            spent_bytes=max(SPENT_BYTES, inherited_bytes),
        )


def _import_all_of_pypdf() -> None:
    """Import what pypdf imports when a file asks for it: the sandbox can open no module."""
    for module in pkgutil.walk_packages(pypdf.__path__, "pypdf."):
        with suppress(ImportError):  # of optional packages
            importlib.import_module(module.name)


def _read_requests(
    channel: socket.socket,
    requests: queue.SimpleQueue[tuple[Request, int]],
    is_ready: threading.Event,
) -> None:
    """Queue requests, and exit with the parent, even in the middle of a book."""
    is_ready.wait()
    held = b""
    with suppress(OSError):
        while True:
            data, descriptors, _, _ = socket.recv_fds(channel, _MAX_REQUEST_BYTES, 1)
            held += data
            if held.endswith(b"\n"):
                requests.put((msgspec.json.decode(held, type=Request), descriptors[0]))
                held = b""
            elif not data:
                break
    os._exit(0)


def _serve(
    channel: socket.socket,
    request: Request,
    descriptor: int,
    options: Options,
    missing: list[str],
    answers: AnswerStore,
    second_half: HalfOfHelper,
    *,
    spent_bytes: int,
) -> None:
    limits = options.limits
    head: Response = Described(missing=missing)
    body = b""
    if request.work is not Work.DESCRIBE:
        limit_cpu(limits.cpu_s if request.work is Work.SHORTEN else limits.cpu_s_for(1))
        head, body = run_step(
            request,
            descriptor,
            options,
            on_open=lambda pages: limit_cpu(limits.cpu_s_for(pages)),
            answers=answers,
            second_half=second_half.read,
        )
        limit_cpu(0)
    os.close(descriptor)
    head = msgspec.structs.replace(head, needs_recycling=_needs_recycling(spent_bytes))
    channel.sendall(msgspec.json.encode(head) + b"\n")
    channel.sendall(body)


def _needs_recycling(spent_bytes: int) -> bool:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return _most_memory() > spent_bytes or used.ru_utime > LIFETIME_CPU_S / 2


def _most_memory() -> int:
    """Return the most memory held so far, in bytes; at first that of the parent (getrusage(2))."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
