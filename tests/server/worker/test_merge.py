"""What a worker makes of the sentences that pipeline processes wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.db.models import Job
from fnt_server.jobs import step_results
from fnt_server.storage.object_store import Storage
from fnt_server.worker import step_runner
from fnt_server.worker.step_runner import StepRunner
from server.jobs.test_reaper import RecordingPublisher
from server.records import claim, fetch, make_chunked

SENTENCE = {"text": "Il vint.", "words": 2, "page": 1, "chapter": None, "engine": "rules"}
Merge = Callable[[bytes], Job]


@pytest.fixture
def merge(database: Database, user_id: int, storage: Storage, tmp_path: Path) -> Iterator[Merge]:
    """Return a function that merges one chunk, as a worker does."""
    publisher: Any = RecordingPublisher()
    runner = StepRunner(
        Config.from_env({"FNT_DATA_DIR": str(tmp_path)}), database=database, storage=storage,
        publisher=publisher, owner="w",
    )  # fmt: skip

    def run(lines: bytes) -> Job:
        job = make_chunked(database, user_id, chunks=1)
        storage.put("chunk", [lines])
        step_results.complete_chunk(
            database, claim(database), output_key="chunk", sentence_count=lines.count(b"\n")
        )
        runner.run_ready()
        return fetch(database, job.id)

    yield run
    runner.close()


def lines_of(*sentences: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in sentences)


def test_sentences_become_a_result(merge: Merge) -> None:
    job = merge(lines_of({**SENTENCE, "source": "Il vint, la nuit."}, SENTENCE))

    assert (job.status, job.sentence_count) == (JobStatus.COMPLETED, 2)


def test_a_small_result_makes_no_huge_download(
    merge: Merge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_runner, "MAX_DOWNLOAD_BYTES", 1 << 20)
    lines = lines_of({**SENTENCE, "source": "x" * 10_000}, *[SENTENCE] * 200)

    job = merge(lines)

    assert len(lines) < 1 << 15
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.PDF_LIMIT)


@pytest.mark.parametrize(
    "line",
    [
        b"{}\n",
        b"no JSON\n",
        b"[1]\n",
        b"7\n",
        b"[" * 100_000 + b"\n",
        lines_of(SENTENCE),
        lines_of({**SENTENCE, "source": 7}),
        lines_of({**SENTENCE, "source": "x", "page": "one"}),
        lines_of({**SENTENCE, "source": "\ud800"}, SENTENCE),
    ],
    ids=["empty", "text", "list", "number", "deep", "no source", "source", "page", "surrogate"],
)
def test_what_is_no_sentence_does_not_become_a_result(merge: Merge, line: bytes) -> None:
    job = merge(line)

    assert (job.status, job.error_code) == (JobStatus.FAILED, JobErrorCode.PDF_DAMAGED)
