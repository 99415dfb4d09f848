"""Settings merged from flags, environment, and files into one frozen object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from fnt.config.settings.sources import (
    Found,
    Layers,
    find_layers,
    first,
    project_file,
    untrusted_choices,
)
from fnt.config.settings.values import (
    DEFAULT_SERVER,
    DEFAULTS,
    READERS,
    current_name,
    is_loopback,
    normalize_server,
    origin_of,
    parse_duration,
    read_value,
)
from fnt.errors import UsageError
from fnt.wire.local_server import NAME

__all__ = [
    "DEFAULT_SERVER",
    "READERS",
    "Settings",
    "config_folder",
    "current_name",
    "data_folder",
    "ignored_choices",
    "is_loopback",
    "load_settings",
    "normalize_server",
    "origin_of",
    "parse_duration",
    "setting_origins",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings of a run."""

    server: str = DEFAULT_SERVER
    """The server's URL, `scheme://host[:port][/path]`, or `local`: not known before it runs."""
    is_default_server: bool = True
    """Whether no option, variable or file names a server."""
    profile: str | None = None
    timeout_s: float | None = None
    parallel: int = DEFAULTS["parallel"]
    """Number of parallel uploads."""
    no_keyring: bool = False
    token: str | None = field(default=None, repr=False)
    config_dir: Path
    ca_file: Path | None = None
    insecure_http: bool = False
    no_local: bool = False
    """Whether the personal server is used only if named."""
    local_idle_s: float = 600.0
    """How long a personal server stays without being used."""
    local_token: Path | None = None
    """The file the token comes from, if the server is the personal one."""

    @property
    def server_name(self) -> str:
        """How ledgers and caches know the server: its URL, or `local` whatever the port is."""
        return NAME if self.local_token is not None else self.server


def load_settings(
    *,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    cwd: Path,
    config_dir: Path | None = None,
) -> Settings:
    """Merge flags > `FNT_*` > nearest `.fnt.toml` > profile > `config.toml` > defaults.

    A project's `.fnt.toml` may set `server` and `profile` only after `fnt config trust`, and never
    `ca_file`, `insecure_http`, or `no_keyring`; otherwise the author of a folder could have tokens
    and books sent elsewhere.
    Flags that are None are ignored. Raises UsageError for an invalid value.
    """
    folder = config_dir or config_folder(environ)
    layers = find_layers(flags=flags, environ=environ, cwd=cwd, folder=folder)
    token = _token(environ.get("FNT_TOKEN", "").strip())
    return _checked(layers, token=token, config_dir=folder)


def setting_origins(
    *, flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path
) -> dict[str, Found]:
    """Return each setting's effective value and origin."""
    layers = find_layers(flags=flags, environ=environ, cwd=cwd, folder=config_folder(environ))
    return {
        key: first(layers, key) or Found(value=default, origin="default")
        for key, default in DEFAULTS.items()
    }


def ignored_choices(
    *, flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path
) -> tuple[Path, dict[str, Any]] | None:
    """Return an untrusted project file with the server and profile it names in vain."""
    path = project_file(cwd)
    if path is None:
        return None
    found = setting_origins(flags=flags, environ=environ, cwd=cwd)
    untrusted = untrusted_choices(path, folder=config_folder(environ))
    ignored = {key: value for key, value in untrusted.items() if found[key].value != value}
    return (path, ignored) if ignored else None


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's configuration folder."""
    chosen = environ.get("FNT_CONFIG_DIR")
    return Path(chosen) if chosen else platformdirs.user_config_path("fnt", appauthor=False)


def data_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's data folder; with FNT_CONFIG_DIR, everything is in that."""
    chosen = environ.get("FNT_CONFIG_DIR")
    return Path(chosen) if chosen else platformdirs.user_data_path("fnt", appauthor=False)


def _token(text: str) -> str | None:
    if not re.fullmatch(r"[!-~]*", text):
        raise UsageError("FNT_TOKEN contains invalid characters")
    return text or None


def _checked(layers: Layers, *, token: str | None, config_dir: Path) -> Settings:
    found = {key: word for key in READERS if (word := first(layers, key)) is not None}
    values = {key: read_value(key, word.value, origin=word.origin) for key, word in found.items()}
    server = values.pop("server", DEFAULT_SERVER)
    try:
        server = normalize_server(server, insecure_http=values.get("insecure_http", False))
    except UsageError as error:
        origin = found["server"].origin
        raise UsageError(f"{origin}: {error.message}", hint=error.hint) from error
    if "timeout" in values:
        values["timeout_s"] = values.pop("timeout")
    if "local_idle" in values:
        values["local_idle_s"] = values.pop("local_idle")
    return Settings(
        server=server,
        is_default_server="server" not in found,
        token=token,
        config_dir=config_dir,
        **values,
    )
