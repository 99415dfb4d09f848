"""JSON Schemas (2020-12) of what travels, made from the structs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fnt.wire.structs import WireStruct
from fnt.wire.times import Time


def components(
    kinds: Iterable[type[WireStruct]], *, ref_template: str, written: Iterable[type[WireStruct]]
) -> dict[str, Any]:
    """Return the schema of each struct by its name; of `written` ones every field is required.

    A writer leaves out only what is UNSET; a reader takes a default for what is missing.
    """
    _, schemas = msgspec.json.schema_components(
        kinds, schema_hook=_custom_schema, ref_template=ref_template
    )
    for kind in written:
        schemas[kind.__name__]["required"] = [
            field.encode_name
            for field in msgspec.structs.fields(kind)
            if field.default is not msgspec.UNSET
        ]
    return schemas


def _custom_schema(kind: type) -> dict[str, Any]:
    if kind is not Time:
        raise NotImplementedError
    pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
    return {"type": "string", "format": "date-time", "pattern": pattern}
