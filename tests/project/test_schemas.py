"""The schemas in docs are those of the structs."""

from __future__ import annotations

from schema_files import job_schema, text_of
from schemas import FOLDER


def test_the_schema_of_the_job_is_current() -> None:
    """Made by `make schemas`."""
    assert (FOLDER / "job.json").read_text(encoding="utf-8") == text_of(job_schema())
