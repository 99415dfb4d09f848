"""What the client is told by flags, environment and files, as one frozen object."""

from __future__ import annotations

import ipaddress
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from fnt.errors import NotFoundError, UsageError

DEFAULT_SERVER = "http://127.0.0.1:5000"
PROJECT_FILE = ".fnt.toml"
USER_FILE = "config.toml"

PROJECT_KEYS = frozenset({"jobs", "timeout", "profile"})
"""What a project's file may set: nothing that decides where tokens and files go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a command needs to know beside its own options."""

    server: str = DEFAULT_SERVER
    """The server's origin, `scheme://host[:port]`."""
    profile: str | None = None
    timeout_s: float | None = None
    jobs: int = 4
    no_keyring: bool = False
    token: str | None = field(default=None, repr=False)
    config_dir: Path
    ca_file: Path | None = None
    insecure_http: bool = False


def load_settings(
    *,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    cwd: Path,
    config_dir: Path | None = None,
) -> Settings:
    """Merge flags > `FNT_*` > nearest `.fnt.toml` > profile > `config.toml` > defaults.

    A `server`, `ca_file` or `insecure_http` in a project's `.fnt.toml` is passed over: whoever
    wrote the folder would choose where the files go. Flags that are None count as not given.
    """
    folder = config_dir or _config_dir(environ)
    user = _read_toml(folder / USER_FILE)
    project = _project_values(cwd)
    given = [_without_none(flags), _from_environ(environ), project]
    profile = _first(given, "profile") or user.get("profile")
    given += [_profile_values(user, profile), user]
    token = _token(environ.get("FNT_TOKEN", "").strip())
    return _checked(given, profile=profile, token=token, config_dir=folder)


def parse_duration(text: str) -> float:
    """Read `20s`, `5m`, `2h` or a number of seconds."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text, re.ASCII)
    if match is None or len(text) > 20:
        raise UsageError(f"{text[:20]!r} is not a duration", hint="write 20s, 5m, 2h or seconds")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def normalise_server(text: str, *, insecure_http: bool = False) -> str:
    """Return the origin of a server's URL; refuses what could send a token to the wrong place."""
    text = text.strip()
    if not text.isascii() or any(c <= " " or c == "\\" for c in text):
        raise UsageError("the server's URL holds characters that no URL has")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError("the server's URL cannot be read") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(
            "the server must be an http:// or https:// URL", hint=f"for example {DEFAULT_SERVER}"
        )
    if "@" in parts.netloc:
        raise UsageError("the server's URL must not hold a name or password", hint="run: fnt login")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError("the server's URL must end after host and port")
    if parts.scheme == "http" and not insecure_http and not is_loopback(host):
        raise UsageError(
            "plain http:// would show your token to the network",
            hint="use https://, or --insecure-http if you are sure",
        )
    name = f"[{host}]" if ":" in host else host
    default_port = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, default_port) else "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _config_dir(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("FNT_CONFIG_DIR")
    return Path(chosen) if chosen else platformdirs.user_config_path("fnt", appauthor=False)


def _token(text: str) -> str | None:
    if not re.fullmatch(r"[!-~]*", text):
        raise UsageError("FNT_TOKEN holds characters that no token has")
    return text or None


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {
        "server": "FNT_SERVER",
        "profile": "FNT_PROFILE",
        "jobs": "FNT_JOBS",
        "timeout": "FNT_TIMEOUT",
        "no_keyring": "FNT_NO_KEYRING",
    }
    return {key: environ[name] for key, name in names.items() if environ.get(name)}


def _project_values(cwd: Path) -> dict[str, Any]:
    for folder in (cwd, *cwd.parents):
        path = folder / PROJECT_FILE
        if path.is_file():
            return {k: v for k, v in _read_toml(path).items() if k in PROJECT_KEYS}
    return {}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    unknown = sorted(set(values) - set(_READERS) - {"profiles"})
    if unknown:
        raise UsageError(f"{path}: {unknown[0]!r} is not a known setting")
    return values


def _profile_values(user: Mapping[str, Any], profile: object) -> dict[str, Any]:
    if profile is None:
        return {}
    profiles = user.get("profiles", {})
    values = profiles.get(profile) if isinstance(profiles, Mapping) else None
    if not isinstance(values, Mapping):
        raise NotFoundError(
            f"there is no profile {str(profile)[:40]!r}",
            hint=f"add [profiles.{str(profile)[:40]}] to {USER_FILE}",
        )
    return dict(values)


def _without_none(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in flags.items() if value is not None}


def _first(layers: list[dict[str, Any]], key: str) -> Any:
    return next((layer[key] for layer in layers if key in layer), None)


def _checked(
    layers: list[dict[str, Any]], *, profile: object, token: str | None, config_dir: Path
) -> Settings:
    values = dict(_read_values(layers))
    insecure_http = values.get("insecure_http", False)
    server = normalise_server(values.pop("server", DEFAULT_SERVER), insecure_http=insecure_http)
    if "timeout" in values:
        values["timeout_s"] = values.pop("timeout")
    values["profile"] = None if profile is None else str(profile)
    return Settings(server=server, token=token, config_dir=config_dir, **values)


def _read_values(layers: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for key, read in _READERS.items():
        value = _first(layers, key)
        if value is None:
            continue
        try:
            yield key, read(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{key}: {str(value)[:40]!r} is not a valid value") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False}
    if (word := str(value).strip().lower()) not in known:
        raise ValueError
    return known[word]


def _jobs(value: object) -> int:
    number = int(_number(value))
    if not 1 <= number <= 32:
        raise UsageError("jobs must be 1 to 32")
    return number


def _duration(value: object) -> float:
    seconds = parse_duration(value) if isinstance(value, str) else _number(value)
    if not (0 < seconds < math.inf):
        raise UsageError("timeout must be more than nothing")
    return seconds


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


_READERS: Mapping[str, Callable[[object], Any]] = {
    "server": _text,
    "profile": _text,
    "jobs": _jobs,
    "timeout": _duration,
    "no_keyring": _switch,
    "ca_file": lambda value: Path(str(value)).expanduser(),
    "insecure_http": _switch,
}
