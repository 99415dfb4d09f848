"""Crash points: everything is killed a moment after a 202, and must remember it."""

from __future__ import annotations

import time

from e2e.harness import ServerProcess
from faults.books import Book
from faults.people import Person, list_own, send


def crash_after_accepting(
    server: ServerProcess, person: Person, book: Book, *, after_s: float, number: int
) -> int:
    """Send a book, kill everything so long after the 202, start again and list the jobs."""
    observer = f"{person.name} sends {number}"
    with person.client(observer) as api:
        job_id = send(api, book, key=f"crash-{number}")
        time.sleep(after_s)  # the point itself
        server.kill()
        server.start()
        list_own(person, api, observer)
    return job_id
