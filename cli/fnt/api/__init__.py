"""HTTP client for the server's REST API. Depends on httpx and `fnt.wire`, not on the terminal."""

import sys

if "httpx" not in sys.modules:
    # httpx would import its own command line, with click, Rich, and Pygments: half the time to
    # the first request. With a None entry it behaves as if those packages were not installed.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # None marks the module as absent
    import httpx  # noqa: F401

    del sys.modules["httpx._main"]
