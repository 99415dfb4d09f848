"""A headless Chromium, as a person's browser, spoken to in the W3C's WebDriver protocol.

Selenium is not used: it brings trio, which httpx imports where it is installed, so that each `fnt`
that a test starts took 1.6 times the CPU time.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from e2e.harness import wait_for
from requirements import absent

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip
PAGE_WITHIN_S = 30
ATTEMPTS = 3
"""Chromedriver chooses a port that is free for IPv6, and may be taken for IPv4."""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Key under which the protocol gives an element's id."""


class NoSuchElementError(Exception):
    """The page has no such element, or no longer has it."""


class BetweenPagesError(AssertionError):
    """The page was being replaced by the next."""


class Browser:
    """A session of chromedriver. Elements are found by CSS selectors, in the chosen frame."""

    def __init__(self, driver_url: str, options: dict[str, Any]) -> None:
        self._http = httpx.Client(base_url=driver_url, timeout=2 * PAGE_WITHIN_S, trust_env=False)
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self._call(
            "POST",
            "/session",
            capabilities={
                "alwaysMatch": {**capabilities, "timeouts": {"pageLoad": PAGE_WITHIN_S * 1000}}
            },
        )
        self._session = f"/session/{session['sessionId']}"

    def open(self, url: str) -> None:
        self._call("POST", f"{self._session}/url", url=url)

    def text(self, css: str) -> str:
        """Return the text of an element as a person sees it."""
        return str(self._call("GET", f"{self._session}/element/{self._find(css)}/text"))

    def value(self, css: str) -> str:
        """Return what stands in a field."""
        return str(self._call("GET", f"{self._session}/element/{self._find(css)}/property/value"))

    def has(self, css: str) -> bool:
        with contextlib.suppress(NoSuchElementError):
            return bool(self._find(css))
        return False

    def fill(self, **fields: str) -> None:
        """Type into fields, by their names."""
        for name, value in fields.items():
            field = f"{self._session}/element/{self._find(f'[name={name}]')}"
            self._call("POST", f"{field}/clear")
            self._call("POST", f"{field}/value", text=value)

    def press(self, button: str) -> None:
        """Press a button and wait for the page it leads to."""
        before = self._find("html")
        pressed = self._find(f"//button[.='{button}']", using="xpath")
        self._call("POST", f"{self._session}/element/{pressed}/click")
        wait_for(lambda: self._is_gone(before), within_s=20, what="the next page")

    def enter_frame(self, css: str | None) -> None:
        """Look into a frame; None: at the whole page again."""
        frame = None if css is None else {ELEMENT: self._find(css)}
        self._call("POST", f"{self._session}/frame", id=frame)

    def run(self, script: str, *, is_async: bool = False) -> Any:
        """Run a script in the page; an asynchronous one calls its last argument."""
        way = "async" if is_async else "sync"
        return self._call("POST", f"{self._session}/execute/{way}", script=script, args=[])

    def prefer(self, scheme: str) -> None:
        """Ask for light or dark colors, as the settings of a system do."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call(
            "POST",
            f"{self._session}/goog/cdp/execute",
            cmd="Emulation.setEmulatedMedia",
            params={"features": features},
        )

    def forget_cookies(self) -> None:
        self._call("DELETE", f"{self._session}/cookie")

    def console(self) -> list[str]:
        """Return what the console says since the last call."""
        entries = self._call("POST", f"{self._session}/se/log", type="browser")
        return [entry["message"] for entry in entries]

    def close(self) -> None:
        self._call("DELETE", self._session)
        self._http.close()

    def _find(self, selector: str, *, using: str = "css selector") -> str:
        found = self._call("POST", f"{self._session}/element", using=using, value=selector)
        return str(found[ELEMENT])

    def _is_gone(self, element: str) -> bool:
        try:
            self._call("GET", f"{self._session}/element/{element}/name")
        except NoSuchElementError:
            return True
        except BetweenPagesError:
            pass
        return False

    def _call(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(method, path, json=body if method == "POST" else None)
        value = answer.json()["value"]
        if answer.is_success:
            return value
        if value["error"] in {"no such element", "stale element reference", "no such window"}:
            raise NoSuchElementError(value["message"])
        if "unhandled inspector error" in value["message"]:
            raise BetweenPagesError(value["message"])
        raise AssertionError(f"{path}: {value['error']}: {value['message']}")


@contextlib.contextmanager
def open_chromium(
    profile: Path, *, size: tuple[int, int] = (900, 800), dark: bool = False
) -> Iterator[Browser]:
    """Run a browser with a profile of its own; what is not this machine does not resolve for it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        absent("no chromium with its chromedriver")
    args = [
        *QUIET,
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--window-size={size[0]},{size[1]}",
    ]
    if dark:
        args += ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]
    with _chromedriver(driver) as url:
        browser = Browser(url, {"binary": program, "args": args})
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def _chromedriver(program: str) -> Iterator[str]:
    """Run chromedriver on a port of its choice; yields its URL."""
    for _ in range(ATTEMPTS):
        process = subprocess.Popen(
            [program, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with process:
            try:
                said, port = _started(process)
                if port is not None:
                    yield f"http://127.0.0.1:{port}"
                    return
            finally:
                process.terminate()
        assert "Address already in use" in said, said
    raise AssertionError("chromedriver chose ports that were taken")


def _started(process: subprocess.Popen[str]) -> tuple[str, str | None]:
    """Return what chromedriver says when it starts, and its port, if it starts."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(r"successfully on port (\d+)", said):
            return said, found[1]
    return said, None
