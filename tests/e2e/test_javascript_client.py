"""The JavaScript client, in node and in a page, watches a job of `fnt-server run`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.browser import open_chromium
from e2e.harness import ClientHome, RestClient, ServerProcess, wait_for
from e2e.javascript_client import HERE, assert_all_saw_the_same, watching
from e2e.nginx import nginx
from fnt_server.cli.sample import story_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


@contextmanager
def page_folder(packages: Path) -> Iterator[Path]:
    """Make a folder that nginx can read, whoever it runs as, with the page in `page`."""
    with tempfile.TemporaryDirectory(prefix="fnt-page-") as folder:
        page = Path(folder) / "page"
        page.mkdir()
        shutil.copy(HERE / "page.html", page)
        shutil.copy(packages / "newest" / "dist" / "socket.io.min.js", page)
        for path in (page.parent, page):
            path.chmod(0o755)
        yield page.parent


def confirm(rest: RestClient) -> int:
    answer = rest.post("/jobs/confirm", json={"original_filename": "story.pdf"})
    job_id: int = answer.json()["job_id"]
    return job_id


def send(rest: RestClient, job_id: int) -> None:
    files = {"pdf_file": ("story.pdf", story_pdf().read_bytes())}
    assert rest.post("/process-pdf", data={"job_id": job_id}, files=files).status_code == 202


def test_every_version_and_transport_sees_the_same_to_the_end(
    javascript_packages: Path, shared_server: ServerProcess, make_client: MakeClient
) -> None:
    _, rest = make_client(shared_server)
    job_id = confirm(rest)
    with watching(
        javascript_packages, shared_server.url, token=rest.token, job_id=job_id
    ) as watchers:
        watchers.wait_until_joined()
        send(rest, job_id)
        heard = watchers.until_the_end()

    versions = assert_all_saw_the_same(heard)
    assert versions[-1] == rest.job(job_id)["version"]
    assert len(versions) >= 5


def test_a_page_shows_the_progress_of_a_job(
    javascript_packages: Path, shared_server: ServerProcess, make_client: MakeClient, tmp_path: Path
) -> None:
    """With the client's defaults: it polls, and then upgrades."""
    _, rest = make_client(shared_server)
    job_id = confirm(rest)
    with (
        page_folder(javascript_packages) as site,
        nginx(
            tmp_path / "nginx", shared_server.url, directives=f"location /page/ {{ root {site}; }}"
        ) as proxy,
        open_chromium(tmp_path / "profile") as browser,
    ):
        browser.open(f"{proxy.url}/page/page.html#{rest.token},{job_id}")
        wait_for(lambda: browser.text("#step") == "pending", within_s=20, what="the page joined")
        wait_for(lambda: browser.text("#transport"), within_s=20, what="the page is connected")
        send(rest, job_id)
        wait_for(lambda: browser.text("#step") == "Completed", within_s=60, what="the end")
        seen = [int(percent) for percent in browser.text("#seen").split()]
        transport, console = browser.text("#transport"), browser.console()

    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 100)
    assert len(set(seen)) >= 4
    assert transport == "websocket"
    assert [line for line in console if "favicon" not in line] == []
