"""Edits to the user's configuration files that keep comments and write atomically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from fnt.config.settings.sources import (
    TRUST_FILE,
    TRUSTED_KEYS,
    USER_FILE,
    read_toml,
    trusted_choices,
)
from fnt.config.settings.values import (
    FORMER_NAMES,
    READERS,
    current_name,
    normalize_server,
    read_value,
)
from fnt.errors import NotFoundError, UsageError
from fnt.files import PRIVATE, atomic_write, write_errors


def set_value(folder: Path, key: str, text: str, *, profile: str | None) -> Path:
    """Write one setting and return the file; raises UsageError for an invalid key or value."""
    value = _typed(_known(key), text)
    document = _document(folder / USER_FILE)
    table = _table(document, profile, is_made=True)
    names = _names(_known(key))
    table[next((name for name in names if name in table), names[0])] = value
    return _write(folder / USER_FILE, tomlkit.dumps(document))


def unset_value(folder: Path, key: str, *, profile: str | None) -> Path:
    """Remove one setting and return the file; raises NotFoundError if it is not set."""
    document = _document(folder / USER_FILE)
    table = _table(document, profile, is_made=False)
    names = [name for name in _names(_known(key)) if name in table]
    if not names:
        raise NotFoundError(f"{key} is not set in {folder / USER_FILE}")
    for name in names:
        del table[name]
    return _write(folder / USER_FILE, tomlkit.dumps(document))


def trust_project(folder: Path, project: Path) -> dict[str, str]:
    """Let a project file choose the server and profile it names now; returns these.

    Changing one revokes the trust in it.
    """
    values = read_toml(project)
    chosen = {key: read_value(key, values[key]) for key in TRUSTED_KEYS if key in values}
    if not chosen:
        raise UsageError(f"{project} names no server or profile, so there is nothing to trust")
    if "server" in chosen:
        normalize_server(chosen["server"])
    # A server alone is stored as earlier versions read it.
    stored = chosen if "profile" in chosen else chosen["server"]
    choices = trusted_choices(folder) | {str(project.resolve()): stored}
    _write(folder / TRUST_FILE, json.dumps(choices, indent=1))
    return chosen


def _known(key: str) -> str:
    if current_name(key) not in READERS:
        raise UsageError(f"{key[:40]!r} is not a setting", hint=f"known: {', '.join(READERS)}")
    return current_name(key)


def _names(key: str) -> list[str]:
    """Return the names of a setting in files: the current one, then former ones."""
    return [key, *(former for former, name in FORMER_NAMES.items() if name == key)]


def _typed(key: str, text: str) -> Any:
    """Return the validated value with its TOML type."""
    value = read_value(key, text)
    if key == "server":
        # plain http:// is checked when the server is used
        return normalize_server(text, insecure_http=True)
    return value if isinstance(value, bool | int) else text


def _document(path: Path) -> tomlkit.TOMLDocument:
    read_toml(path)  # report a syntax error with the same message as everywhere else
    try:
        return (
            tomlkit.parse(path.read_text(encoding="utf-8"))
            if path.exists()
            else tomlkit.TOMLDocument()
        )
    except (TOMLKitError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _table(document: tomlkit.TOMLDocument, profile: str | None, *, is_made: bool) -> Any:
    if profile is None:
        return document
    profiles = document.get("profiles")
    if profiles is None and is_made:
        profiles = document["profiles"] = tomlkit.table(is_super_table=True)
    if profiles is not None and profile not in profiles and is_made:
        profiles[profile] = tomlkit.table()
    if profiles is None or profile not in profiles:
        raise NotFoundError(f"profile {profile[:40]!r} not found")
    return profiles[profile]


def _write(path: Path, text: str) -> Path:
    with write_errors(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with atomic_write(path, mode=PRIVATE) as file:
            file.write(text.encode())
    return path
