"""What CI reads beside the output of real runs: events, JUnit, annotations, summary."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from pdfs import make_pdf
from schemas import read_events

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


@pytest.fixture
def home(shared_server: ServerProcess, make_client: MakeClient) -> ClientHome:
    home, _ = make_client(shared_server)
    (home.folder / "good.pdf").write_bytes(make_pdf())
    (home.folder / "not.pdf").write_bytes(b"a text")
    return home


def test_a_run_on_github_leaves_all_records(home: ClientHome) -> None:
    summary = home.folder / "summary.md"
    summary.write_text("before\n")
    home.environ |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}

    done = home.run("upload", "good.pdf", "not.pdf", "--watch",
                    "--events-file", "e.jsonl", "--junit", "r.xml")  # fmt: skip

    assert done.returncode == 6, done.stderr
    assert done.stdout == "good.txt\n"
    events = read_events((home.folder / "e.jsonl").read_text())
    assert events[-1]["exit_code"] == 6
    suite = ElementTree.parse(home.folder / "r.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("::")]
    assert line.startswith("::error file=not.pdf,title=NOT_A_PDF::")
    text = summary.read_text()
    assert text.startswith("before\n### fnt upload: exit code 6\n")
    assert "| good&#46;pdf |" in text


def test_no_annotations_writes_none(home: ClientHome) -> None:
    summary = home.folder / "summary.md"
    home.environ |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}

    done = home.run("upload", "not.pdf", "--detach", "--no-annotations")

    assert done.returncode == 10
    assert "::error" not in done.stderr
    assert not summary.exists()


@pytest.mark.parametrize("option", ["--events-file", "--junit"])
def test_a_record_that_cannot_be_written_is_refused_before_sending(
    home: ClientHome, option: str
) -> None:
    done = home.run("upload", "good.pdf", "--detach", option, "no/such/folder/f")

    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert home.json("jobs", "list")["jobs"] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("option", ["--events-file", "--junit"])
def test_a_full_disk_loses_the_record_and_nothing_else(home: ClientHome, option: str) -> None:
    done = home.run("upload", "good.pdf", "--watch", option, "/dev/full")

    assert done.returncode == 2
    assert done.stderr.count("No space left on device") == 1
    assert "Traceback" not in done.stderr
    assert (home.folder / "good.txt").exists()


def test_records_are_kept_where_nothing_could_be_done(home: ClientHome) -> None:
    home.environ["FNT_TOKEN"] = "fnt_nobody"

    done = home.run("watch", "1", "--events-file", "e.jsonl", "--junit", "r.xml", "--json")

    assert done.returncode == 4
    assert read_events((home.folder / "e.jsonl").read_text())[-1]["exit_code"] == 4
    assert ElementTree.parse(home.folder / "r.xml").getroot().find(".//error") is not None


def test_a_closed_stdout_still_ends_the_events(home: ClientHome) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fnt", "upload", "good.pdf", "--watch", "--events-file", "e.jsonl"],
        cwd=home.folder, env=home.environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    process.communicate(timeout=60)

    assert process.returncode == 141
    assert read_events((home.folder / "e.jsonl").read_text())[-1]["exit_code"] == 141


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("upload", "good.pdf", "--watch"), 0),
        (("upload", "good.pdf", "--watch", "--color", "always"), 0),
        (("upload", "not.pdf", "good.pdf", "--detach"), 6),
        (("watch", "999999"), 3),
        (("jobs", "list"), 0),
        (("doctor", "-o", "not.pdf"), 2),
        (("nonsense",), 2),
        (("--help",), 0),
        (("upload", "--help"), 0),
    ],
)
def test_forced_colour_in_a_pipe_moves_no_cursor(
    home: ClientHome, args: tuple[str, ...], code: int
) -> None:
    home.environ |= {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TTY_COMPATIBLE": "1"}
    home.environ.pop("NO_COLOR")

    done = home.run(*args)

    assert done.returncode == code, done.stderr
    said = done.stdout + done.stderr
    assert "\r" not in said
    assert re.sub(r"\x1b\[[\d;]*m", "", said).count("\x1b") == 0
