"""What scripts read, held to the schemas in docs/schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"


@cache
def _validator(name: str) -> Any:
    schemas = {path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    registry: Any = Registry().with_resources(
        [(key, Resource.from_contents(schema)) for key, schema in schemas.items()]
    )
    Draft202012Validator.check_schema(schemas[name])
    return Draft202012Validator(schemas[name], registry=registry)


def read_document(text: str) -> dict[str, Any]:
    """Read what --json wrote: one line, one document."""
    assert text.count("\n") == 1, text
    document: dict[str, Any] = json.loads(text)
    _validator("document.json").validate(document)
    return document


def read_events(text: str) -> list[dict[str, Any]]:
    """Read what --jsonl wrote: numbered events, the last and only it says how the run ended."""
    events = [json.loads(line) for line in text.splitlines()]
    for event in events:
        _validator("event.json").validate(event)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["type"] for event in events]
    assert (kinds[-1], kinds.count("run.finished")) == ("run.finished", 1)
    return events
