"""Preflight checks: only definite problems are refused, and nothing hangs."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

import pytest

from fnt.errors import NotFoundError, UsageError
from fnt.flow.inputs.preflight import USUAL_BYTES, Preflight, Problem, inspect_pdf
from fnt.pdf_look import child_process
from fnt.pdf_look.look import limit_resources
from pdfs import make_encrypted_pdf, make_pdf, make_scan_pdf, write_large_pdf

PATIENT_S = 30.0


def look(tmp_path, content, **options):
    path = tmp_path / "book.pdf"
    path.write_bytes(content)
    return inspect_pdf(path, timeout_s=options.pop("timeout_s", PATIENT_S), **options)


def test_preflight_of_a_good_file(tmp_path):
    content = make_pdf(pages=7)

    assert look(tmp_path, content) == Preflight(size_bytes=len(content), page_count=7)


@pytest.mark.parametrize("content", [b"", b"%", b"hello", b"x" * 1020 + b"%PDF-1.7"])
def test_preflight_not_a_pdf_is_certain(tmp_path, content):
    problem = look(tmp_path, content).problem

    assert (problem.code, problem.certain) == ("NOT_A_PDF", True)


def test_preflight_junk_before_the_header_is_a_pdf(tmp_path):
    assert look(tmp_path, b"junk\n" + make_pdf()).problem is None


def test_preflight_too_large_is_certain(tmp_path):
    problem = look(tmp_path, make_pdf(), max_bytes=100).problem

    assert (problem.code, problem.certain) == ("FILE_TOO_LARGE", True)


def test_preflight_leaves_to_the_server_what_a_server_may_take(tmp_path):
    path = write_large_pdf(tmp_path / "a.pdf", size_bytes=USUAL_BYTES + 1_000_000)

    look = inspect_pdf(path, timeout_s=PATIENT_S)

    assert look.page_count == 1
    assert (look.problem.code, look.problem.certain) == ("FILE_TOO_LARGE", False)


def test_preflight_password_is_certain(tmp_path):
    problem = look(tmp_path, make_encrypted_pdf()).problem

    assert (problem.code, problem.certain) == ("PDF_ENCRYPTED", True)


def test_preflight_empty_password_opens(tmp_path):
    found = look(tmp_path, make_encrypted_pdf(user_password=""))

    assert (found.page_count, found.problem) == (1, None)


def test_preflight_scan_is_only_a_warning(tmp_path):
    problem = look(tmp_path, make_scan_pdf()).problem

    assert (problem.code, problem.certain) == ("PDF_NO_TEXT", False)


def test_preflight_damage_is_left_to_the_server(tmp_path):
    found = look(tmp_path, b"%PDF-1.7 nothing more")

    assert found.problem == Problem(
        code="PDF_DAMAGED", message="the PDF appears to be damaged", certain=False
    )


def test_preflight_timeout_counts_as_not_checked(tmp_path):
    found = look(tmp_path, make_encrypted_pdf(), timeout_s=0.001)

    assert (found.problem, found.not_checked) == (None, "no answer within 0.001 s")


CURIOUS_PYPDF = """
import os, resource

class Page:
    def extract_text(self):
        return "text"

def tries():
    yield lambda: os.environ["FNT_TOKEN"]
    yield lambda: os.write(os.open(FILE, os.O_CREAT | os.O_WRONLY), b"x")
    yield lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
    yield lambda: resource.setrlimit(resource.RLIMIT_CPU, (3600, 3600)) if os.getuid() else 1 / 0

class PdfReader:
    is_encrypted = False

    def __init__(self, file):
        self.pages = [Page()]
        for attempt in tries():
            try:
                attempt()
                self.pages.append(Page())
            except Exception:
                pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_preflight_child_has_no_secret_and_hard_limits(tmp_path, monkeypatch):
    """A fake pypdf in the user's site-packages adds a page for everything it is allowed to do."""
    base = tmp_path / "base"
    monkeypatch.setenv("PYTHONPATH", str(base))
    monkeypatch.setenv("FNT_TOKEN", "secret")
    (base / "pypdf").mkdir(parents=True)
    code = CURIOUS_PYPDF.replace("FILE", repr(str(tmp_path / "written")))
    (base / "pypdf" / "__init__.py").write_text(code)

    assert look(tmp_path, make_pdf()).page_count == 1


USER_SITE = """
import sys, pathlib
with open(pathlib.Path(__file__).with_name("seen"), "a") as seen:
    print(sys.orig_argv, file=seen)
"""


@pytest.mark.slow
def test_preflight_child_looks_into_the_users_site(tmp_path):
    """The user's site-packages, which a virtual environment ignores by default."""
    folder = tmp_path / "environment"
    venv.create(folder, system_site_packages=True, symlinks=True)
    (python,) = (path for path in folder.glob("*/*") if path.stem == "python")
    own = site.getsitepackages()[0]
    (inner,) = folder.glob("[Ll]ib/**/site-packages")
    (inner / "own.pth").write_text(f"import site; site.addsitedir({own!r})\n")
    (tmp_path / "book.pdf").write_bytes(make_pdf())
    environ = os.environ | {"PYTHONUSERBASE": str(tmp_path / "user")}
    ask = [str(python), "-c", "import site; print(site.getusersitepackages())"]
    user_site = Path(subprocess.check_output(ask, env=environ, text=True).strip())
    user_site.mkdir(parents=True)
    (user_site / "usercustomize.py").write_text(USER_SITE)

    code = (
        "import sys; from pathlib import Path; from fnt.flow.inputs.preflight import inspect_pdf\n"
        f"print(inspect_pdf(Path(sys.argv[1]), timeout_s={PATIENT_S}).page_count)"
    )
    found = subprocess.check_output(
        [str(python), "-c", code, str(tmp_path / "book.pdf")], env=environ, text=True
    )

    assert found == "1\n"
    assert "fnt.pdf_look.look'" in (user_site / "seen").read_text()


def test_preflight_without_pypdf_is_not_checked(tmp_path, monkeypatch):
    (tmp_path / "pypdf.py").write_text("raise ImportError('none here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert look(tmp_path, make_pdf()).not_checked == "pypdf is not installed"


def test_preflight_works_without_memory_limits(monkeypatch):
    resource = pytest.importorskip("resource")

    def refuse(*_):
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)

    limit_resources()


def test_preflight_missing_file(tmp_path):
    with pytest.raises(NotFoundError, match=r"file .* not found"):
        inspect_pdf(tmp_path / "none.pdf")


def test_preflight_folder_is_not_a_file(tmp_path):
    with pytest.raises(UsageError, match="not a file"):
        inspect_pdf(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
def test_preflight_named_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UsageError, match="not a file"):
        inspect_pdf(tmp_path / "pipe")


def test_preflight_is_stopped_at_once(tmp_path, monkeypatch):
    """Ctrl-C does not wait for a child process that loops."""
    path = tmp_path / "novel.pdf"
    path.write_bytes(make_pdf())
    monkeypatch.setattr(child_process.sys, "executable", str(tmp_path / "slow"))
    (tmp_path / "slow").write_text("#!/bin/sh\nexec sleep 30\n")
    (tmp_path / "slow").chmod(0o755)
    stopped = threading.Event()
    threading.Timer(0.3, stopped.set).start()
    begun_at = time.monotonic()

    found = inspect_pdf(path, stopped=stopped)

    assert found.not_checked is not None
    assert time.monotonic() - begun_at < 8.0  # of the 10 s it may take
