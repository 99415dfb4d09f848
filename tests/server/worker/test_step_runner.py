"""The runner of steps: how long one wakeup keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.jobs import worker_registry
from fnt_server.sandbox.pipeline_process import PipelineProcess
from fnt_server.storage.object_store import Storage
from fnt_server.worker import step_runner
from fnt_server.worker.step_runner import StepRunner
from pdfs import make_bomb, make_pdf
from server.jobs.test_reaper import RecordingPublisher
from server.records import FILE, fetch, make_job


@pytest.mark.parametrize(("needs_recycling", "claimed"), [(False, 2), (True, 1)])
def test_a_wakeup_runs_steps_until_none_is_ready_or_the_process_needs_recycling(
    database: Database,
    user_id: int,
    storage: Storage,
    tmp_path: Path,
    needs_recycling: bool,
    claimed: int,
) -> None:
    config = Config.from_env({"FNT_DATA_DIR": str(tmp_path)})
    publisher: Any = RecordingPublisher()
    storage.put(FILE.key, [b"%PDF-1.4 no book"])
    for _ in range(2):
        make_job(database, user_id)
    runner = StepRunner(
        config, database=database, storage=storage, publisher=publisher, owner="w",
        needs_recycling=lambda: needs_recycling,
    )  # fmt: skip

    assert runner.run_ready() == claimed
    runner.close()


def test_a_document_without_end_fails_when_its_budget_is_used_up(
    database: Database, user_id: int, storage: Storage, tmp_path: Path
) -> None:
    config = Config.from_env({"FNT_DATA_DIR": str(tmp_path)})
    config = replace(config, pdfs=replace(config.pdfs, cpu_s=1))
    publisher: Any = RecordingPublisher()
    storage.put(FILE.key, [make_bomb()])
    job = make_job(database, user_id)
    runner = StepRunner(
        config, database=database, storage=storage, publisher=publisher, owner="w"
    )  # fmt: skip

    runner.run_ready()
    runner.close()

    ended = fetch(database, job.id)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, JobErrorCode.PDF_LIMIT)


@pytest.mark.parametrize(("slots", "wakeups"), [(0, 1), (2, 2), (40, 4)])
def test_an_analyzed_book_wakes_each_slot_once_at_most(
    database: Database,
    user_id: int,
    storage: Storage,
    tmp_path: Path,
    slots: int,
    wakeups: int,
) -> None:
    publisher: Any = RecordingPublisher()
    storage.put(FILE.key, [make_pdf(pages=4)])
    make_job(database, user_id)
    if slots:
        worker_registry.heartbeat(database, "w", slots=slots)
    runner = StepRunner(
        Config.from_env({"FNT_DATA_DIR": str(tmp_path)}), database=database, storage=storage,
        publisher=publisher, owner="w", needs_recycling=lambda: True,
    )  # fmt: skip

    runner.run_ready()
    runner.close()

    assert publisher.rings == wakeups


@pytest.mark.parametrize(("slots", "helps"), [(1, False), (2, True)])
def test_half_of_a_book_is_read_by_a_helper_while_another_slot_is_free(
    database: Database,
    user_id: int,
    storage: Storage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    slots: int,
    helps: bool,
) -> None:
    halves = []

    def read_half(process: PipelineProcess, path: Path, keep_going: Callable[[], bool]) -> Any:
        halves.append(path)
        return original(process, path, keep_going)

    original = PipelineProcess.read_half
    monkeypatch.setattr(PipelineProcess, "read_half", read_half)
    monkeypatch.setattr(step_runner, "HELPED_BYTES", 0)
    config = Config.from_env({"FNT_DATA_DIR": str(tmp_path), "FNT_WORKERS": str(slots)})
    publisher: Any = RecordingPublisher()
    storage.put(FILE.key, [make_pdf(pages=4)])
    job = make_job(database, user_id)
    runner = StepRunner(
        config, database=database, storage=storage, publisher=publisher, owner="w.1"
    )  # fmt: skip

    runner.run_ready()
    runner.close()

    assert fetch(database, job.id).status == JobStatus.COMPLETED
    assert bool(halves) is helps
