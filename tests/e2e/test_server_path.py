"""A server under a path, behind nginx with the project's own example."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, running
from e2e.nginx import Nginx, nginx
from pdfs import make_pdf

EXAMPLE = Path(__file__).parents[2] / "docs" / "deploy" / "nginx-path.conf"
EMAIL = "path@example.org"
MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("path")
    with running(ServerProcess(folder / "data", FNT_PROXIES="1")) as server:
        server.add_user(EMAIL)
        server.wait_until_well()
        site, times = re.subn(r"10\.0\.0\.11:5000", f"127.0.0.1:{server.port}", EXAMPLE.read_text())
        assert times == 1
        with nginx(folder / "nginx", "http://127.0.0.1:9", directives=site) as opened:
            yield opened


@pytest.fixture
def home(proxy: Nginx, tmp_path: Path) -> ClientHome:
    reader = ClientHome(tmp_path / "reader", f"{proxy.url}/fnt/").login(EMAIL)
    (reader.folder / "a.pdf").write_bytes(make_pdf())
    return reader


@pytest.mark.parametrize("transport", ["ws", "poll"])
def test_rest_and_socket_work_below_the_path(home: ClientHome, transport: str) -> None:
    home.run_ok(
        "upload", "a.pdf", "--watch", "-o", f"{transport}/", "--give-up", "10", "--transport",
        transport,
    )  # fmt: skip

    assert (home.folder / transport / "a.txt").stat().st_size


def test_doctor_finds_nothing_wrong(home: ClientHome) -> None:
    assert home.run("doctor").returncode == 0


def test_the_slash_at_the_end_makes_no_difference(home: ClientHome, proxy: Nginx) -> None:
    assert home.run("whoami", "--server", f"{proxy.url}/fnt").returncode == 0


@pytest.mark.parametrize("path", ["", "/other", "/fnt2"])
def test_a_login_is_not_sent_to_another_path(home: ClientHome, proxy: Nginx, path: str) -> None:
    done = home.run("whoami", "--server", f"{proxy.url}{path}")

    assert (done.returncode, "fnt login" in done.stderr) == (4, True)


def test_a_ledger_belongs_to_origin_and_path(home: ClientHome, proxy: Nginx) -> None:
    (home.folder / "books.txt").write_text("a.pdf\n")
    home.run_ok("batch", "run", "books.txt", "-o", "out")
    home.run_ok("batch", "run", "books.txt", "-o", "out", "--server", f"{proxy.url}/fnt")


def test_pages_and_links_respect_the_path(proxy: Nginx) -> None:
    url = f"{proxy.url}/fnt"
    with httpx.Client(trust_env=False) as browser:
        codes = browser.post(f"{url}/api/v1/auth/device/code", data={"client_id": "fnt"}).json()
        page = browser.get(codes["verification_uri"])

    assert codes["verification_uri"] == f"{url}/device"
    assert page.status_code == 200
    assert 'action="/fnt/device"' in page.text
    assert "path=/fnt/" in page.headers["set-cookie"].lower()
