"""`fnt login --web` in a process, the page in Chromium, and a person who goes between them."""

from __future__ import annotations

import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.axe import axe_script, obstacles
from e2e.browser import Browser, open_chromium
from e2e.harness import PASSWORD, ClientHome, ServerProcess, running
from schemas import read_document
from screen import ScreenCommand

EMAIL = "reader@example.org"
CODE = r"[A-Z]{4}-[A-Z]{4}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose devices may ask every second."""
    folder = tmp_path_factory.mktemp("device") / "data"
    with running(ServerProcess(folder, FNT_DEVICE_INTERVAL_S="1")) as server:
        server.add_user(EMAIL)
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def home(server: ServerProcess, tmp_path: Path) -> ClientHome:
    return ClientHome(tmp_path / "home", server.url)


class Login:
    """`fnt login --web`, without a terminal, and what it has said so far."""

    def __init__(self, home: ClientHome, *args: str) -> None:
        self.process = home.start("login", "--web", "--insecure-storage", *args)
        self.said = ""

    def read_until(self, pattern: str) -> str:
        """Read its standard error until something is there; returns it."""
        assert self.process.stderr
        while (found := re.search(pattern, self.said)) is None:
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line
        return found[0]

    def finish(self) -> tuple[int, str]:
        """Return exit code and standard output."""
        out, err = self.process.communicate(timeout=30)
        self.said += err
        return self.process.returncode, out


@pytest.fixture
def log_in(home: ClientHome) -> Iterator[Callable[..., Login]]:
    started: list[Login] = []

    def start(*args: str) -> Login:
        started.append(Login(home, *args))
        return started[-1]

    yield start
    for login in started:
        login.process.kill()
        login.process.communicate()


def go_to_question(browser: Browser, url: str, code: str) -> str:
    """Sign in and type the code; returns what the page then says."""
    browser.forget_cookies()
    browser.open(url)
    browser.fill(email=EMAIL, password=PASSWORD)
    browser.press("Sign in")
    browser.fill(code=code.lower())
    browser.press("Continue")
    assert browser.text("h1") == "Approve this device?"
    return browser.text("main")


def test_somebody_lets_the_terminal_in(
    browser: Browser, home: ClientHome, log_in: Callable[..., Login]
) -> None:
    login = log_in("--json")
    url = login.read_until(r"http://\S+/device")

    said = go_to_question(browser, url, login.read_until(CODE))
    assert "Program fnt" in said.replace("\n", " ")
    assert socket.gethostname()[:60] in said
    assert "127.0.0.1" in said
    assert EMAIL in said
    browser.press("Approve")

    assert browser.text("h1") == "Device logged in"
    code, out = login.finish()
    assert code == 0, login.said
    document = read_document(out)
    assert document["login"]["email"] == EMAIL
    assert home.json("whoami")["whoami"]["email"] == EMAIL
    assert not [message for message in browser.console() if "favicon" not in message]


def test_somebody_refuses_the_terminal(
    browser: Browser, home: ClientHome, log_in: Callable[..., Login]
) -> None:
    login = log_in("--json")
    go_to_question(browser, login.read_until(r"http://\S+/device"), login.read_until(CODE))

    browser.press("Refuse")

    assert browser.text("h1") == "Refused"
    code, out = login.finish()
    assert code == 4, login.said
    assert read_document(out)["error"]["code"] == "ACCESS_DENIED"
    assert home.run("whoami").returncode == 4


def test_mistakes_are_told_on_the_page(browser: Browser, server: ServerProcess) -> None:
    browser.forget_cookies()
    browser.open(f"{server.url}/device")
    browser.fill(email=EMAIL, password="wrong")
    browser.press("Sign in")
    assert browser.text("#problem") == "Email or password is wrong."

    browser.fill(email=EMAIL, password=PASSWORD)
    browser.press("Sign in")
    browser.fill(code="BCDF-BCDF")
    browser.press("Continue")
    assert "No device is waiting" in browser.text("#problem")
    assert browser.value("[name=code]") == ""


def test_the_page_can_be_used_by_everybody(
    browser: Browser, server: ServerProcess, log_in: Callable[..., Login]
) -> None:
    axe = axe_script()
    code = log_in().read_until(CODE)
    browser.forget_cookies()
    browser.open(f"{server.url}/device")
    found = {"sign in": obstacles(browser, axe)}
    browser.fill(email=EMAIL, password="wrong")
    browser.press("Sign in")
    found["a mistake"] = obstacles(browser, axe)
    browser.fill(email=EMAIL, password=PASSWORD)
    browser.press("Sign in")
    found["code"] = obstacles(browser, axe)
    browser.fill(code="BCDF-BCDF")
    browser.press("Continue")
    found["a wrong code"] = obstacles(browser, axe)
    browser.fill(code=code)
    browser.press("Continue")
    found["question"] = obstacles(browser, axe)
    browser.press("Approve")
    found["answer"] = obstacles(browser, axe)

    assert browser.text("h1") == "Device logged in"
    assert not any(found.values()), found


def test_another_site_can_neither_frame_the_page_nor_send_its_form(
    browser: Browser, server: ServerProcess, tmp_path: Path
) -> None:
    page = tmp_path / "evil.html"
    page.write_text(
        f'<iframe id="f" src="{server.url}/device"></iframe>'
        f'<form method="post" action="{server.url}/device"><input name="action" value="sign_in">'
        f'<input name="email" value="{EMAIL}"><input name="password" value="{PASSWORD}">'
        "<button>Win</button></form>"
    )
    browser.open(page.as_uri())

    browser.enter_frame("#f")
    assert not browser.has("[name=password]")
    browser.enter_frame(None)
    browser.press("Win")
    assert "Pages of other sites may not send this" in browser.text("#problem")


def test_ctrl_c_while_it_waits(home: ClientHome, log_in: Callable[..., Login]) -> None:
    login = log_in("--json")
    login.read_until(CODE)

    login.process.send_signal(signal.SIGINT)

    code, out = login.finish()
    assert code == 130, login.said
    assert read_document(out)["exit_code"] == 130
    assert not (home.folder / "config" / "credentials").exists()


def test_a_person_sees_the_code_and_the_time_that_is_left(home: ClientHome) -> None:
    home.environ.pop("DISPLAY", None)
    home.environ.pop("WAYLAND_DISPLAY", None)
    home.environ.pop("COLUMNS")
    command = ScreenCommand(
        [sys.executable, "-m", "fnt", "login", "--insecure-storage"],
        environ=home.environ, cwd=home.folder,
    )  # fmt: skip
    try:
        seen = command.wait_for(lambda text: re.search(r"expires in 9:5\d", text))
        command.press("\x03")
        status = command.finish(within_s=10)
    finally:
        command.close()

    assert re.search(CODE, seen)
    assert "/device" in seen
    assert status == 130
    assert "expires in" not in command.text


def test_without_a_terminal_nothing_is_asked(home: ClientHome) -> None:
    done = home.run("login", "--json")

    assert done.returncode == 2
    assert "--web" in read_document(done.stdout)["error"]["hint"]


def test_the_servers_log_holds_no_code(server: ServerProcess, home: ClientHome) -> None:
    login = Login(home)
    code = login.read_until(CODE)
    login.process.kill()
    login.process.communicate()

    log = server.log.read_text()

    assert "path=/api/v1/auth/device/code" in log
    assert code not in log
    assert code.replace("-", "") not in log
