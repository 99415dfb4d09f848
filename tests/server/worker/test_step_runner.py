"""The runner of steps: how long one wakeup keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.storage.object_store import Storage
from fnt_server.worker.step_runner import StepRunner
from server.jobs.test_reaper import RecordingPublisher
from server.records import FILE, make_job


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
