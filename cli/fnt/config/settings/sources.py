"""Sources of settings, by precedence: flags, environment, project, profile, user file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fnt.config.settings.values import FORMER_NAMES, READERS, read_value
from fnt.errors import NotFoundError, UsageError
from fnt.files import reason_of

PROJECT_FILE = ".fnt.toml"
USER_FILE = "config.toml"
TRUST_FILE = "trusted.json"

PROJECT_KEYS = frozenset({"parallel", "timeout"})
"""Keys any project file may set; none of them decides where tokens and files go."""
TRUSTED_KEYS = ("server", "profile")
"""Keys that count as long as they are as they were when the user trusted the project file."""

VARIABLES: Mapping[str, str] = {
    "server": "FNT_SERVER",
    "profile": "FNT_PROFILE",
    "parallel": "FNT_PARALLEL",
    "timeout": "FNT_TIMEOUT",
    "no_keyring": "FNT_NO_KEYRING",
    "no_local": "FNT_NO_LOCAL",
    "local_idle": "FNT_LOCAL_IDLE",
}
FORMER_VARIABLES = {"parallel": "FNT_JOBS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The value of a setting and its origin."""

    value: Any
    origin: str


Layers = Sequence[Mapping[str, Found]]


def find_layers(
    *, flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path, folder: Path
) -> Layers:
    """Return all layers of settings, highest precedence first. Raises UsageError, NotFoundError."""
    user_file = folder / USER_FILE
    user = read_toml(user_file)
    given = [
        {
            key: Found(value=value, origin=f"--{key.replace('_', '-')}")
            for key, value in flags.items()
            if value is not None
        },
        {
            key: Found(value=environ[name], origin=name)
            for key, name in (*FORMER_VARIABLES.items(), *VARIABLES.items())
            if environ.get(name)
        },
        _project(cwd, folder=folder),
    ]
    user_values = {key: Found(value=value, origin=str(user_file)) for key, value in user.items()}
    profiles = user_values.pop("profiles", None)
    profile = first([*given, user_values], "profile")
    if profile is not None:
        name = read_value("profile", profile.value, origin=profile.origin)
        given.append(_profile(profiles.value if profiles else {}, name, user_file))
    return [*given, user_values]


def first(layers: Layers, key: str) -> Found | None:
    """Return the value with the highest precedence, or None."""
    return next((layer[key] for layer in layers if key in layer), None)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a settings file; empty if it is missing. Raises UsageError for an unknown key."""
    try:
        text = path.read_text(encoding="utf-8")
        import tomllib  # noqa: PLC0415 -- takes 3 ms, and most users have no such file

        values = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    _refuse_unknown(set(values) - {"profiles"}, where=str(path))
    profiles = values.get("profiles", {})
    if not isinstance(profiles, Mapping):
        raise UsageError(f"{path}: profiles must be tables, as [profiles.work]")
    for name, keys in profiles.items():
        if not isinstance(keys, Mapping):
            raise UsageError(f"{path}: profiles must be tables, as [profiles.work]")
        _refuse_unknown(set(keys), where=f"{path}: [profiles.{name}]", beside={"profile"})
    values = _current(values)
    return values | {"profiles": {name: _current(keys) for name, keys in profiles.items()}}


def _current(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with former names replaced by current ones."""
    former = {FORMER_NAMES[key]: value for key, value in values.items() if key in FORMER_NAMES}
    return former | {key: value for key, value in values.items() if key not in FORMER_NAMES}


def project_file(cwd: Path) -> Path | None:
    """Return the nearest project file, in this folder or a parent."""
    paths = (folder / PROJECT_FILE for folder in (cwd, *cwd.parents))
    return next((path for path in paths if path.is_file()), None)


def trusted_choices(folder: Path) -> dict[str, Any]:
    """Return what each project file may choose, by path: a server, or a table of TRUSTED_KEYS."""
    try:
        values = json.loads((folder / TRUST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def untrusted_choices(path: Path, *, folder: Path) -> dict[str, Any]:
    """Return the TRUSTED_KEYS of a project file that the user has not trusted, or not as such."""
    trusted = trusted_choices(folder).get(str(path.resolve()), {})
    trusted = trusted if isinstance(trusted, dict) else {"server": trusted}
    return {
        key: value
        for key, value in read_toml(path).items()
        if key in TRUSTED_KEYS and (key not in trusted or trusted[key] != value)
    }


def _project(cwd: Path, *, folder: Path) -> dict[str, Found]:
    path = project_file(cwd)
    if path is None:
        return {}
    allowed = PROJECT_KEYS.union(TRUSTED_KEYS) - untrusted_choices(path, folder=folder).keys()
    values = read_toml(path)
    return {k: Found(value=v, origin=str(path)) for k, v in values.items() if k in allowed}


def _profile(profiles: Mapping[str, Any], profile: str, user_file: Path) -> dict[str, Found]:
    name = profile[:40]
    values = profiles.get(profile)
    if values is None:
        raise NotFoundError(
            f"profile {name!r} not found", hint=f"fnt config set --profile {name} server URL"
        )
    origin = f"{user_file} [profiles.{name}]"
    for key, value in values.items():
        read_value(key, value, origin=origin)
    return {key: Found(value=value, origin=origin) for key, value in values.items()}


def _refuse_unknown(
    keys: set[str], *, where: str, beside: set[str] | frozenset[str] = frozenset()
) -> None:
    known = set(READERS) - beside
    if unknown := sorted(keys - known - FORMER_NAMES.keys()):
        raise UsageError(
            f"{where}: {unknown[0]!r} is not a known setting",
            hint=f"known: {', '.join(sorted(known))}",
        )
