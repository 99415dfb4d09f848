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
from fnt_server.cli.sample import story_pdf
from pdfs import make_pdf
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
    home.environ |= {"PATH": os.pathsep.join(folders), "FNT_PACKAGE": "a.whl", "PAUSE_S": "0.2"}
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


def test_the_steps_on_github(checkout: ClientHome) -> None:
    summary = checkout.folder / "summary.md"
    checkout.environ |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}

    for script in github_steps():
        code, said = run(checkout, script, *BASH)
        assert code == 0, said

    steps = read_yaml(GITHUB)["jobs"]["sentences"]["steps"]
    assert_all_is_there(checkout, steps[-1]["with"]["path"].split())
    assert "exit code 0" in summary.read_text()


def test_the_script_on_gitlab(checkout: ClientHome) -> None:
    code, said = run(checkout, gitlab_script(), "sh", "-e")

    assert code == 0, said

    kept = read_yaml(GITLAB)["sentences"]["artifacts"]
    assert_all_is_there(checkout, [*kept["paths"], kept["reports"]["junit"]])


def test_a_broken_book_is_seen_before_anything_is_sent(checkout: ClientHome) -> None:
    (checkout.folder / "books" / "broken.pdf").write_bytes(b"a text")

    code, said = run(checkout, gitlab_script(), "sh", "-e")

    assert code == 6, said
    assert checkout.json("jobs", "list")["jobs"] == []


def test_some_books_that_come_to_nothing_end_the_step_at_once(checkout: ClientHome) -> None:
    (checkout.folder / "books" / "broken.pdf").write_bytes(b"a text")

    code, said = run(checkout, UPLOAD, *BASH)

    assert code == 6, said
    assert len(checkout.json("jobs", "list")["jobs"]) == 2
    assert (checkout.folder / "sentences" / "story.txt").exists()


def test_a_server_that_comes_back_is_tried_again(
    checkout: ClientHome, shared_server: ServerProcess
) -> None:
    with proxied(shared_server.port) as proxy:
        proxy.faults.refuse = True
        checkout.environ["FNT_SERVER"] = proxy.url
        process = shell(checkout, UPLOAD, *BASH)
        assert process.stderr
        seen = ""
        while not seen.startswith("error: "):
            seen = process.stderr.readline()
            assert seen, "it ended without an error"
        proxy.faults.refuse = False
        _, err = process.communicate(timeout=120)

    assert process.returncode == 0, err
    checkout.environ["FNT_SERVER"] = shared_server.url
    assert len(checkout.json("jobs", "list")["jobs"]) == 2


def test_a_server_that_stays_away_ends_with_5(checkout: ClientHome) -> None:
    with proxied(9) as proxy:
        proxy.faults.refuse = True
        checkout.environ["FNT_SERVER"] = proxy.url
        checkout.environ["PAUSE_S"] = "0"
        code, said = run(checkout, UPLOAD, *BASH)

    assert (code, said.count("error: ")) == (5, 3)
    events = read_events((checkout.folder / "events.jsonl").read_text())
    assert events[-1]["exit_code"] == 5
    assert Path(checkout.folder / "junit.xml").exists()
