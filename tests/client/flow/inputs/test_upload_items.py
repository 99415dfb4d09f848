"""Files are yielded as they are checked, and refused for definite problems."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness import wait_for
from fnt.flow.inputs import upload_items
from fnt.flow.inputs.discovery import find_files
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.inputs.wanted_files import wanted_files
from fnt.flow.ledger import BookStatus, Ledger
from fnt.flow.results.output_plan import OutputPlan
from fnt.progress import Refused
from fnt.session import UploadItem
from fnt.wire.jobs import ProcessingSettings
from pdfs import make_encrypted_pdf, make_pdf
from world import Clock

said: list[tuple[str, str]] = []


def warn(name: str, words: str) -> None:
    said.append((name, words))


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.chdir(tmp_path)
    said.clear()
    with Ledger.in_memory(now=Clock().now) as ledger:
        yield ledger


def preparing(ledger: Ledger, folder: Path) -> Preparer:
    found = find_files([folder], recursive=True)
    ledger.begin_run(wanted_files(found, ProcessingSettings()))
    keys = iter(range(1000))
    return Preparer(
        ledger,
        OutputPlan(folder=folder, formats=()),
        new_key=lambda: f"key-{next(keys)}",
    )


def test_the_first_of_many_is_handed_out_before_the_last_was_looked_at(
    ledger: Ledger, tmp_path: Path
) -> None:
    for number in range(63):
        (tmp_path / f"{number}.pdf").write_bytes(make_pdf())
    preparer = preparing(ledger, tmp_path)

    first = next(preparer.items(ledger.books(), warn=warn))
    preparer.close()

    assert isinstance(first, UploadItem)
    assert ledger.counts()[BookStatus.WAITING] >= 63 - upload_items.AHEAD


def test_checks_that_the_end_of_a_run_cuts_short_are_no_news(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C reached the checks before the run, which then warned of each."""
    stub = "import os, time\nos.mkdir(f'{os.getpid()} {os.getpgrp()}')\ntime.sleep(60)\n"
    (tmp_path / "pypdf.py").write_text(stub)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    preparer = preparing(ledger, tmp_path)
    checking = threading.Thread(target=lambda: list(preparer.items(ledger.books(), warn=warn)))
    checking.start()
    begun = wait_for(lambda: list(tmp_path.glob("* *")), within_s=20, what="the check has begun")

    preparer.stop()
    checking.join(timeout=20)

    process, group = begun[0].name.split()
    assert process == group
    assert said == []


def test_a_file_is_hashed_once(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    preparer = preparing(ledger, tmp_path)

    (item,) = preparer.items(ledger.books(), warn=warn)
    preparer.close()

    assert isinstance(item, UploadItem)
    assert (len(item.sha256 or ""), item.size_bytes) == (64, (tmp_path / "a.pdf").stat().st_size)


def test_a_locked_file_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_encrypted_pdf())
    preparer = preparing(ledger, tmp_path)

    (item,) = preparer.items(ledger.books(), warn=warn)
    preparer.close()

    assert isinstance(item, Refused)
    assert item.code == "PDF_ENCRYPTED"


def test_an_unchecked_file_is_sent_with_a_warning(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    look = upload_items.inspect_pdf
    monkeypatch.setattr(
        upload_items, "inspect_pdf", lambda path, **parts: look(path, timeout_s=0.001, **parts)
    )
    preparer = preparing(ledger, tmp_path)

    (item,) = preparer.items(ledger.books(), warn=warn)
    preparer.close()

    assert isinstance(item, UploadItem)
    ((name, words),) = said
    assert name.endswith("a.pdf")
    assert words == "not checked: no answer within 0.001 s"
