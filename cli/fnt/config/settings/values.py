"""Parsing and validation of setting values."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fnt.errors import UsageError
from fnt.wire.local_server import NAME

DEFAULT_SERVER = "http://127.0.0.1:5000"
DEFAULT_LOCAL_IDLE = "10m"
MAX_LOCAL_IDLE_S = 7 * 86400


MAX_DURATION_S = 100 * 365 * 86400
"""A longer one counts as this one: timers and dates cannot hold it."""

UNIT_S: Mapping[str, int] = {
    "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400,
}  # fmt: skip
"""Units of a duration, in seconds."""


def parse_duration(text: str) -> float:
    """Parse `20s`, `5m`, `2h`, `30d`, `2w`, or a number of seconds into seconds.

    Raises UsageError.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*", text, re.ASCII)
    if match is None or len(text) > 20:
        raise UsageError(
            f"{text[:20]!r} is not a duration",
            hint="use 20s, 5m, 2h, 30d, 2w or a number of seconds",
        )
    return min(float(match[1]) * UNIT_S[match[2]], MAX_DURATION_S)


_PATH = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*")
"""Segments that no proxy rewrites, so that all agree on what is below the path."""


def normalize_server(text: str, *, insecure_http: bool = False) -> str:
    """Return a server URL as origin and path, without a slash at the end; or `local` as it is.

    Raises UsageError if a token could be sent elsewhere.
    """
    text = text.strip()
    if text == NAME:
        return text
    if not text.isascii() or any(c <= " " or c == "\\" for c in text):
        raise UsageError("the server URL contains invalid characters")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # as the look-up does, which would raise it later
    except ValueError as error:
        raise UsageError("invalid server URL") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(
            "the server URL must start with http:// or https://",
            hint=f"for example {DEFAULT_SERVER}",
        )
    if "@" in parts.netloc:
        raise UsageError(
            "the server URL must not contain a user name or password", hint="run: fnt login"
        )
    if parts.query or parts.fragment or not _PATH.fullmatch(path := parts.path.rstrip("/")):
        raise UsageError(
            "the server URL can only have a host, a port and a plain path",
            hint="for example https://example.org/fnt",
        )
    if parts.scheme == "http" and not insecure_http and not is_loopback(host):
        raise UsageError(
            "plain http:// would expose your token to the network",
            hint="use https://, or --insecure-http if you are sure",
        )
    name = f"[{host}]" if ":" in host else host
    default_port = {"http": 80, "https": 443}[parts.scheme]
    shown_port = f":{port}" if port not in (None, default_port) else ""
    return f"{parts.scheme}://{name}{shown_port}{path}"


def origin_of(server: str) -> str:
    """Return the origin of a server URL, without its path."""
    return "/".join(server.split("/")[:3])


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_value(key: str, value: object, *, origin: str | None = None) -> Any:
    """Parse and validate one setting; raises UsageError naming it, and where it comes from."""
    name = key if origin is None else origin if key in origin.lower() else f"{origin}: {key}"
    try:
        return READERS[key](value)
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", hint=error.hint) from error
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise UsageError(f"{name}: {_shown(value)} is not a valid value") from error


def _shown(value: object) -> str:
    """Return the beginning of a value; a number may have too many digits to print."""
    try:
        return repr(str(value)[:40])
    except ValueError:
        return "this number"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    if "\0" in value:
        raise ValueError
    return value


def _path(value: object) -> Path:
    return Path(value if isinstance(value, Path) else _text(value)).expanduser()


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False}
    if (word := str(value).strip().lower()) not in known:
        raise ValueError
    return known[word]


def _parallel(value: object) -> int:
    number = int(_number(value))
    if not 1 <= number <= 32:
        raise UsageError("must be 1 to 32")
    return number


def _duration(value: object) -> float:
    seconds = parse_duration(value) if isinstance(value, str) else _number(value)
    if not (0 < seconds < math.inf):
        raise UsageError("must be greater than 0")
    return min(seconds, MAX_DURATION_S)


def _local_idle(value: object) -> float:
    seconds = parse_duration(value) if isinstance(value, str) else _number(value)
    if not 1 <= seconds <= MAX_LOCAL_IDLE_S:
        raise UsageError("must be 1s to 7d")
    return seconds


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


READERS: Mapping[str, Callable[[object], Any]] = {
    "server": _text,
    "profile": _text,
    "parallel": _parallel,
    "timeout": _duration,
    "no_keyring": _switch,
    "ca_file": _path,
    "insecure_http": _switch,
    "no_local": _switch,
    "local_idle": _local_idle,
}
"""Parser of each known setting."""

FORMER_NAMES: Mapping[str, str] = {"jobs": "parallel"}
"""Former names of settings, still accepted."""


def current_name(key: str) -> str:
    """Return the current name of a setting."""
    return FORMER_NAMES.get(key, key)


DEFAULTS: Mapping[str, Any] = {
    "server": DEFAULT_SERVER,
    "profile": None,
    "parallel": 4,
    "timeout": None,
    "no_keyring": False,
    "ca_file": None,
    "insecure_http": False,
    "no_local": False,
    "local_idle": DEFAULT_LOCAL_IDLE,
}
