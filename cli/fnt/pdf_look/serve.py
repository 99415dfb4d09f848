"""The process that has loaded pypdf, and forks for each PDF: see `warm_child`."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress

from fnt.pdf_look.look import limit_resources, load_pypdf, look

TIME_LIMIT = struct.Struct("d")
"""What is sent with a file: seconds."""
FEW_COLLECTIONS = 50_000
"""New objects between two collections: neither imports nor looks make garbage worth the time."""


def _serve(channel: socket.socket) -> None:
    """Fork for each file that comes, until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    gc.set_threshold(FEW_COLLECTIONS)
    with suppress(ImportError):
        load_pypdf()  # once, for all forks
    gc.freeze()  # no fork needs to look through what is loaded
    while True:
        limit, descriptors, _, _ = socket.recv_fds(channel, TIME_LIMIT.size, 2)
        if len(descriptors) < 2:
            return
        if os.fork() == 0:
            channel.close()
            # Ends it at once, also one that holds the interpreter.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, *TIME_LIMIT.unpack(limit))
            _look(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _look(file: int, answer: int) -> None:
    """Answer and exit; as soon as nobody waits for the answer, too."""
    try:
        with socket.socket(fileno=answer) as channel, os.fdopen(file, "rb") as opened:
            threading.Thread(target=_exit_with, args=(channel,), daemon=True).start()
            limit_resources()
            channel.sendall(json.dumps(look(opened)).encode())
    finally:
        os._exit(0)


def _exit_with(channel: socket.socket) -> None:
    with suppress(OSError):
        channel.recv(1)
    os._exit(1)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
