"""The server over HTTP. Knows httpx and the wire, nothing of terminals."""

import sys

if "httpx" not in sys.modules:
    # It would load a command line of its own, with click, Rich and Pygments: half of the way to
    # the first request. Without them it does as where they are not installed.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # this is how to say "absent"
    import httpx  # noqa: F401

    del sys.modules["httpx._main"]
