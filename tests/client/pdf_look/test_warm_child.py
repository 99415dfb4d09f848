"""The child process that looks at many PDFs, each in a fork with the limits of a look."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from client.flow.inputs.test_preflight import CURIOUS_PYPDF, PATIENT_S
from e2e.harness import wait_for
from fnt.flow.inputs.preflight import Preflight, inspect_pdf
from fnt.pdf_look import child_process
from fnt.pdf_look.warm_child import WarmChild
from pdfs import make_encrypted_pdf, make_pdf, make_scan_pdf

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing can be forked")

BOOKS = [
    make_pdf(pages=7), make_scan_pdf(), make_encrypted_pdf(), b"%PDF-1.7 nothing more", make_pdf(),
]  # fmt: skip
HANGS = """
import time

class PdfReader:
    def __init__(self, file):
        time.sleep(60)
"""

HOLDS_THE_INTERPRETER = """
import re

class PdfReader:
    def __init__(self, file):
        re.match("(a+)+$", "a" * 60 + "b")
"""


@pytest.fixture(autouse=True)
def look_once() -> None:
    """Do not spare the process, which is what is tested here."""


@pytest.fixture
def child() -> Iterator[WarmChild]:
    with WarmChild() as started:
        yield started


@pytest.fixture
def fake_pypdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def install(code: str) -> None:
        folder = tmp_path / "base" / "pypdf"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(folder.parent))

    return install


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are started from now on."""
    pids: list[int] = []

    def start_child(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        process = original(*args, **options)
        pids.append(process.pid)
        return process

    original = child_process.start_child
    monkeypatch.setattr(child_process, "start_child", start_child)
    return pids


def look(child: WarmChild, folder: Path, content: bytes, **options: Any) -> Preflight:
    path = folder / "book.pdf"
    path.write_bytes(content)
    return inspect_pdf(path, ask=child.ask, **{"timeout_s": PATIENT_S, **options})


def test_one_process_finds_in_each_file_what_one_of_its_own_finds(
    tmp_path: Path, started: list[int]
) -> None:
    alone = WarmChild()

    with WarmChild() as child:
        found = [look(child, tmp_path, book) for book in BOOKS]

    assert len(started) == 1
    assert found == [look(alone, tmp_path, book) for book in BOOKS]
    assert len(started) == 1 + len(BOOKS)


def test_a_look_has_no_secret_and_hard_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_pypdf: Callable[[str], None]
) -> None:
    fake_pypdf(CURIOUS_PYPDF.replace("FILE", repr(str(tmp_path / "written"))))
    monkeypatch.setenv("FNT_TOKEN", "secret")

    with WarmChild() as child:
        assert look(child, tmp_path, make_pdf()).page_count == 1


def test_without_pypdf_nothing_is_checked(
    tmp_path: Path, fake_pypdf: Callable[[str], None]
) -> None:
    fake_pypdf("raise ImportError('none here')")

    with WarmChild() as child:
        assert look(child, tmp_path, make_pdf()).not_checked == "pypdf is not installed"


def test_a_look_that_hangs_ends_in_time_and_spares_the_next(
    tmp_path: Path, fake_pypdf: Callable[[str], None]
) -> None:
    fake_pypdf(HANGS)

    with WarmChild() as child:
        assert (
            look(child, tmp_path, make_pdf(), timeout_s=0.5).not_checked == "no answer within 0.5 s"
        )
        assert look(child, tmp_path, b"", timeout_s=0.5).problem
        stopped = threading.Event()
        threading.Timer(0.3, stopped.set).start()
        begun_at = time.monotonic()
        assert look(child, tmp_path, make_pdf(), stopped=stopped).not_checked
        assert time.monotonic() - begun_at < PATIENT_S / 2


