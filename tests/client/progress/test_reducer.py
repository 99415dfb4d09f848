"""The progress reducer: examples, and properties for any order of updates."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MOMENT, make_snapshot
from fnt.progress import (
    Accepted,
    LinkState,
    LinkStatus,
    ProgressState,
    Refused,
    RetiredCounts,
    Row,
    RowsRetired,
    Saved,
    SaveFailed,
    UploadProgress,
    is_newer,
    reduce,
    run_left_s,
    time_left_s,
)
from fnt.wire.job_status import JobStatus
from fnt.wire.times import Time

DONE = JobStatus.COMPLETED
KEY = "job:12"


def fold(*updates, state=None):
    state = state or ProgressState()
    for now, update in enumerate(updates):
        state = reduce(state, update, now=float(now))
    return state


def sending(sent=0, size=100):
    return UploadProgress(key="a", title="a.pdf", sent_bytes=sent, size_bytes=size)


REFUSED = Refused(key="a", title="a.pdf", message="not a PDF")


def test_job_gets_a_row():
    state = fold(make_snapshot())

    assert list(state.rows) == [KEY]
    assert state.row_of(12).title == "novel.pdf"
    assert state.row_of(13) is None


@pytest.mark.parametrize("version", [1, 2])
def test_job_late_or_repeated_changes_nothing(version):
    state = fold(make_snapshot(version=2, progress_percent=40))

    assert reduce(state, make_snapshot(version=version, progress_percent=50), now=9) is state


def test_job_end_is_final():
    state = fold(make_snapshot(status=DONE, progress_percent=100))

    assert reduce(state, make_snapshot(version=9, status=JobStatus.FAILED), now=9) is state
    assert state.is_done
    assert state.rows[KEY].ended_at == 0
    assert not state.rows[KEY].is_failed


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
def test_job_without_result_is_failed(status):
    assert fold(make_snapshot(status=status)).rows[KEY].is_failed


def test_job_percent_never_falls():
    state = fold(make_snapshot(progress_percent=40), make_snapshot(version=2, progress_percent=35))

    assert state.rows[KEY].job.progress_percent == 40
    assert state.rows[KEY].job.version == 2


def test_upload_grows_and_becomes_a_job():
    state = fold(sending(10), sending(60), sending(30), Accepted(key="a", job=make_snapshot()))

    row = state.rows["a"]
    assert (row.sent_bytes, row.size_bytes, row.job.id) == (100, 100, 12)
    assert state.row_of(12) is row


def test_upload_in_between_does_not_go_back():
    state = fold(sending(60), sending(30))

    assert state.rows["a"].sent_bytes == 60


def test_upload_progress_after_the_job_is_ignored():
    state = fold(sending(10), Accepted(key="a", job=make_snapshot()))

    assert reduce(state, sending(20), now=9) is state
    assert reduce(state, Accepted(key="a", job=make_snapshot()), now=9) is state


def test_upload_accepted_without_news_of_it():
    assert fold(Accepted(key="a", job=make_snapshot())).rows["a"].title == "novel.pdf"


def test_refused_is_an_end():
    state = fold(sending(10), REFUSED)

    assert state.is_done
    assert state.rows["a"].is_failed
    assert reduce(state, REFUSED, now=9) is state
    assert reduce(state, sending(20), now=9) is state


def test_refused_before_any_news():
    assert fold(REFUSED).rows["a"].refused is REFUSED


def test_saved_and_save_failed_belong_to_their_row():
    ended = make_snapshot(status=DONE)
    saved = Saved(job_id=12, path=Path("a.txt"))
    failed = SaveFailed(job_id=12, message="disk full")

    state = fold(ended, saved, failed)

    assert state.rows[KEY].saved == (Path("a.txt"),)
    assert state.rows[KEY].save_error == "disk full"
    assert reduce(state, saved, now=9) is state
    assert reduce(state, failed, now=9) is state
    assert reduce(ProgressState(), saved, now=9) == ProgressState()
    assert reduce(ProgressState(), failed, now=9) == ProgressState()


def test_link_is_kept():
    live = LinkState(status=LinkStatus.LIVE)
    state = fold(live)

    assert state.link is live
    assert reduce(state, LinkState(status=LinkStatus.LIVE), now=9) is state


def chunk(number, **changes):
    facts = {"total_chunks": 8, "processed_chunks": number, "progress_percent": 15 + 7 * number}
    return make_snapshot(version=number + 1, **{**facts, **changes})


def test_time_left_follows_the_average_pace():
    row = fold(*map(chunk, range(5))).rows[KEY]

    assert time_left_s(row, now=4) == pytest.approx(4)
    assert time_left_s(row, now=5) == pytest.approx(3)
    assert time_left_s(row, now=99) == 0


def test_time_left_is_unknown_until_the_pace_is_steady():
    few = fold(*map(chunk, range(3))).rows[KEY]
    soon = ProgressState()
    for number in range(6):
        soon = reduce(soon, chunk(number), now=number / 2)

    assert time_left_s(few, now=2) is None
    assert time_left_s(soon.rows[KEY], now=3) is None
    assert time_left_s(fold(sending(3)).rows["a"], now=1) is None
    assert time_left_s(fold(*map(chunk, range(5)), chunk(7, status=DONE)).rows[KEY], now=9) is None


def test_time_left_of_a_run_counts_what_waits_and_leaves_out_what_failed():
    state = ProgressState(started_at=10.0, pending=5 + 2)
    for number in range(4):
        job = make_snapshot(id=number, version=9, status=DONE if number else JobStatus.FAILED)
        state = reduce(state, job, now=20)
    state = reduce(state, make_snapshot(id=9, progress_percent=50), now=20)

    assert run_left_s(state, now=24) == pytest.approx(2.5 * 14 / 3.5)
    assert run_left_s(state, now=14) is None  # too soon
    assert run_left_s(ProgressState(pending=9), now=99) is None


def test_a_row_has_taken_as_long_as_its_file_is_known_to_the_server():
    ended_at = Time.of(MOMENT + timedelta(seconds=42))
    late = make_snapshot(
        version=9, status=DONE, uploaded_at=MOMENT, updated_at=ended_at, completed_at=ended_at
    )

    assert reduce(ProgressState(), late, now=100).rows[KEY].elapsed_s(500) == 42


def test_a_row_takes_no_time_before_its_first_byte_is_sent():
    def sent(number):
        return UploadProgress(key="a", title="a", sent_bytes=number, size_bytes=9)

    state = ProgressState()
    for now, update in ((0, sent(0)), (50, sent(4)), (60, sent(9))):
        state = reduce(state, update, now=now)

    assert state.rows["a"].elapsed_s(65) == 15


def test_row_that_is_not_done_has_not_failed():
    assert not Row(key="a", title="a", started_at=0, changed_at=0).is_failed


def test_newer_is_decided_by_version_alone():
    job = make_snapshot(version=3)

    assert is_newer(None, job)
    assert is_newer(job, job.replaced(version=4))
    assert not is_newer(job, job.replaced(version=3))
    assert not is_newer(job.replaced(status=DONE), job.replaced(version=4))


@st.composite
def histories(draw):
    """Snapshots of one job with increasing percentages, the last one final."""
    steps = draw(st.integers(1, 12))
    percents = sorted(draw(st.lists(st.integers(0, 99), min_size=steps, max_size=steps)))
    end = draw(st.sampled_from([DONE, JobStatus.FAILED, JobStatus.CANCELLED]))
    running = [
        make_snapshot(version=n, progress_percent=p, processed_chunks=n)
        for n, p in enumerate(percents)
    ]
    return [*running, make_snapshot(version=steps, status=end, progress_percent=100)]


@st.composite
def deliveries(draw):
    """A history with updates lost, duplicated, or late, but with the final one delivered."""
    history = draw(histories())
    arrived = draw(st.lists(st.sampled_from(history), max_size=30))
    position = draw(st.integers(0, len(arrived)))
    return history, [*arrived[:position], history[-1], *arrived[position:]]


@given(deliveries())
def test_any_delivery_ends_as_the_record_does(delivery):
    history, arrived = delivery
    row = fold(*arrived).rows[KEY]

    assert row.job == history[-1]
    assert row.is_done


@given(deliveries())
def test_any_delivery_never_shows_a_fall_and_ends_once(delivery):
    state, shown, ends = ProgressState(), [], 0
    for now, update in enumerate(delivery[1]):
        before = state.rows.get(KEY)
        state = reduce(state, update, now=float(now))
        row = state.rows[KEY]
        shown.append((row.job.version, row.job.progress_percent))
        ends += row.is_done and not (before and before.is_done)

    assert shown == sorted(shown)
    assert [percent for _, percent in shown] == sorted(percent for _, percent in shown)
    assert ends == 1


@given(deliveries(), st.data())
def test_any_interleaving_of_two_jobs_is_the_same_as_each_alone(delivery, data):
    _, first = delivery
    second = [job.replaced(id=99) for job in data.draw(deliveries())[1]]
    state, waiting = ProgressState(), [list(first), list(second)]
    while any(waiting):
        source = data.draw(st.sampled_from([queue for queue in waiting if queue]))
        state = reduce(state, source.pop(0), now=0.0)

    assert state.row_of(12).job == fold(*first).rows[KEY].job
    assert state.row_of(99).job == fold(*second).rows["job:99"].job


@given(deliveries())
def test_any_delivery_after_an_upload_fills_the_same_row(delivery):
    history, arrived = delivery
    state = fold(sending(10), Accepted(key="a", job=history[0]), *arrived)

    assert list(state.rows) == ["a"]
    assert state.rows["a"].job == history[-1]


def test_cleared_rows_leave_and_are_counted():
    state = ProgressState(pending=3)
    for number, status in enumerate((JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)):
        job = make_snapshot(id=number, status=status, version=9)
        state = reduce(state, Accepted(key=str(number), job=job), now=1)
    state = reduce(state, Refused(key="r", title="r", message="no"), now=1)
    state = reduce(state, Accepted(key="live", job=make_snapshot(id=7)), now=1)
    assert (state.count, state.pending) == (5, 0)

    cleared = reduce(state, RowsRetired(keys=("0", "1", "2", "r", "live", "none")), now=2)

    assert list(cleared.rows) == ["live"]
    assert list(cleared.keys_by_job) == [7]
    assert cleared.retired == RetiredCounts(completed=1, failed=1, refused=1, cancelled=1)
    assert cleared.count == 5
    assert reduce(cleared, RowsRetired(keys=("0",)), now=3) is cleared
