"""What the workers find out about a book and its pieces, from the steps to the Job."""

from __future__ import annotations

import pytest

from fnt.wire.jobs import JobWarning, PieceQuality
from fnt.wire.structs import UNSET
from fnt_server.db.connection import Database
from fnt_server.jobs import queries, step_results
from fnt_server.jobs.findings import BookFindings
from server.records import claim, complete_merge, fetch, make_job, plan

WARNING = JobWarning(code="HIDDEN_LAYERS", pages="2", message="1 page has layers")
FOUND = BookFindings(title="Le Bac", author="Anne Kervran", warnings=(WARNING,))
QUALITY = PieceQuality(pieces=5, end_with_clause=4, cut_in_clause=1, with_finite_verb=3)


def run(
    database: Database,
    user_id: int,
    *,
    found: BookFindings | None,
    qualities: list[PieceQuality | None],
) -> int:
    job, analysis = make_job(database, user_id), claim(database)
    count = len(qualities)
    step_results.record_page_count(database, analysis, page_count=count, chunks=count)
    step_results.complete_analysis(database, analysis, plan(count), found=found)
    for quality in qualities:
        step_results.complete_chunk(
            database, claim(database), output_key="out", sentence_count=5, quality=quality
        )
    complete_merge(database, claim(database))
    return job.id


def test_what_was_found_is_in_the_job_and_the_names_are_not(
    database: Database, user_id: int
) -> None:
    job = fetch(database, run(database, user_id, found=FOUND, qualities=[QUALITY, QUALITY]))

    shown = queries.snapshot(job)

    assert shown.warnings == (WARNING,)
    assert shown.quality == PieceQuality(
        pieces=10, end_with_clause=8, cut_in_clause=2, with_finite_verb=6
    )
    assert "Kervran" not in str(shown.to_wire())
    assert BookFindings.of_row(job.findings) == FOUND


@pytest.mark.parametrize("qualities", [[None, None], [QUALITY, None]])
def test_what_earlier_workers_do_not_tell_is_absent(
    database: Database, user_id: int, qualities: list[PieceQuality | None]
) -> None:
    job = fetch(database, run(database, user_id, found=None, qualities=qualities))

    wire = queries.snapshot(job).to_wire()

    assert not {"warnings", "quality"} & set(wire)
    assert queries.snapshot(job).quality is UNSET
    assert (job.findings, job.quality) == (None, None)
