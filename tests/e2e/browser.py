"""A headless Chromium, as a person's browser."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver

from requirements import absent

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip
PAGE_WITHIN_S = 30


@contextlib.contextmanager
def open_chromium(
    profile: Path, *, size: tuple[int, int] = (900, 800), dark: bool = False
) -> Iterator[WebDriver]:
    """Run a browser with a profile of its own; what is not this machine does not resolve for it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        absent("no chromium with its chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program  # both named: selenium looks for, and fetches, nothing
    for word in QUIET:
        options.add_argument(word)
    options.add_argument(f"--user-data-dir={profile}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.add_argument(f"--window-size={size[0]},{size[1]}")
    if dark:
        options.add_argument("--force-dark-mode")
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(executable_path=driver))
    browser.set_page_load_timeout(PAGE_WITHIN_S)
    try:
        yield browser
    finally:
        browser.quit()
