"""Declares settings as dataclass fields, and reads them from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, TypeVar

N = TypeVar("N", int, float)
T = TypeVar("T")

_READER = "reader"


class ConfigError(Exception):
    """An invalid setting; the message is one line that names it."""


def number(name: str, default: N, low: N, high: N, *, unit: int = 1) -> N:
    """Declare a number: its variable, default and bounds, counted in `unit`s."""

    def read(environ: Mapping[str, str]) -> N:
        text = environ.get(name)
        if not text:
            return default * unit
        try:
            value = type(default)(text)
        except ValueError:
            raise ConfigError(f"{name} must be a number, not {text[:40]!r}") from None
        if not low <= value <= high:
            raise ConfigError(f"{name} must be {low} to {high}, not {text.strip()[:40]}")
        return value * unit

    setting: N = field(default=default * unit, metadata={_READER: read})
    return setting


def choice(name: str, *words: str) -> str:
    """Declare a word, one of these; the first is the default."""

    def read(environ: Mapping[str, str]) -> str:
        word = environ.get(name) or words[0]
        if word not in words:
            raise ConfigError(f"{name} must be {' or '.join(words)}, not {word[:40]!a}")
        return word

    setting: str = field(default=words[0], metadata={_READER: read})
    return setting


def words(name: str, *allowed: str) -> tuple[str, ...]:
    """Declare a comma-separated choice of these words; all of them are the default."""

    def read(environ: Mapping[str, str]) -> tuple[str, ...]:
        chosen = (environ.get(name) or "").replace(",", " ").split()
        for word in chosen:
            if word not in allowed:
                raise ConfigError(
                    f"{name} may list {' and '.join(allowed)}, separated by commas, "
                    f"not {word[:40]!a}"
                )
        return tuple(word for word in allowed if word in chosen) or allowed

    setting: tuple[str, ...] = field(default=allowed, metadata={_READER: read})
    return setting


def read_section(kind: type[T], environ: Mapping[str, str]) -> T:
    """Read the settings of one topic; raises ConfigError."""
    return kind(**read_settings(kind, environ))


def read_settings(kind: type, environ: Mapping[str, str]) -> dict[str, Any]:
    """Read those fields of a dataclass that are declared as settings; raises ConfigError."""
    readers = {setting.name: setting.metadata.get(_READER) for setting in fields(kind)}
    return {name: read(environ) for name, read in readers.items() if read}
