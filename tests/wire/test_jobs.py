"""The Job: what is written is what was read, and nothing malformed passes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fnt.wire.job_status import TERMINAL, JobStatus
from fnt.wire.jobs import (
    MAX_ERROR_CHARS,
    MAX_FILENAME_CHARS,
    JobSnapshot,
    ProcessingSettings,
)
from fnt.wire.socket_payloads import JobRequest
from fnt.wire.structs import WireError
from fnt.wire.times import format_time

Golden = Callable[[str], Any]
JOBS = ["pending", "processing", "completed", "failed", "cancelled"]
FIELDS = [
    "id",
    "version",
    "status",
    "original_filename",
    "file_size",
    "sha256",
    "page_count",
    "progress_percent",
    "current_step",
    "total_chunks",
    "processed_chunks",
    "failed_chunks",
    "sentence_count",
    "processing_settings",
    "error_message",
    "error_code",
    "attempts",
    "retry_of",
    "created_at",
    "uploaded_at",
    "started_at",
    "completed_at",
    "updated_at",
]
OPTIONAL = [
    "file_size",
    "sha256",
    "page_count",
    "current_step",
    "total_chunks",
    "sentence_count",
    "error_message",
    "error_code",
    "retry_of",
    "uploaded_at",
    "started_at",
    "completed_at",
]

MINIMAL: dict[str, Any] = {
    "id": 1,
    "version": 1,
    "status": "pending",
    "original_filename": "roman.pdf",
    "progress_percent": 0,
    "processed_chunks": 0,
    "failed_chunks": 0,
    "attempts": 0,
    "created_at": "2026-03-02T09:15:04.120Z",
    "updated_at": "2026-03-02T09:15:04.120Z",
}

ODD_TEXTS = st.sampled_from(
    [
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-03-02T09:15:04+99:99",
        "2026-03-02\ud800",
        "\ud800\udfff",
        "pending",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ODD_TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def canonical(payload: object) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, indent=2)


@pytest.mark.parametrize("status", JOBS)
def test_job_written_is_the_job_read(golden: Golden, status: str) -> None:
    payload = golden(f"job_{status}.json")
    job = JobSnapshot.from_wire(payload)

    assert job.status == status
    assert list(payload) == FIELDS
    assert canonical(job.to_wire()) == canonical(payload)


def test_job_golden_says_what_is_read(golden: Golden) -> None:
    """A few fields spelled out, so that a reader and a writer cannot be wrong together."""
    job = JobSnapshot.from_wire(golden("job_failed.json"))

    assert job.id == 2**53 + 1
    assert job.original_filename == "../évadé\x1b[2J [bold]nº 1[/bold].pdf"
    assert job.error_code == "PDF_ENCRYPTED"
    assert job.completed_at == datetime(2026, 3, 2, 9, 15, 5, 400_000, tzinfo=UTC)
    assert job.processing_settings == ProcessingSettings(
        sentence_length_limit=50,
        min_sentence_length=10,
        engine="gemini",
        ignore_dialogue=True,
        preserve_formatting=False,
        fix_hyphenation=False,
    )


@pytest.mark.parametrize("name", ["confirm.json", "upload.json", "join_ack.json"])
def test_answers_carry_the_same_job(golden: Golden, name: str) -> None:
    answer = golden(name)

    assert canonical(JobSnapshot.from_wire(answer["job"]).to_wire()) == canonical(answer["job"])
    assert answer.get("job_id", answer["job"]["id"]) == answer["job"]["id"]
    assert answer.get("status", answer["job"]["status"]) == answer["job"]["status"]


def test_list_answer_holds_jobs_newest_first(golden: Golden) -> None:
    answer = golden("list.json")
    jobs = [JobSnapshot.from_wire(item) for item in answer["jobs"]]

    assert [job.id for job in jobs] == [13, 12]
    assert [canonical(job.to_wire()) for job in jobs] == [canonical(j) for j in answer["jobs"]]
    assert answer["next_cursor"] == str(jobs[-1].id)


def test_job_passes_over_what_it_does_not_know() -> None:
    newer = {
        **MINIMAL,
        "priority": 3,
        "processing_settings": {"sentence_length_limit": 12, "tone": "formal"},
    }

    job = JobSnapshot.from_wire(newer)
    assert job.processing_settings == ProcessingSettings(sentence_length_limit=12)
    assert "priority" not in job.to_wire()


@pytest.mark.parametrize("value", [None, [], "rules", 8])
def test_job_without_settings_has_the_default_ones(value: object) -> None:
    job = JobSnapshot.from_wire({**MINIMAL, "processing_settings": value})

    assert job.processing_settings == ProcessingSettings()


@pytest.mark.parametrize("name", OPTIONAL)
def test_job_optional_field_may_be_null_or_missing(golden: Golden, name: str) -> None:
    payload = golden("job_failed.json")
    without = {key: value for key, value in payload.items() if key != name}

    assert getattr(JobSnapshot.from_wire({**payload, name: None}), name) is None
    assert getattr(JobSnapshot.from_wire(without), name) is None


@pytest.mark.parametrize("name", sorted(MINIMAL))
@pytest.mark.parametrize("value", [None, [], {}, ["x"], 1.0, True])
def test_job_required_field_must_be_right(name: str, value: object) -> None:
    with pytest.raises(WireError, match=f"^{name} "):
        JobSnapshot.from_wire({**MINIMAL, name: value})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("id", "12", "id must be an integer"),
        ("id", -1, "id must not be negative"),
        ("version", 1.5, "version must be an integer"),
        ("version", float("nan"), "version must be an integer"),
        ("status", "done", "status is not a known status"),
        ("status", "PENDING", "status is not a known status"),
        ("status", 3, "status is not a known status"),
        ("original_filename", b"x.pdf", "original_filename must be a string"),
        ("progress_percent", 101, "progress_percent must be 0 to 100"),
        ("progress_percent", -1, "progress_percent must not be negative"),
        ("file_size", "1", "file_size must be an integer"),
        ("page_count", -3, "page_count must not be negative"),
        ("sha256", 0, "sha256 must be a string"),
        ("error_message", {}, "error_message must be a string"),
        ("created_at", "yesterday", r"created_at must be a time \(RFC 3339\)"),
        ("created_at", "", r"created_at must be a time \(RFC 3339\)"),
        ("created_at", "0001-01-01T00:00:00+23:59", r"created_at must be a time \(RFC 3339\)"),
        ("completed_at", 1772442904, r"completed_at must be a time \(RFC 3339\)"),
        (
            "processing_settings",
            {"sentence_length_limit": 0},
            "processing_settings.sentence_length_limit must be 3 to 50",
        ),
    ],
)
def test_job_wrong_value_is_named(name: str, value: object, message: str) -> None:
    with pytest.raises(WireError, match=f"^{message}$"):
        JobSnapshot.from_wire({**MINIMAL, name: value})


@pytest.mark.parametrize("payload", [None, [], "job", 1, [MINIMAL]])
def test_job_must_be_an_object(payload: object) -> None:
    with pytest.raises(WireError, match=r"^a job must be an object$"):
        JobSnapshot.from_wire(payload)


@settings(deadline=None)
@given(payload=JSON)
@example(payload="2026-03-02\ud800")
def test_any_json_is_refused_with_wire_error_alone(payload: object) -> None:
    with pytest.raises(WireError):
        JobSnapshot.from_wire(payload)


@pytest.mark.slow
@settings(deadline=None, max_examples=500)
@example(changes={"id": "2026-03-02\ud800"})
@given(changes=st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1, max_size=3))
def test_job_with_any_field_changed_is_refused_or_read_for_good(changes: dict[str, Any]) -> None:
    payload = json.loads(json.dumps({**MINIMAL, **changes}))

    try:
        job = JobSnapshot.from_wire(payload)
    except WireError:
        return

    written = json.loads(json.dumps(job.to_wire()))
    assert JobSnapshot.from_wire(written).to_wire() == job.to_wire()


@settings(deadline=None)
@given(payload=JSON)
def test_job_id_is_a_positive_integer_or_refused(payload: object) -> None:
    try:
        job_id = JobRequest.from_wire({"job_id": payload}).job_id
    except WireError:
        return

    assert type(job_id) is int
    assert 0 < job_id < 2**63


@pytest.mark.parametrize("value", [0, -1, 2**63, True, "1", 1.0, None, [1], {"job_id": 1}])
def test_job_id_out_of_range_or_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(WireError, match=r"^job_id must be a positive integer$"):
        JobRequest.from_wire({"job_id": value})


@pytest.mark.parametrize("value", [1, 2**63 - 1])
def test_job_id_at_its_bounds_is_read(value: int) -> None:
    assert JobRequest.from_wire({"job_id": value}).job_id == value


def test_time_is_written_in_utc_with_milliseconds() -> None:
    paris = datetime(2026, 7, 14, 1, 30, 0, 987_654, tzinfo=timezone(timedelta(hours=2)))

    assert format_time(paris) == "2026-07-13T23:30:00.987Z"


@pytest.mark.parametrize(
    "text", ["2026-03-02T10:15:04.12+01:00", "2026-03-02T09:15:04.120", "2026-03-02T09:15:04.120Z"]
)
def test_time_is_read_from_any_zone_and_as_utc_without_one(text: str) -> None:
    job = JobSnapshot.from_wire({**MINIMAL, "created_at": text})

    assert job.to_wire()["created_at"] == "2026-03-02T09:15:04.120Z"
    assert job.created_at.tzinfo is UTC


def test_terminal_statuses_are_the_three_ends() -> None:
    assert {s for s in JobStatus if s.is_terminal} == {"completed", "failed", "cancelled"}
    assert {s for s in JobStatus if s.is_terminal} == TERMINAL


def test_job_at_its_longest_is_under_two_kilobytes(golden: Golden) -> None:
    longest = replace(
        JobSnapshot.from_wire(golden("job_failed.json")),
        original_filename="n" * (MAX_FILENAME_CHARS - 4) + ".pdf",
        error_message="e" * MAX_ERROR_CHARS,
        current_step="Processing chunks (4999/5000)",
        sha256="f" * 64,
        id=2**63 - 1,
        version=2**31,
    )

    assert len(json.dumps(longest.to_wire()).encode()) < 2048


@pytest.mark.slow
def test_reading_the_wire_loads_no_typing_extensions() -> None:
    """`typing` has what msgspec looks for in it; loading it takes longer than msgspec itself."""
    code = "import sys, fnt.wire.jobs; sys.exit('typing_extensions' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


def test_what_was_found_out_is_written_only_where_it_is_known(golden: Golden) -> None:
    job = JobSnapshot.from_wire(golden("job_completed.json"))
    found = {
        "warnings": [{"code": "HIDDEN_LAYERS", "pages": "2-3", "message": "2 pages have layers"}],
        "quality": {
            "pieces": 5,
            "end_with_clause": 4,
            "cut_in_clause": 1,
            "with_finite_verb": 3,
        },
    }
    payload = {**job.to_wire(), **found}

    assert not set(found) & set(job.to_wire())
    assert canonical(JobSnapshot.from_wire(payload).to_wire()) == canonical(payload)
    for broken in ({"warnings": [{"code": ""}]}, {"quality": {"pieces": -1}}, {"warnings": 7}):
        with pytest.raises(WireError):
            JobSnapshot.from_wire({**payload, **broken})
