"""axe-core, which tells what on a page people with disabilities cannot use."""

from __future__ import annotations

import subprocess
from pathlib import Path

from filelock import FileLock

from e2e.browser import Browser
from requirements import absent, require_tool

CACHE = Path(__file__).parents[2] / "build" / "axe"
RUN = """
const done = arguments[0];
axe.run().then(({violations}) => done(violations.map(
    ({help, nodes}) => `${help}: ${nodes.map(({html}) => html).join(' ')}`)));
"""


def axe_script() -> str:
    """Return axe-core, installed once, from npm's registry."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    npm = require_tool("npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / ".lock"):
        if not script.exists():
            command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "axe-core@4"]
            try:
                subprocess.run(
                    [*command, "--prefix", str(CACHE)], capture_output=True, timeout=120, check=True
                )
            except subprocess.SubprocessError as error:
                absent(f"npm cannot install axe-core: {error}")
    return script.read_text()


def obstacles(browser: Browser, axe: str) -> list[str]:
    """Return what is wrong with the page that is open, in light and dark colors."""
    browser.run(axe)
    found = []
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        found += browser.run(RUN, is_async=True)
    return found
