"""fnt.flow.ledger: records survive crashes, and other files are not mistaken for ledgers."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import MOMENT
from fnt.errors import FntError, NotFoundError, TemporaryError, UsageError
from fnt.flow.ledger import FAILED, Book, BookStatus, Ledger, Prepared, Wanted, ledger_lock
from fnt.wire.jobs import ProcessingSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.csv.ledger"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with opened(path, create=True) as ledger:
        yield ledger


def opened(path: Path, *, create: bool = False) -> Ledger:
    return Ledger(path, now=lambda: MOMENT, create=create)


def wanted(folder: Path, name: str = "a", *, line: int = 1, **changes: object) -> Wanted:
    facts: dict[str, object] = {
        "path": f"{name}.pdf",
        "file": folder / f"{name}.pdf",
        "filename": f"{name}.pdf",
        "settings": ProcessingSettings(),
        "stem": name,
        "line": line,
    }
    return Wanted(**{**facts, **changes})  # type: ignore[arg-type]


def prepared(key: str = "k-1") -> Prepared:
    return Prepared(key=key, sha256="0" * 64, size_bytes=9, modified_ns=7, page_count=None)


def only(ledger: Ledger) -> Book:
    (book,) = ledger.books()
    return book


def test_a_run_takes_in_everything_or_nothing(ledger: Ledger, tmp_path: Path) -> None:
    def breaks() -> Iterator[Wanted]:
        yield wanted(tmp_path)
        raise UsageError("line 2 is broken")

    with pytest.raises(UsageError, match="line 2"):
        ledger.begin_run(breaks())

    assert list(ledger.books()) == []
    assert ledger.begin_run([wanted(tmp_path)]) == 1


def test_changes_are_visible_to_other_processes_immediately(ledger: Ledger, tmp_path: Path) -> None:
    ledger.begin_run([wanted(tmp_path)])
    ledger.sending(only(ledger), prepared())

    with opened(ledger.path) as other:
        book = only(other)

    assert (book.status, book.sent) == (BookStatus.SENDING, prepared())


def test_the_same_line_again_keeps_the_status_of_a_book(ledger: Ledger, tmp_path: Path) -> None:
    ledger.begin_run([wanted(tmp_path)])
    ledger.sending(only(ledger), prepared())
    ledger.running(only(ledger), 12)

    run = ledger.begin_run([wanted(tmp_path, line=4, stem="b", filename="other.pdf")])

    book = only(ledger)
    assert (book.status, book.job_id, book.line, book.stem) == (BookStatus.RUNNING, 12, 4, "b")
    assert book.filename == "a.pdf"  # it belongs to the key that was used
    assert ledger.counts(run=run) == {BookStatus.RUNNING: 1}


def test_other_settings_are_another_book(ledger: Ledger, tmp_path: Path) -> None:
    settings = ProcessingSettings(sentence_length_limit=12)

    ledger.begin_run([wanted(tmp_path), wanted(tmp_path, settings=settings, stem="b")])

    assert [book.settings.sentence_length_limit for book in ledger.books()] == [8, 12]


def test_a_book_named_twice_is_one_unless_its_outputs_differ(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.begin_run([wanted(tmp_path), wanted(tmp_path, line=2)])
    assert only(ledger).line == 1

    with pytest.raises(UsageError, match=r"line 2: a\.pdf is already on line 1"):
        ledger.begin_run([wanted(tmp_path), wanted(tmp_path, line=2, stem="b")])


def test_books_of_earlier_runs_are_not_of_this_one(ledger: Ledger, tmp_path: Path) -> None:
    ledger.begin_run([wanted(tmp_path), wanted(tmp_path, "b", line=2)])
    run = ledger.begin_run([wanted(tmp_path, "b")])

    assert [book.path for book in ledger.books(run=run)] == ["b.pdf"]
    assert len(list(ledger.books())) == 2


def test_two_results_in_one_file_are_found(ledger: Ledger, tmp_path: Path) -> None:
    run = ledger.begin_run([wanted(tmp_path), wanted(tmp_path, "x/a", line=2, stem="a")])

    two = ledger.same_stem(run)

    assert two is not None
    assert [book.path for book in two] == ["a.pdf", "x/a.pdf"]


def test_many_books_can_be_changed_while_they_are_read(ledger: Ledger, tmp_path: Path) -> None:
    ledger.begin_run(wanted(tmp_path, str(n), line=n) for n in range(450))

    for book in ledger.books(statuses=[BookStatus.WAITING]):
        ledger.done(book, [])

    assert ledger.counts() == {BookStatus.DONE: 450}


def test_another_attempt_has_no_key_and_remembers_the_job(ledger: Ledger, tmp_path: Path) -> None:
    ledger.begin_run([wanted(tmp_path), wanted(tmp_path, "b", line=2)])
    first, second = ledger.books()
    ledger.sending(first, prepared())
    ledger.running(first, 12)
    ledger.record_error(first, code="PDF_DAMAGED", message="broken", status=BookStatus.FAILED)
    ledger.record_error(second, code="NOT_A_PDF", message="a text", status=BookStatus.REFUSED)

    assert ledger.again([BookStatus.FAILED]) == 1

    book = ledger.book(first.id)
    assert (book.status, book.sent, book.job_id) == (BookStatus.WAITING, None, None)
    assert (book.attempts, book.earlier_jobs, book.error_code) == (2, (12,), None)
    assert ledger.again(FAILED) == 1
    assert ledger.book(second.id).earlier_jobs == ()


def test_books_and_ledger_can_be_moved_together(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    with opened(old / "l.ledger", create=True) as ledger:
        ledger.begin_run([wanted(old / "shelf")])
        ledger.done(only(ledger), [])
    shutil.move(old, new)

    with opened(new / "l.ledger") as ledger:
        ledger.begin_run([wanted(new / "shelf")])
        book = only(ledger)

    assert book.status is BookStatus.DONE
    assert book.file == new / "shelf" / "a.pdf"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_a_name_that_is_not_unicode_is_found_again(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"\xe9t\xe9.pdf")

    ledger.begin_run([wanted(tmp_path, file=file)])

    assert only(ledger).file == file


def test_a_ledger_is_one_server_s_and_one_account_s(ledger: Ledger) -> None:
    ledger.claim(server="http://a", user="me@x.org")
    ledger.claim(server="http://a", user="me@x.org")

    for server, user in (("http://b", "me@x.org"), ("http://a", "you@x.org")):
        with pytest.raises(UsageError, match=r"belongs to me@x\.org on http://a"):
            ledger.claim(server=server, user=user)


def test_a_file_that_is_not_a_ledger_is_reported_in_one_line(path: Path) -> None:
    path.write_text("path,words\n" * 200)
    with pytest.raises(UsageError, match="is not a ledger"):
        opened(path, create=True)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(UsageError, match="a database, but not a ledger"):
        opened(path, create=True)
    with pytest.raises(NotFoundError, match=r"ledger .* not found"):
        opened(path.with_name("none"))


def test_a_newer_ledger_is_left_alone(ledger: Ledger) -> None:
    ledger.close()
    with sqlite3.connect(ledger.path) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()

    with pytest.raises(UsageError, match="another version"):
        opened(ledger.path)


def test_a_damaged_ledger_is_reported_in_one_line(ledger: Ledger, tmp_path: Path) -> None:
    ledger.begin_run(wanted(tmp_path, str(n), line=n) for n in range(300))
    ledger.close()
    content = bytearray(ledger.path.read_bytes())
    content[4096:20480] = b"\xff" * 16384
    ledger.path.write_bytes(content)

    with pytest.raises(UsageError, match="is damaged"), opened(ledger.path) as broken:
        list(broken.books())


def test_a_file_that_was_only_begun_becomes_a_ledger(path: Path) -> None:
    path.touch()

    with opened(path, create=True) as ledger:
        assert ledger.counts() == {}


def test_a_missing_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FntError) as caught:
        opened(tmp_path / "none" / "l", create=True)
    assert "\n" not in caught.value.message

    with pytest.raises(UsageError, match="cannot be locked"), ledger_lock(tmp_path / "none" / "l"):
        pass


@pytest.mark.slow
def test_a_second_run_is_refused_until_the_first_is_gone(path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from fnt.flow.ledger import ledger_lock\n"
        "with ledger_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        with pytest.raises(TemporaryError, match="another run is using"), ledger_lock(path):
            pass
    finally:
        first.kill()
        first.communicate()

    with ledger_lock(path):
        pass


def test_copy_after_an_interrupted_transaction_ends(tmp_path: Path) -> None:
    """SQLite's backup waits forever for a transaction of its own connection."""

    def copy_when_interrupted(ledger: Ledger) -> None:
        with ledger.changing() as connection:
            connection.execute("INSERT INTO facts VALUES ('b', 'lost')")
            ledger.copy_to(tmp_path / "copy")
            raise KeyboardInterrupt

    def run() -> None:
        with Ledger.in_memory(now=lambda: MOMENT) as ledger:
            ledger.keep({"a": "kept"})
            with pytest.raises(KeyboardInterrupt):
                copy_when_interrupted(ledger)

    copying = threading.Thread(target=run, daemon=True)
    copying.start()
    copying.join(10)

    assert not copying.is_alive()
    with opened(tmp_path / "copy") as copy:
        assert (copy.meta("a"), copy.meta("b")) == ("kept", None)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE books DROP COLUMN stem",
        "UPDATE books SET settings = '['",
        "UPDATE books SET settings = '[]'",
        "UPDATE books SET targets = '7'",
        "UPDATE books SET earlier_jobs = '[\"a\"]'",
        "UPDATE books SET status = 'lost'",
        "UPDATE books SET job_id = 'seven'",
        "UPDATE books SET idempotency_key = 'k'",
        "UPDATE books SET path = CAST(x'ff' AS TEXT)",
    ],
)
def test_what_no_ledger_of_ours_holds_is_damage(path: Path, tmp_path: Path, change: str) -> None:
    with opened(path, create=True) as ledger:
        ledger.begin_run([wanted(tmp_path)])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
        connection.commit()

    with opened(path) as ledger, pytest.raises(UsageError, match=r"damaged|cannot be used"):
        list(ledger.books())
        ledger.counts()


def test_a_run_that_has_no_number_is_damage(path: Path, tmp_path: Path) -> None:
    with opened(path, create=True) as ledger:
        ledger.keep({"run": "first"})

        with pytest.raises(UsageError, match="damaged"):
            ledger.begin_run([wanted(tmp_path)])