@pytest.mark.slow
def test_no_look_outlives_the_run(
    tmp_path: Path, fake_pypdf: Callable[[str], None], started: list[int]
) -> None:
    fake_pypdf(HOLDS_THE_INTERPRETER)
    with WarmChild() as child:
        assert look(child, tmp_path, make_pdf(), timeout_s=2).not_checked

    def is_gone() -> bool:
        with suppress(ProcessLookupError):
            os.killpg(started[0], 0)
            return False
        return True

    wait_for(is_gone, within_s=3, what="the end of all looks")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only /proc names children")
def test_a_look_that_is_given_up_ends_at_once(
    tmp_path: Path, fake_pypdf: Callable[[str], None], started: list[int]
) -> None:
    fake_pypdf(HOLDS_THE_INTERPRETER)
    with WarmChild() as child:
        assert look(child, tmp_path, make_pdf(), timeout_s=1).not_checked
        children = Path(f"/proc/{started[0]}/task/{started[0]}/children")
        wait_for(lambda: not children.read_text(), within_s=3, what="the end of the look")


def test_where_the_process_has_died_each_file_has_its_own(
    tmp_path: Path, child: WarmChild, started: list[int]
) -> None:
    child.close()

    assert look(child, tmp_path, make_pdf(pages=2)).page_count == 2
    assert len(started) == 1


def test_a_process_that_is_killed_fails_no_file_but_the_one_it_looks_at(
    tmp_path: Path, started: list[int]
) -> None:
    with WarmChild() as child:
        look(child, tmp_path, make_pdf())
        os.kill(started[0], signal.SIGKILL)
        found = [look(child, tmp_path, make_pdf()) for _ in range(3)]

    assert found[-1].page_count == 1


def test_a_look_begun_ahead_answers_for_the_same_content_only(
    tmp_path: Path, child: WarmChild, started: list[int]
) -> None:
    for name, pages in (("same", 3), ("changed", 4)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(make_pdf(pages=pages))
        child.look_ahead(str(path))
    (tmp_path / "changed.pdf").write_bytes(make_pdf(pages=5))
    for answer in child._ahead.values():
        assert select.select([answer], [], [], PATIENT_S)[0]
    assert child._process
    os.kill(child._process.pid, signal.SIGKILL)  # who is not asked yet is asked in vain
    child._process.wait()

    assert inspect_pdf(tmp_path / "same.pdf", ask=child.ask).page_count == 3
    assert started == []
    assert inspect_pdf(tmp_path / "changed.pdf", ask=child.ask).page_count == 5
    assert len(started) == 1


def test_what_is_no_file_is_not_looked_at_ahead(tmp_path: Path, child: WarmChild) -> None:
    pipe = tmp_path / "pipe.pdf"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: os.close(os.open(pipe, os.O_WRONLY)), daemon=True)
    writer.start()

    for name in ("pipe.pdf", "missing.pdf", ""):
        child.look_ahead(str(tmp_path / name))

    assert child._ahead == {}
    writer.join(0.2)
    assert writer.is_alive()  # or what it has to say would be lost
    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
    writer.join()


@pytest.mark.slow
def test_processes_end_with_the_one_they_work_for(
    tmp_path: Path, fake_pypdf: Callable[[str], None]
) -> None:
    fake_pypdf(HANGS)
    code = (
        "import os, sys, threading\n"
        "from fnt.pdf_look.warm_child import WarmChild\n"
        "child = WarmChild()\n"
        "child.start()\n"
        "file = open(sys.argv[1], 'rb')\n"
        "options = {'timeout_s': 60, 'stopped': threading.Event()}\n"
        "waiting = threading.Thread(target=child.ask, args=(file,), kwargs=options)\n"
        "waiting.daemon = True\n"
        "waiting.start()\n"
        "waiting.join(1)\n"
        "print(child._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    (tmp_path / "book.pdf").write_bytes(make_pdf())
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "book.pdf")],
        stdout=subprocess.PIPE,
        check=False,
    )

    group = int(done.stdout)
    ends = time.monotonic() + PATIENT_S
    while time.monotonic() < ends and _has_members(group):
        time.sleep(0.05)
    assert not _has_members(group)


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
