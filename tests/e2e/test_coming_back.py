"""Uploading, leaving, and coming back for the results, with real processes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

from e2e.harness import ClientHome, RestClient, ServerProcess, wait_for
from pdfs import make_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


def test_what_was_left_is_saved_later_in_its_folders(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    for folder in ("lib/a", "lib/b"):
        (home.folder / folder).mkdir(parents=True)
        (home.folder / folder / "one.pdf").write_bytes(make_pdf())
    (home.folder / "two.pdf").write_bytes(make_pdf())

    # Several processes at once: two that detach, and one that is killed.
    detached = [
        home.start("upload", "-r", "lib", "-o", "out", "--detach"),
        home.start("upload", "two.pdf", "--detach"),
    ]
    killed = home.start("upload", "two.pdf", "--words", "5", "--watch", "-o", "k", "--jsonl")
    assert killed.stdout
    while json.loads(killed.stdout.readline())["type"] != "job.progress":
        pass
    killed.send_signal(signal.SIGKILL)
    for process in (*detached, killed):
        process.communicate(timeout=60)

    def have_ended() -> bool:
        jobs = rest.get("/jobs").json()["jobs"]
        return {job["status"] for job in jobs} == {"completed"}

    wait_for(have_ended, within_s=60, what="all jobs end")
    told = home.run("watch", "--all")
    saved = home.run_ok("download", "--unsaved")
    again = home.run("watch", "--all", "--unsaved")

    assert "to save them too, add --unsaved" in told.stderr
    expected = {"out/a/one.txt", "out/b/one.txt", "two.txt"}
    assert expected <= set(saved.split()) <= expected | {"k/two.txt"}
    assert all((home.folder / name).is_file() for name in expected)
    assert (again.returncode, again.stdout) == (0, "")


def test_a_token_and_a_login_of_one_account_share_the_memory(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    _, other = make_client(shared_server)
    (home.folder / "two.pdf").write_bytes(make_pdf())
    by_login = dict(home.environ)

    home.environ["FNT_TOKEN"] = rest.token
    home.run_ok("upload", "two.pdf", "--detach")
    home.environ["FNT_TOKEN"] = other.token
    assert "no unsaved jobs" in home.run("watch", "--unsaved").stderr
    home.environ = by_login

    assert home.run_ok("watch", "--unsaved") == "two.txt\n"
