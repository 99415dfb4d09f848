"""The answers of models that a step uses: without them, it only asks more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fnt_server.db.connection import Database
from fnt_server.worker.kept_answers import KeptAnswers
from server.records import claim, make_chunked

OURS = "fnt_server.worker.kept_answers"
KEY = "0" * 64
ANSWER = {KEY: ["Le vent tomba."]}


def test_answers_are_kept_up_to_the_limit(database: Database, user_id: int) -> None:
    make_chunked(database, user_id, chunks=1)
    claimed = claim(database)

    KeptAnswers(database, claimed, max_bytes=1000).add(ANSWER)

    assert KeptAnswers(database, claimed, max_bytes=1000).find([KEY]) == ANSWER
    assert KeptAnswers(database, claimed, max_bytes=10).find([KEY]) == {}


def test_what_a_user_has_is_not_summed_up_for_each_step(
    database: Database, user_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_chunked(database, user_id, chunks=1)
    claimed = claim(database)
    trimmed: list[int] = []
    monkeypatch.setattr(f"{OURS}.model_answers.trim", lambda *_, **__: trimmed.append(1))

    for number in range(100):
        KeptAnswers(database, replace(claimed, number=number), max_bytes=1000).find([KEY])

    assert 1 <= len(trimmed) <= 10


def test_with_a_limit_of_0_nothing_is_kept_or_used(database: Database, user_id: int) -> None:
    make_chunked(database, user_id, chunks=1)
    claimed = claim(database)
    KeptAnswers(database, claimed, max_bytes=1000).add(ANSWER)
    off = KeptAnswers(database, claimed, max_bytes=0)

    off.add({"1" * 64: ["Il dormait."]})

    assert off.find([KEY, "1" * 64]) == {}
    assert KeptAnswers(database, claimed, max_bytes=1000).find([KEY, "1" * 64]) == {}


def test_a_step_goes_on_without_them_and_the_log_does_not_quote_them(
    database: Database, user_id: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_chunked(database, user_id, chunks=1)
    claimed = claim(database)
    bare = Database(f"sqlite:///{tmp_path / 'bare.db'}")
    gone = replace(claimed, job_id=claimed.job_id + 1)

    for answers in (
        KeptAnswers(bare, claimed, max_bytes=1000),
        KeptAnswers(database, gone, max_bytes=1000),
    ):
        answers.add(ANSWER)
        assert answers.find([KEY]) == {}

    bare.dispose()
    told = [record.getMessage() for record in caplog.records if record.name == OURS]
    assert [line.split(":")[0] for line in told] == [
        "answers not kept",
        "answers not looked up",
        "answers not kept",
    ]
    assert "vent" not in " ".join(told)
