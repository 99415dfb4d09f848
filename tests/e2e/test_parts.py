"""A part of a book is the same whether it is asked for before or after processing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from fnt_server.cli.sample import story_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


@pytest.mark.parametrize("part", [("--chapter", "2"), ("--pages", "3-5,9")])
def test_a_part_of_a_book(
    part: tuple[str, str], shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)
    [entry] = home.json("upload", str(story_pdf()), "--watch", "-o", "whole.txt")["jobs"]
    home.run_ok("upload", str(story_pdf()), "--watch", "-o", "part.txt", *part)

    home.run_ok("download", str(entry["job"]["id"]), "-o", "downloaded.txt", *part)

    downloaded = (home.folder / "downloaded.txt").read_text(encoding="utf-8")
    assert (home.folder / "part.txt").read_text(encoding="utf-8") == downloaded
    whole = (home.folder / "whole.txt").read_text(encoding="utf-8")
    assert 0 < len(downloaded) < len(whole)
    assert set(downloaded.splitlines()) <= set(whole.splitlines())


def test_a_chapter_that_is_not_there(shared_server: ServerProcess, make_client: MakeClient) -> None:
    home, _ = make_client(shared_server)

    ended = home.run("upload", str(story_pdf()), "--watch", "--chapter", "99")

    assert ended.returncode == 7
    assert "the book has no chapter 99: it has" in ended.stderr
