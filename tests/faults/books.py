"""The books of a storm, and what each becomes when nothing goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.harness import RestClient, ServerProcess, running
from fnt.wire.jobs import ProcessingSettings
from pdfs import TEXT, make_pdf

PAGES = (1, 1, 2, 3, 5, 8, 13, 21, 33, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A file with the settings it is sent with."""

    name: str
    path: Path
    settings: ProcessingSettings

    @property
    def filename(self) -> str:
        """The name the server is told: it is how an answer says which book a job is of."""
        return f"{self.name}.pdf"

    @property
    def sha256(self) -> str:
        """The file's own hash."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def make_books(folder: Path) -> Sequence[Book]:
    """Write one book for each number of pages, no two alike in text and settings."""
    books = []
    for number, pages in enumerate(PAGES):
        name = f"book-{number}-{pages}"
        path = folder / f"{name}.pdf"
        path.write_bytes(make_pdf(pages=pages, text=f"Ceci est le livre {number}.\n\n{TEXT}"))
        settings = ProcessingSettings(
            sentence_length_limit=6 + number, ignore_dialogue=bool(number % 2)
        )
        books.append(Book(name=name, path=path, settings=settings))
    return books


def calm_results(books: Sequence[Book], folder: Path) -> Mapping[str, str]:
    """Return the SHA-256 of each book's result from a server that nobody disturbs."""
    with running(ServerProcess(folder / "calm")) as server:
        server.add_user("calm@example.org")
        rest = RestClient(server.url, "calm@example.org")
        jobs = {
            book.name: rest.submit(
                book.path.read_bytes(), name=book.filename, **book.settings.to_wire()
            )
            for book in books
        }
        results = {}
        for name, job_id in jobs.items():
            rest.wait_until(job_id, lambda job: job["status"] == "completed")
            content = rest.get(f"/jobs/{job_id}/result?format=json").content
            results[name] = hashlib.sha256(content).hexdigest()
        rest.close()
    return results
