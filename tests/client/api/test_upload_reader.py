"""The body of an upload, as httpx writes it from our reader."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any

import httpx
import pytest

from fnt.api.auth import TokenAuth
from fnt.api.client import ApiClient
from fnt.api.upload_reader import UploadReader
from fnt.errors import NotFoundError, UsageError

PIECE_BYTES = 64 * 1024
BOOK = b"%PDF-" + b"x" * (2 * PIECE_BYTES)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.pdf"
    path.write_bytes(BOOK)
    return path


class Renewed(TokenAuth):
    """A token the server may reject once."""

    def current_token(self) -> str:
        return "old"

    def renewed_token(self, refused: str) -> str:
        return f"newer than {refused}"


class Sent:
    """Return what an upload sends to a server that responds with these statuses."""

    def __init__(self, *statuses: int) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[httpx.Headers] = []
        self.counts: list[int] = []
        self._statuses = iter(statuses or (500,))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(b"".join(self._pieces(request)))
        self.headers.append(request.headers)
        return httpx.Response(next(self._statuses), json={"error": "no"})

    def _pieces(self, request: httpx.Request) -> Iterator[bytes]:
        assert isinstance(request.stream, httpx.SyncByteStream)
        yield from request.stream

    def upload(self, path: Path, *, filename: str = "novel.pdf") -> None:
        transport = httpx.MockTransport(self.handle)
        transport.handle_request = self.handle  # type: ignore[method-assign]  # reads nothing itself
        auth = Renewed()
        with ApiClient("https://a.example", auth=auth, transport=transport) as client:
            client.upload(7, path, filename=filename, on_sent=self.counts.append)

    def parts(self) -> Any:
        head = f"Content-Type: {self.headers[0]['Content-Type']}\r\n\r\n".encode()
        return message_from_bytes(head + self.bodies[0], policy=HTTP).get_payload()


def sent(path: Path, *, filename: str = "novel.pdf") -> Sent:
    sent = Sent(422)
    with pytest.raises(Exception, match="no"):
        sent.upload(path, filename=filename)
    return sent


def test_the_job_comes_first_and_the_file_last(book: Path) -> None:
    job, file = sent(book).parts()

    assert job.get_param("name", header="content-disposition") == "job_id"
    assert job.get_payload() == "7"
    assert file.get_param("name", header="content-disposition") == "pdf_file"
    assert file.get_content_type() == "application/pdf"
    assert file.get_payload(decode=True) == BOOK


def test_the_length_is_exact(book: Path) -> None:
    done = sent(book)

    assert int(done.headers[0]["Content-Length"]) == len(done.bodies[0])
    assert "Transfer-Encoding" not in done.headers[0]


@pytest.mark.parametrize("refusal", [503, 401])
def test_pieces_are_counted_when_they_were_taken_and_again_on_a_retry(
    book: Path, refusal: int
) -> None:
    done = Sent(refusal, 422)

    with pytest.raises(Exception, match="no"):
        done.upload(book)

    assert len(done.bodies) == 2
    assert all(BOOK in body for body in done.bodies)
    assert done.counts == [PIECE_BYTES, 2 * PIECE_BYTES, 2 * PIECE_BYTES + 5] * 2


def test_a_piece_is_counted_after_it_was_taken(book: Path) -> None:
    counts: list[int] = []
    with book.open("rb") as file:
        reader = UploadReader(file, name="a", size_bytes=len(BOOK), on_sent=counts.append)
        reader.read(10)
        assert counts == []
        reader.read(10)
        assert counts == [10]


@pytest.mark.parametrize(
    "name", ['a"; x="y.pdf', "a\r\nX-Evil: 1.pdf", "a\0.pdf", "\udcff.pdf", "a\\.pdf"]
)
def test_no_name_can_leave_its_header(book: Path, name: str) -> None:
    _job, file = sent(book, filename=name).parts()

    assert file.keys() == ["Content-Disposition", "Content-Type"]
    assert file.get_payload(decode=True) == BOOK


def test_names_travel_as_utf8(book: Path) -> None:
    body = sent(book, filename="Émile – Œuvre.pdf").bodies[0]

    assert 'filename="Émile – Œuvre.pdf"'.encode() in body[:400]


def test_a_file_that_shrinks_is_an_error(book: Path) -> None:
    with book.open("rb") as file:
        reader = UploadReader(file, name="a", size_bytes=len(BOOK) + 1, on_sent=lambda _: None)
        with pytest.raises(UsageError, match="a shrank"):
            while reader.read(PIECE_BYTES):
                pass


def test_a_file_that_grows_is_cut(book: Path) -> None:
    with book.open("rb") as file:
        reader = UploadReader(file, name="a", size_bytes=10, on_sent=lambda _: None)
        assert (reader.read(), reader.read()) == (BOOK[:10], b"")


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"file novel\.pdf not found"):
        Sent().upload(tmp_path / "none.pdf")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is a folder, not a file"):
        Sent().upload(tmp_path)
