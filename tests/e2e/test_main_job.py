"""The main job as its users run it: log in, upload, watch, take the sentences home."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import socketio
from socketio.exceptions import ConnectionError as Refused

from corpus import CORPUS, needs_corpus
from e2e import programs
from e2e.harness import PASSWORD, ClientHome, RestClient, ServerProcess, wait_for
from e2e.proxy import proxied
from fnt_server.cli.sample import story_pdf
from pdfs import make_encrypted_pdf, make_pdf, write_large_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
MANY = 6


def test_upload_watched_in_a_pipe_saves_the_sentences(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)

    done = home.run("upload", str(story_pdf()), "--watch", "-o", "out")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "out/story.txt\n"
    lines = (home.folder / "out/story.txt").read_text().splitlines()
    assert lines[0] == "Chapitre premier."
    assert len(lines) > 500
    assert "\r" not in done.stderr
    assert "\x1b" not in done.stderr
    assert "completed" in done.stderr


def test_upload_elsewhere_than_on_a_terminal_detaches(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    (home.folder / "novel.pdf").write_bytes(make_pdf())

    job_id = int(home.run_ok("upload", "novel.pdf"))
    watched = home.run("watch", str(job_id), "-o", "out", "-f", "jsonl")

    assert watched.returncode == 0, watched.stderr
    job = rest.job(job_id)
    assert job["status"] == "completed"
    assert job["quality"]["pieces"] == job["sentence_count"]
    first = json.loads((home.folder / "out/novel.jsonl").read_text().splitlines()[0])
    place = {"source", "page", "chapter", "paragraph", "continues"}
    assert set(first) == {"text", "words", "engine", "kind", *place}


def test_whole_life_of_a_login(shared_server: ServerProcess, tmp_path: Path) -> None:
    added = programs.run(
        "fnt_server", "user", "add", "life@example.org",
        "--password-stdin", "--data-dir", str(shared_server.data_dir),
        stdin=PASSWORD + "\n", env=shared_server.environ, timeout_s=60,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    home = ClientHome(tmp_path / "life", shared_server.url)

    assert home.run("whoami").returncode == 4
    assert home.run("login", "--email", "life@example.org", "--password-stdin",
                    "--insecure-storage", stdin="wrong password\n").returncode == 4  # fmt: skip
    without_keyring = home.run(
        "login", "--email", "life@example.org", "--password-stdin", stdin=PASSWORD + "\n"
    )
    assert without_keyring.returncode == 2
    assert "--insecure-storage" in without_keyring.stderr
    home.run_ok("login", "--email", "life@example.org", "--password-stdin",
                "--insecure-storage", stdin=PASSWORD + "\n")  # fmt: skip
    kept = [path for path in (home.folder / "config").rglob("*.json") if path.is_file()]
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600]
    assert "life@example.org" in home.run_ok("whoami")
    weak = home.run("passwd", "--password-stdin", stdin=f"{PASSWORD}\nqwertyuiop\n")
    assert weak.returncode == 2
    assert "at least 10 characters" in weak.stderr
    wrong = home.run("passwd", "--password-stdin", stdin="wrong\nbattery of horses\n")
    assert wrong.returncode == 4
    home.run_ok("passwd", "--password-stdin", stdin=f"{PASSWORD}\nbattery of horses\n")
    assert "life@example.org" in home.run_ok("whoami")
    home.run_ok("logout")
    assert home.run("jobs", "list").returncode == 4


def test_personal_token_needs_no_login(
    shared_server: ServerProcess, make_client: MakeClient, tmp_path: Path
) -> None:
    shared_server.add_user("robot@example.org")
    made = programs.run(
        "fnt_server", "user", "token", "robot@example.org",
        "--data-dir", str(shared_server.data_dir), env=shared_server.environ, timeout_s=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    robot = ClientHome(tmp_path / "robot", shared_server.url)
    robot.environ["FNT_TOKEN"] = made.stdout.strip()
    (robot.folder / "novel.pdf").write_bytes(make_pdf())

    done = robot.run("upload", "novel.pdf", "--watch")

    assert done.returncode == 0, done.stderr
    assert (robot.folder / "novel.txt").exists()


def test_jobs_can_be_listed_shown_retried_and_removed(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    failed = rest.submit(b"%PDF-1.4 nothing", name="broken.pdf")
    rest.wait_until(failed, lambda job: job["status"] == "failed")

    shown = home.run("jobs", "show", str(failed))
    retried = int(home.run_ok("jobs", "retry", str(failed)))
    rest.wait_until(retried, lambda job: job["status"] == "failed")
    listed = home.json("jobs", "list")["jobs"]
    home.run_ok("jobs", "rm", str(failed), "--yes")

    assert "PDF_DAMAGED" in shown.stdout
    assert [entry["job"]["id"] for entry in listed] == [retried, failed]
    assert listed[0]["job"]["retry_of"] == failed
    assert home.run("jobs", "show", str(failed)).returncode == 3


def test_watching_a_failed_job_ends_with_its_reason(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    failed = rest.submit(make_pdf(text=" "), name="empty.pdf")

    done = home.run("watch", str(failed))

    assert done.returncode == 7
    assert "PDF_NO_TEXT" in done.stderr
    assert "ocrmypdf" in done.stderr


def test_input_that_is_certainly_wrong_is_never_sent(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    (home.folder / "notes.pdf").write_text("only notes")
    (home.folder / "locked.pdf").write_bytes(make_encrypted_pdf())

    done = home.run("upload", "notes.pdf", "locked.pdf")

    assert done.returncode == 10
    assert "password" in done.stderr
    assert rest.get("/jobs").json()["jobs"] == []


def test_a_file_too_large_for_the_server_is_refused_before_it_is_sent(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    write_large_pdf(home.folder / "large.pdf", size_bytes=54_000_000)
    with proxied(shared_server.port) as proxy:
        through = home.at(proxy.url)
        through.environ["FNT_TOKEN"] = rest.token
        done = through.run("upload", "large.pdf", "--detach", "--json")

    assert done.returncode == 10, done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "FILE_TOO_LARGE"
    assert proxy.bytes_up < 100_000
    assert rest.get("/jobs").json()["jobs"] == []


def test_result_bytes_are_the_same_for_the_same_book(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    _, rest = make_client(shared_server)
    content = story_pdf().read_bytes()

    jobs = [rest.submit(content, name="novel.pdf") for _ in range(2)]
    for job in jobs:
        rest.wait_until(job, lambda job: job["status"] == "completed")

    first, second = (rest.get(f"/jobs/{job}/result?format=json").content for job in jobs)
    assert first == second


def test_healthy_watch_asks_for_no_status(
    make_server: Callable[..., ServerProcess], make_client: MakeClient
) -> None:
    """Progress is pushed: the server's access log has no request for the job's state."""
    server = make_server(FNT_PACE_MS="1500")
    home, _ = make_client(server)

    done = home.run("upload", str(story_pdf()), "--watch", "--no-save")

    assert done.returncode == 0, done.stderr
    asked = [
        line for line in server.access_log() if re.match(r"GET /api/v1/jobs(/\d+)?(\?|$)", line)
    ]
    assert asked == []
    assert "POST /api/v1/process-pdf" in server.access_log()


def test_two_users_with_many_uploads_at_once_see_only_their_own(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    clients = [make_client(shared_server) for _ in range(2)]
    for home, _ in clients:
        for number in range(MANY):
            (home.folder / f"book{number}.pdf").write_bytes(make_pdf(pages=1 + number % 3))

    running = [
        home.start(
            "upload", *(f"book{n}.pdf" for n in range(MANY)), "--watch", "-o", "out", "--json"
        )
        for home, _ in clients
    ]
    documents = []
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        documents.append(json.loads(out))

    ids = [{entry["job"]["id"] for entry in document["jobs"]} for document in documents]
    assert [len(found) for found in ids] == [MANY, MANY]
    assert not ids[0] & ids[1]
    for (home, rest), own in zip(clients, ids, strict=True):
        assert {job["id"] for job in rest.get("/jobs").json()["jobs"]} == own
        assert len(list((home.folder / "out").glob("*.txt"))) == MANY


def test_anothers_job_is_as_one_that_does_not_exist(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    (_, owner), (stranger, rest) = make_client(shared_server), make_client(shared_server)
    theirs = owner.submit(make_pdf())

    def body(path: str, verb: str = "get") -> tuple[int, dict[str, str]]:
        answer = getattr(rest, verb)(path)
        content = answer.json()
        content.pop("request_id")
        return answer.status_code, content

    for path, verb in [
        ("", "get"), ("/chunks", "get"), ("/result", "get"), ("/cancel", "post"),
        ("/retry", "post"), ("", "delete"),
    ]:  # fmt: skip
        assert body(f"/jobs/{theirs}{path}", verb) == body(f"/jobs/987654{path}", verb)
    assert stranger.run("watch", str(theirs)).returncode == 3
    assert stranger.run("jobs", "cancel", str(theirs)).returncode == 3


def test_second_run_on_a_data_folder_is_refused(shared_server: ServerProcess) -> None:
    def attempt(*args: str) -> subprocess.CompletedProcess[str]:
        return programs.run("fnt_server", "run", *args, env=shared_server.environ, timeout_s=30)

    same_folder = attempt("--port", "0", "--data-dir", str(shared_server.data_dir))
    same_port = attempt(
        "--port", str(shared_server.port), "--data-dir", str(shared_server.data_dir / "other")
    )
    unusable = attempt("--port", "0", "--data-dir", "/proc/nowhere")

    for refused in (same_folder, same_port, unusable):
        assert refused.returncode == 2
        assert refused.stdout == ""
        assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr


@needs_corpus
@pytest.mark.faults
@pytest.mark.timeout(120)
def test_files_that_must_be_rejected_end_in_a_code(
    shared_server: ServerProcess, make_client: MakeClient, tmp_path: Path
) -> None:
    _, rest = make_client(shared_server)
    expected = json.loads((CORPUS / "bad.expected.json").read_text())
    with tarfile.open(CORPUS / "bad.tar.gz") as archive:
        archive.extractall(tmp_path / "bad", filter="data")
    files = {path.name: path for path in (tmp_path / "bad").rglob("*") if path.is_file()}
    jobs: dict[int, str] = {}
    for name in expected:
        job_id = rest.post("/jobs/confirm", json={"original_filename": name}).json()["job_id"]
        sent = rest.post(
            "/process-pdf",
            data={"job_id": str(job_id)},
            files={"pdf_file": ("x.pdf", files[name].read_bytes())},
        )
        if sent.status_code == 202:
            jobs[job_id] = name
        else:
            assert sent.json()["error_code"] == "NOT_A_PDF"
            assert expected[name]["expect"] != "accept"

    for job_id, name in jobs.items():
        job = rest.wait_until(
            job_id, lambda job: job["status"] in {"completed", "failed"}, within_s=60
        )
        wanted = {"accept": {"completed"}, "reject": {"failed"}}.get(
            expected[name]["expect"], {"completed", "failed"}
        )
        assert job["status"] in wanted, name
        assert (job["error_code"] or "").startswith("PDF_") == (job["status"] == "failed"), name


def test_sockets_beyond_the_cap_are_refused_while_rest_answers(
    make_server: Callable[..., ServerProcess], make_client: MakeClient
) -> None:
    server = make_server(FNT_MAX_SOCKETS="3")
    _, rest = make_client(server)
    sockets = [socketio.Client(reconnection=False, handle_sigint=False) for _ in range(4)]
    try:
        for socket in sockets[:3]:
            socket.connect(server.url, transports=["websocket"], auth={"token": rest.token})
        told: list[dict[str, str]] = []
        sockets[3].on("connect_error", told.append)
        with pytest.raises(Refused):
            sockets[3].connect(server.url, transports=["websocket"], auth={"token": rest.token})

        wait_for(lambda: told, within_s=5, what="a reason")
        assert told[0]["message"] == "BUSY"
        assert rest.get("/health").status_code == 200
    finally:
        for socket in sockets:
            socket.disconnect()
