"""The body of an upload."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP

import pytest

from fnt.api.multipart import PIECE_BYTES, UploadBody
from fnt.errors import UsageError


def make_body(path, *, filename="novel.pdf", sent=None, size_bytes=None):
    return UploadBody(
        job_id=7,
        path=path,
        filename=filename,
        size_bytes=path.stat().st_size if size_bytes is None else size_bytes,
        on_sent=(sent if sent is not None else []).append,
        boundary="b",
    )


def parse(body):
    head = f"Content-Type: {body.headers['Content-Type']}\r\n\r\n".encode()
    return message_from_bytes(head + b"".join(body), policy=HTTP).get_payload()


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.pdf"
    path.write_bytes(b"%PDF-" + b"x" * (2 * PIECE_BYTES))
    return path


def test_multipart_has_the_job_first_and_the_file_last(book):
    job, file = parse(make_body(book))

    assert job.get_param("name", header="content-disposition") == "job_id"
    assert job.get_payload() == "7"
    assert file.get_param("name", header="content-disposition") == "pdf_file"
    assert file.get_payload(decode=True) == book.read_bytes()


def test_multipart_length_is_exact(book):
    body = make_body(book)

    assert int(body.headers["Content-Length"]) == len(b"".join(body))


def test_multipart_counts_what_was_sent_and_can_be_repeated(book):
    sent = []
    body = make_body(book, sent=sent)

    first, second = b"".join(body), b"".join(body)

    assert first == second
    assert sent == [PIECE_BYTES, 2 * PIECE_BYTES, 2 * PIECE_BYTES + 5] * 2


def test_multipart_counts_a_piece_after_it_was_taken(book):
    sent = []
    pieces = iter(make_body(book, sent=sent))
    next(pieces), next(pieces)

    assert sent == []


@pytest.mark.parametrize("name", ['a"; x="y.pdf', "a\r\nX-Evil: 1.pdf", "a\0.pdf", "\udcff.pdf"])
def test_multipart_no_name_can_leave_its_header(book, name):
    _job, file = parse(make_body(book, filename=name))

    assert file.keys() == ["Content-Disposition", "Content-Type"]


def test_multipart_names_travel_as_utf8(book):
    head = b"".join(make_body(book, filename="Émile – Œuvre.pdf"))[:400]

    assert 'filename="Émile – Œuvre.pdf"'.encode() in head


def test_multipart_file_that_shrinks_is_an_error(book):
    body = make_body(book, size_bytes=3 * PIECE_BYTES)

    with pytest.raises(UsageError, match="shrank"):
        b"".join(body)


def test_multipart_file_that_grows_is_cut(book):
    body = make_body(book, size_bytes=10)

    assert len(b"".join(body)) == int(body.headers["Content-Length"])


def test_multipart_file_that_is_gone_is_an_error(book):
    body = make_body(book)
    book.unlink()

    with pytest.raises(UsageError, match="cannot be read"):
        b"".join(body)
