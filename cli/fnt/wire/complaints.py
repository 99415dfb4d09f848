"""Why a payload is refused, in our words: the first field that is wrong, and what it must be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from fnt.wire.structs import REFUSED, WireStruct, read_custom


def complaint(kind: type[WireStruct], payload: object) -> str:
    """Return a sentence about the first wrong field of a payload that `kind` does not take."""
    return _struct_complaint(kind, payload, "")


def _struct_complaint(kind: type[WireStruct], payload: object, where: str) -> str:
    if not isinstance(payload, Mapping):
        return f"{where.rstrip('.') or kind.described} must be an object"
    for name, is_required, hint in _fields(kind):
        value = payload.get(name)
        if (name in payload or is_required) and not _fits(value, hint):
            return _value_complaint(hint, value, f"{where or kind.root}{name}", kind)
    return f"{kind.described} is invalid"


@cache
def _fields(kind: type[WireStruct]) -> tuple[tuple[str, bool, Any], ...]:
    """Return the name, whether it is required, and the type of each field: once, it takes 3 ms."""
    hints = get_type_hints(kind, include_extras=True)
    fields = inspect.type_info(kind).fields  # type: ignore[attr-defined]  # of a struct
    return tuple((field.encode_name, field.required, hints[field.name]) for field in fields)


def _value_complaint(hint: Any, value: object, name: str, owner: type[WireStruct]) -> str:
    kind = _without_none(hint)
    said = _extra(kind).get("says")
    if said:
        return owner.wording.format(name=name, problem=said)
    if isinstance(kind, type) and issubclass(kind, WireStruct):
        return _struct_complaint(kind, value, f"{name}.")
    if get_origin(kind) is list and isinstance(value, list):
        item_kind = get_args(kind)[0]
        for number, item in enumerate(value):
            if not _fits(item, item_kind):
                return _value_complaint(item_kind, item, f"{name}[{number}]", owner)
    return owner.wording.format(name=name, problem=_problem(kind, value))


def _fits(value: object, hint: Any) -> bool:
    try:
        msgspec.convert(value, hint, dec_hook=read_custom)
    except REFUSED:
        return False
    return True


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, UnionType}:
        return next(kind for kind in get_args(hint) if kind not in {NoneType, msgspec.UnsetType})
    return hint


def _problem(hint: Any, value: object) -> str:
    bounds = isinstance(value, str) and _extra(hint).get("bounds")
    info = inspect.type_info(hint)
    if isinstance(info, inspect.Metadata):
        info = info.type
    return bounds or f"must {_requirement(info, value)}"


def _extra(hint: Any) -> dict[str, str]:
    info = inspect.type_info(hint)
    return (info.extra or {}) if isinstance(info, inspect.Metadata) else {}


def _requirement(info: inspect.Type, value: object) -> str:
    match info:
        case inspect.IntType():
            return _integer_requirement(info, value)
        case inspect.FloatType():
            return "be a number"
        case inspect.BoolType():
            return "be true or false"
        case inspect.EnumType(cls=choices):
            return f"be one of: {', '.join(choices)}"
        case inspect.LiteralType(values=values):
            return f"be one of: {', '.join(map(str, values))}"
        case inspect.CustomType():
            return "be a time (RFC 3339)"
    return {inspect.StrType: "be a string", inspect.ListType: "be a list"}.get(
        type(info), "be an object"
    )


def _integer_requirement(info: inspect.IntType, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return "be an integer"
    if info.ge == 0 and value < 0:
        return "not be negative"
    return f"be {info.ge} to {info.le}"
