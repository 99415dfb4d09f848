"""Writes the schemas in docs/schemas that are made from the structs (make schemas)."""

from __future__ import annotations

import json
from typing import Any

from fnt.errors import ExitCode
from fnt.wire.jobs import JobSnapshot, ProcessingSettings
from fnt.wire.json_schema import components
from fnt.wire.problems import Problem
from schemas import FOLDER


def job_schema() -> dict[str, Any]:
    """Return the schema of the Job, with what the documents around it refer to."""
    written = (JobSnapshot, ProcessingSettings, Problem)
    found = components(written, ref_template="#/$defs/{name}", written=written)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found.pop("JobSnapshot"),
        "title": "Job",
        "$defs": {
            **found,
            "problem": {"anyOf": [{"$ref": "#/$defs/Problem"}, {"type": "null"}]},
            "exit_code": {"enum": sorted(map(int, ExitCode))},
        },
    }


def text_of(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (FOLDER / "job.json").write_text(text_of(job_schema()), encoding="utf-8")
