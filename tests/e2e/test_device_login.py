"""`fnt login --web` in a process, the page in Chromium, and a person who goes between them."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from e2e.browser import open_chromium
from e2e.harness import PASSWORD, ClientHome, ServerProcess, running, wait_for
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
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
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
        if login.process.poll() is None:
            login.process.kill()
            login.process.communicate()


def press(browser: WebDriver, button: str) -> None:
    """Press a button and wait for the page it leads to."""
    before = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.XPATH, f"//button[.='{button}']").click()
    wait_for(lambda: _is_gone(before), within_s=20, what="the next page")


def _is_gone(element: object) -> bool:
    with contextlib.suppress(Exception):
        element.is_enabled()  # type: ignore[attr-defined]
        return False
    return True


def fill(browser: WebDriver, **fields: str) -> None:
    for name, value in fields.items():
        browser.find_element(By.NAME, name).clear()
        browser.find_element(By.NAME, name).send_keys(value)


def heading(browser: WebDriver) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


def go_to_question(browser: WebDriver, url: str, code: str) -> str:
    """Sign in and type the code; returns what the page then says."""
    browser.delete_all_cookies()
    browser.get(url)
    fill(browser, email=EMAIL, password=PASSWORD)
    press(browser, "Sign in")
    fill(browser, code=code.lower())
    press(browser, "Continue")
    assert heading(browser) == "Approve this device?"
    return browser.find_element(By.TAG_NAME, "main").text


def test_somebody_lets_the_terminal_in(
    browser: WebDriver, home: ClientHome, log_in: Callable[..., Login]
) -> None:
    login = log_in("--json")
    url = login.read_until(r"http://\S+/device")

    said = go_to_question(browser, url, login.read_until(CODE))
    assert "Program fnt" in said.replace("\n", " ")
    assert socket.gethostname()[:60] in said
    assert "127.0.0.1" in said
    assert EMAIL in said
    press(browser, "Approve")

    assert heading(browser) == "Device logged in"
    code, out = login.finish()
    assert code == 0, login.said
    document = read_document(out)
    assert document["login"]["email"] == EMAIL
    assert home.json("whoami")["whoami"]["email"] == EMAIL
    assert not [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]]


def test_somebody_refuses_the_terminal(
    browser: WebDriver, home: ClientHome, log_in: Callable[..., Login]
) -> None:
    login = log_in("--json")
    go_to_question(browser, login.read_until(r"http://\S+/device"), login.read_until(CODE))

    press(browser, "Refuse")

    assert heading(browser) == "Refused"
    code, out = login.finish()
    assert code == 4, login.said
    assert read_document(out)["error"]["code"] == "ACCESS_DENIED"
    assert home.run("whoami").returncode == 4


def test_mistakes_are_told_on_the_page(browser: WebDriver, server: ServerProcess) -> None:
    browser.delete_all_cookies()
    browser.get(f"{server.url}/device")
    fill(browser, email=EMAIL, password="wrong")
    press(browser, "Sign in")
    assert browser.find_element(By.ID, "problem").text == "Email or password is wrong."

    fill(browser, email=EMAIL, password=PASSWORD)
    press(browser, "Sign in")
    fill(browser, code="BCDF-BCDF")
    press(browser, "Continue")
    assert "No device is waiting" in browser.find_element(By.ID, "problem").text
    assert browser.find_element(By.NAME, "code").get_attribute("value") == ""


def test_another_site_can_neither_frame_the_page_nor_send_its_form(
    browser: WebDriver, server: ServerProcess, tmp_path: Path
) -> None:
    page = tmp_path / "evil.html"
    page.write_text(
        f'<iframe id="f" src="{server.url}/device"></iframe>'
        f'<form method="post" action="{server.url}/device"><input name="action" value="sign_in">'
        f'<input name="email" value="{EMAIL}"><input name="password" value="{PASSWORD}">'
        "<button>Win</button></form>"
    )
    browser.get(page.as_uri())

    browser.switch_to.frame(browser.find_element(By.ID, "f"))
    assert not browser.find_elements(By.NAME, "password")
    browser.switch_to.default_content()
    press(browser, "Win")
    assert "invalid or has expired" in browser.find_element(By.ID, "problem").text


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
