"""The shell steps of the example pipelines do what they say, against a real server."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ci_files import GITHUB, GITLAB, github_steps, gitlab_script, read_yaml
from e2e.harness import ClientHome, RestClient, ServerProcess
from e2e.proxy import proxied
from fnt.errors import ExitCode
from fnt_server.cli.sample import story_pdf
from pdfs import make_encrypted_pdf, make_pdf, make_scan_pdf
from schemas import read_events

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
UPLOAD = github_steps()[-1]


@pytest.fixture
def checkout(shared_server: ServerProcess, make_client: MakeClient) -> ClientHome:
    """A folder with books, `fnt` on the PATH, and a pip that installs nothing."""
    shared_server.wait_until_well()
    home, rest = make_client(shared_server)
    home.environ["FNT_TOKEN"] = rest.token
    (home.folder / "books").mkdir()
    (home.folder / "books" / "story.pdf").write_bytes(story_pdf().read_bytes())
    (home.folder / "books" / "a page.pdf").write_bytes(make_pdf())
    pip = home.folder / "bin" / "pip"
    pip.parent.mkdir()
    pip.write_text('#!/bin/sh\ntest "$*" = "install a.whl"\n')
    pip.chmod(0o755)
    folders = (str(pip.parent), sysconfig.get_path("scripts"), os.environ["PATH"])
    home.environ |= {"PATH": os.pathsep.join(folders), "FNT_PACKAGE": "a.whl"}
    return home


def shell(home: ClientHome, script: str, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, "-c", script],
        cwd=home.folder, env=home.environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(home: ClientHome, script: str, *command: str) -> tuple[int, str]:
    process = shell(home, script, *command)
    out, err = process.communicate(timeout=120)
    return process.returncode, out + err


BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")  # as GitHub's runner calls it


def assert_all_is_there(home: ClientHome, artifacts: list[str]) -> None:
    assert all((home.folder / name).exists() for name in artifacts), artifacts
    assert sorted(path.name for path in (home.folder / "sentences").iterdir()) == [
        "a page.csv", "a page.txt", "story.csv", "story.txt",
    ]  # fmt: skip
    assert read_events((home.folder / "events.jsonl").read_text())[-1]["exit_code"] == 0
    suite = ElementTree.parse(home.folder / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")


@pytest.mark.faults
def test_the_steps_on_github(checkout: ClientHome) -> None:
    summary = checkout.folder / "summary.md"
    checkout.environ |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}

    for script in github_steps():
        code, said = run(checkout, script, *BASH)
        assert code == 0, said

    steps = read_yaml(GITHUB)["jobs"]["sentences"]["steps"]
    assert_all_is_there(checkout, steps[-1]["with"]["path"].split())
    assert "exit code 0" in summary.read_text()


@pytest.mark.faults
def test_the_script_on_gitlab(checkout: ClientHome) -> None:
    code, said = run(checkout, gitlab_script(), "sh", "-e")

    assert code == 0, said

    kept = read_yaml(GITLAB)["sentences"]["artifacts"]
    assert_all_is_there(checkout, [*kept["paths"], kept["reports"]["junit"]])


def add_bad_books(home: ClientHome) -> list[str]:
    """Add files of every kind that comes to nothing; return those that are books."""
    books = home.folder / "books"
    (books / "broken.pdf").write_bytes(b"a text")
    (books / "empty.pdf").write_bytes(b"")
    (books / "locked.pdf").write_bytes(make_encrypted_pdf())
    (books / "scan.pdf").write_bytes(make_scan_pdf())
    (books / "cut.pdf").write_bytes(make_pdf()[:300])
    (books / "gone.pdf").symlink_to("nowhere.pdf")
    (books / "folder.pdf").mkdir()
    return ["broken", "empty", "locked", "scan", "cut"]


@pytest.mark.parametrize(
    ("script", "shell"),
    [("\n".join(github_steps()), BASH), (gitlab_script(), ("sh", "-e"))],
    ids=["github", "gitlab"],
)
def test_bad_books_do_not_stop_the_others(
    checkout: ClientHome, script: str, shell: tuple[str, ...]
) -> None:
    bad = add_bad_books(checkout)

    code, said = run(checkout, script, *shell)

    assert code == 6, said
    assert sorted(path.name for path in (checkout.folder / "sentences").iterdir()) == [
        "a page.csv", "a page.txt", "story.csv", "story.txt",
    ]  # fmt: skip
    cases = ElementTree.parse(checkout.folder / "junit.xml").getroot().iter("testcase")
    failed = {str(case.get("name")) for case in cases if case.find("failure") is not None}
    assert failed == {f"books/{name}.pdf" for name in bad}


def test_the_report_is_published_whatever_the_upload_ends_with() -> None:
    *_, publish, keep = read_yaml(GITHUB)["jobs"]["sentences"]["steps"]
    gitlab = read_yaml(GITLAB)["sentences"]

    assert publish["with"]["files"] == "junit.xml"
    assert publish["if"].startswith("${{ !cancelled()")
    assert (keep["if"], gitlab["artifacts"]["when"]) == ("always()", "always")
    assert gitlab["artifacts"]["reports"] == {"junit": "junit.xml"}
    assert gitlab["allow_failure"] == {"exit_codes": [ExitCode.PARTIAL]}
    assert gitlab["retry"]["exit_codes"] == [ExitCode.TEMPORARY]


def test_only_bad_books_end_with_10(checkout: ClientHome) -> None:
    (checkout.folder / "books" / "story.pdf").unlink()
    (checkout.folder / "books" / "a page.pdf").write_bytes(b"a text")

    code, said = run(checkout, UPLOAD, *BASH)

    assert code == ExitCode.REFUSED, said
    assert (checkout.folder / "junit.xml").exists()


@pytest.mark.faults
def test_a_server_that_comes_back_is_tried_again(
    checkout: ClientHome, shared_server: ServerProcess
) -> None:
    with proxied(shared_server.port) as proxy:
        proxy.faults.refuse = True
        checkout.environ["FNT_SERVER"] = proxy.url
        process = shell(checkout, UPLOAD, *BASH)
        assert process.stderr
        seen = ""
        while "giving up in" not in seen:
            seen = process.stderr.readline()
            assert seen, "it ended"
        proxy.faults.refuse = False
        _, err = process.communicate(timeout=120)

    assert process.returncode == 0, err
    checkout.environ["FNT_SERVER"] = shared_server.url
    assert len(checkout.json("jobs", "list")["jobs"]) == 2


@pytest.mark.faults
def test_a_server_that_stays_away_ends_with_5(checkout: ClientHome) -> None:
    with proxied(9) as proxy:
        proxy.faults.refuse = True
        checkout.environ["FNT_SERVER"] = proxy.url
        code, said = run(checkout, UPLOAD.replace("--give-up 5m", "--give-up 1s"), *BASH)

    assert (code, said.count("error: ")) == (5, 1)
    events = read_events((checkout.folder / "events.jsonl").read_text())
    assert events[-1]["exit_code"] == 5
    assert Path(checkout.folder / "junit.xml").exists()
