"""Writes the schemas in docs/schemas, made from the structs (make schemas)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fnt.errors import ExitCode
from fnt.wire.documents import (
    BatchReport,
    BookRecord,
    CheckedFile,
    DoctorCheck,
    Document,
    FileProblem,
    JobReport,
    PlannedUpload,
    RunCounts,
)
from fnt.wire.jobs import JobSnapshot, ProcessingSettings
from fnt.wire.json_schema import components
from fnt.wire.problems import Problem
from fnt.wire.run_events import RUN_EVENTS
from fnt.wire.structs import WireStruct
from schemas import FOLDER

DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
DOCUMENT = (
    Document, JobReport, RunCounts, PlannedUpload, CheckedFile, FileProblem, DoctorCheck,
    BatchReport, BookRecord,
)  # fmt: skip
JOB = (JobSnapshot, ProcessingSettings, Problem)


def job_schema() -> dict[str, Any]:
    """Return the schema of the Job, with what the documents around it refer to."""
    found = components(JOB, ref_template="#/$defs/{name}", written=JOB)
    return {
        **DIALECT,
        **found.pop("JobSnapshot"),
        "title": "Job",
        "$defs": {**found, "exit_code": {"enum": sorted(map(int, ExitCode))}},
    }


def document_schema() -> dict[str, Any]:
    """Return the schema of what --json writes; an error goes with an exit code, and only so."""
    found = _beside_job(DOCUMENT)
    return {
        **DIALECT,
        **found.pop("Document"),
        "title": "The document of --json",
        "if": {"properties": {"ok": {"const": True}}},
        "then": {"properties": {"exit_code": {"const": 0}, "error": {"type": "null"}}},
        "else": {
            "properties": {"exit_code": {"not": {"const": 0}}, "error": {"type": "object"}},
        },
        "$defs": found,
    }


def event_schema() -> dict[str, Any]:
    """Return the schema of a line of --jsonl; the type tells the rest."""
    found = _beside_job(RUN_EVENTS)
    return {
        **DIALECT,
        "title": "One event of --jsonl",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in RUN_EVENTS],
        "$defs": found,
    }


def _beside_job(kinds: Sequence[type[WireStruct]]) -> dict[str, Any]:
    """Return schemas that refer to job.json for what stands there."""
    found = components(kinds, ref_template="#/$defs/{name}", written=kinds)
    for schema in found.values():
        if "exit_code" in schema.get("properties", {}):
            schema["properties"]["exit_code"] = {"$ref": "job.json#/$defs/exit_code"}
    elsewhere = job_schema()["$defs"].keys() | {JobSnapshot.__name__}
    text = json.dumps({name: schema for name, schema in found.items() if name not in elsewhere})
    for name in elsewhere:
        target = "job.json" if name == JobSnapshot.__name__ else f"job.json#/$defs/{name}"
        text = text.replace(f'"#/$defs/{name}"', f'"{target}"')
    kept: dict[str, Any] = json.loads(text)
    return kept


SCHEMAS = {
    "job.json": job_schema,
    "document.json": document_schema,
    "event.json": event_schema,
}


def text_of(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, schema in SCHEMAS.items():
        (FOLDER / name).write_text(text_of(schema()), encoding="utf-8")
