"""The base of everything that travels: declared once, read, checked and written by msgspec."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from fnt.wire.times import Time, format_time

if "typing_extensions" not in sys.modules:
    # It would take two thirds of the import, and `typing` has all that msgspec looks for in it.
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # this is how to say "absent"
    import msgspec

    del sys.modules["typing_extensions"]
else:
    import msgspec


Meta = msgspec.Meta
UnsetType = msgspec.UnsetType
force_setattr = msgspec.structs.force_setattr
encode_json = msgspec.json.encode
format_json = msgspec.json.format
UNSET = msgspec.UNSET
"""Of a field that is left out when it is written."""

REFUSED = (msgspec.ValidationError, ValueError, RecursionError)
"""What msgspec raises for a value that is not of a type; UnicodeError for a lone surrogate."""


class WireError(ValueError):
    """A payload that is not what the contract says; the message names the field."""


class WireStruct(msgspec.Struct, frozen=True, kw_only=True):
    """An object on the wire. Fields it does not know are passed over: a newer peer may send them.

    `msgspec.Meta(extra={"says": …})` of a field replaces the sentence that tells what it must be,
    `{"bounds": …}` only the one for a string of a wrong length or pattern.
    """

    described: ClassVar[str] = "the payload"
    root: ClassVar[str] = ""
    """What stands before the name of a field when the struct is read by itself."""
    wording: ClassVar[str] = "{name} {problem}"

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Read a JSON value; raises WireError naming the field that is missing or wrong."""
        if cls not in _PREPARED:
            _prepare(cls)
        try:
            return msgspec.convert(payload, cls, dec_hook=read_custom)
        except REFUSED as error:
            from fnt.wire.complaints import complaint  # noqa: PLC0415 -- needed only when refused

            raise WireError(complaint(cls, payload)) from error

    def replaced(self, **changes: Any) -> Self:
        """Return the same object with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object, with its keys in the order of the fields."""
        wire: dict[str, Any] = msgspec.to_builtins(
            self,
            builtin_types=(datetime,),  # written by whoever has it as Time, by nobody otherwise
            enc_hook=write_custom,
        )
        return wire


_PREPARED: set[type[WireStruct]] = set()
_PREPARING = threading.Lock()


def _prepare(kind: type[WireStruct]) -> None:
    """Let msgspec look up the types of the fields, by one thread.

    It does so when a struct is first read; a second thread that reads it meanwhile crashes the
    process (msgspec 0.22).
    """
    with _PREPARING:
        with suppress(*REFUSED):
            msgspec.convert(None, kind, dec_hook=read_custom)
        _PREPARED.add(kind)


def read_custom(kind: type, value: Any) -> Any:
    """Read what msgspec does not know: Time, from any zone and as UTC without one."""
    if kind is not Time:
        raise NotImplementedError
    try:
        moment = Time.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


def write_custom(value: Any) -> str:
    """Write what msgspec does not know: Time."""
    if not isinstance(value, Time):
        raise NotImplementedError
    return format_time(value)


def knows(kind: type[WireStruct], payload: Mapping[Any, Any]) -> str | None:
    """Return the first name in a payload that the struct does not have."""
    return next((str(name) for name in payload if name not in kind.__struct_fields__), None)
