"""The session: uploads and watches, on reliable and unreliable connections."""

from __future__ import annotations

import hashlib
import random
import threading
from dataclasses import replace

import httpx
import pytest

from builders import make_snapshot
from fakes import SERVER, FakeHub, FakeServer, Script, refusal
from fnt.api.client import ApiClient
from fnt.api.retry import Retry
from fnt.errors import AuthError, ExitCode, ProtocolError, TemporaryError, UsageError
from fnt.progress import (
    Accepted,
    LinkState,
    LinkStatus,
    ProgressState,
    Refused,
    UploadProgress,
    reduce,
)
from fnt.session import ReconnectTiming, Session, UploadItem, UploadRetry, WatchOptions
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings

pytestmark = pytest.mark.timeout(30)

QUICK = ReconnectTiming(
    tick_s=0.01,
    overlap_s=5,
    backoff_s=0.005,
    backoff_cap_s=0.01,
    busy_cap_s=0.01,
    silence_s=60,
    answer_s=20,
    poll_after_s=60,
    poll_s=0.01,
    poll_cap_s=0.02,
)
QUICK_RETRY = UploadRetry(pause_cap_s=0.01)
NO_SOCKET = TemporaryError("no live connection")
POLL = WatchOptions(transport="poll")
DONE = {"status": JobStatus.COMPLETED, "progress_percent": 100}


class World:
    """A server, its sockets and a session that uses both."""

    def __init__(self, *jobs, timing=QUICK, retry=QUICK_RETRY, transport=None, make_auth=None):
        self.server = FakeServer(*jobs)
        self.hub = FakeHub(self.server)
        self.api = ApiClient(
            SERVER,
            auth=None,
            transport=transport or self.server.transport,
            retry=Retry(tries=2, sleep=lambda _: None),
        )
        self.session = Session(
            self.api,
            open_stream=self.hub.open,
            random=random.Random(7).random,
            timing=timing,
            upload_retry=retry,
        )

    def change(self, job_id=12, **changes):
        """Store the next version of a job without sending an event."""
        job = self.server.jobs[job_id]
        self.server.set(job.replaced(version=job.version + 1, **changes))
        return self.server.jobs[job_id]

    def tell(self, job_id=12, **changes):
        """Change a job and send an event over the newest socket."""
        job = self.change(job_id, **changes)
        self.hub.streams[-1].news(job.to_wire())
        return job


@pytest.fixture
def make_world():
    worlds = []

    def make(*jobs, **options):
        worlds.append(World(*jobs, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.session.close()
        world.api.close()


def until(updates, wanted):
    """Iterate until an update matches; return all updates so far."""
    seen = []
    for update in updates:
        seen.append(update)
        if wanted(update):
            return seen
    raise AssertionError(f"never came; seen {seen}")


def is_link(status):
    return lambda update: isinstance(update, LinkState) and update.status is status


def is_job(update):
    return isinstance(update, JobSnapshot)


def is_accepted(update):
    return isinstance(update, Accepted)


def is_refused(update):
    return isinstance(update, Refused)


def jobs_of(updates):
    return [update for update in updates if isinstance(update, JobSnapshot)]


def statuses(server):
    return [line for line in server.requests if line.startswith("GET /api/v1/jobs")]


def make_item(tmp_path, name="a", content=b"%PDF-1.7 text"):
    path = tmp_path / f"{name}.pdf"
    path.write_bytes(content)
    return UploadItem(
        key=name,
        path=path,
        filename=path.name,
        settings=ProcessingSettings(),
        idempotency_key=f"key-{name}",
    )


# Watching over a socket


def test_watch_shows_the_answer_of_join_then_events_then_ends(make_world):
    world = make_world(make_snapshot(version=3))
    updates = world.session.watch([12])

    first = until(updates, is_job)
    world.tell(progress_percent=50)
    end = world.tell(**DONE)
    rest = list(updates)

    assert is_link(LinkStatus.LIVE)(first[-2])
    assert first[-1].version == 3
    assert [job.version for job in rest] == [4, 5]
    assert rest[-1] == end
    assert statuses(world.server) == []
    assert world.hub.streams[0].left == [12]
    assert world.hub.streams[0].is_closed


def test_watch_of_an_ended_job_ends_at_once(make_world):
    world = make_world(make_snapshot(**DONE))

    updates = list(world.session.watch([12]))

    assert [job.status for job in jobs_of(updates)] == [JobStatus.COMPLETED]


def test_watch_of_nothing_ends(make_world):
    assert list(make_world().session.watch([])) == []


def test_watch_repeated_and_late_events_are_not_shown(make_world):
    world = make_world(make_snapshot(version=3))
    updates = world.session.watch([12])
    until(updates, is_job)
    late = make_snapshot(version=2).to_wire()

    fourth = world.change(progress_percent=50).to_wire()
    for payload in (fourth, late, fourth):
        world.hub.streams[0].news(payload)
    world.tell(**DONE)

    assert [job.version for job in list(updates)] == [4, 5]


@pytest.mark.parametrize("payload", [None, 7, "x", [], {}, {"id": 12}])
def test_watch_event_that_is_not_a_job_is_ignored(make_world, payload):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)

    world.hub.streams[0].news(payload)
    world.tell(**DONE)

    assert len(list(updates)) == 1


def test_watch_event_of_another_job_is_ignored(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)

    world.hub.streams[0].news(make_snapshot(id=99).to_wire())
    world.tell(**DONE)

    assert [job.id for job in list(updates)] == [12]


def test_watch_answer_that_is_not_a_job_is_a_protocol_error(make_world):
    world = make_world(make_snapshot())
    world.hub.answers[12] = {"ok": True, "job": {"id": 12}}

    with pytest.raises(ProtocolError, match="invalid job"):
        list(world.session.watch([12]))


def test_watch_empty_answer_still_brings_events(make_world):
    world = make_world(make_snapshot())
    world.hub.answers[12] = None
    updates = world.session.watch([12])
    until(updates, is_link(LinkStatus.LIVE))

    world.tell(**DONE)

    assert len(jobs_of(list(updates))) == 1


def test_watch_many_jobs_over_one_socket(make_world):
    world = make_world(*(make_snapshot(id=n) for n in range(1, 201)))
    updates = world.session.watch(range(1, 201))

    seen = {next(u for u in updates if is_job(u)).id for _ in range(200)}
    for number in range(1, 201):
        world.tell(number, **DONE)
    ended = [job.id for job in jobs_of(updates)]

    assert len(seen) == 200
    assert sorted(ended) == list(range(1, 201))
    assert world.hub.attempts == 1


def test_watch_unknown_job_is_refused_and_the_others_go_on(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12, 13])

    refused = until(updates, lambda update: isinstance(update, Refused))[-1]
    world.tell(12, **DONE)
    last = list(updates)[-1]

    assert (refused.key, refused.message) == ("job:13", "job 13 not found")
    assert refused.exit_code is ExitCode.NOT_FOUND
    assert last.status is JobStatus.COMPLETED


def test_watch_job_deleted_meanwhile_is_refused_and_the_others_go_on(make_world):
    world = make_world(
        make_snapshot(id=1), make_snapshot(id=2), timing=replace(QUICK, silence_s=0.03)
    )
    updates = world.session.watch([1, 2])
    until(updates, is_job)
    until(updates, is_job)

    del world.server.jobs[1]
    (*_, gone) = until(updates, lambda update: isinstance(update, Refused))
    world.tell(2, **DONE)
    rest = list(updates)

    assert (gone.key, gone.code, gone.exit_code) == ("job:1", "JOB_NOT_FOUND", ExitCode.NOT_FOUND)
    assert [job.id for job in rest] == [2]


# Reconnecting


def test_watch_joins_again_after_a_lost_socket(make_world):
    world = make_world(make_snapshot(version=1))
    updates = world.session.watch([12])
    until(updates, is_job)

    world.change(progress_percent=50)
    world.hub.streams[0].lose()
    seen = until(updates, is_job)

    assert any(is_link(LinkStatus.RECONNECTING)(update) for update in seen)
    assert seen[-1].progress_percent == 50
    assert len(world.hub.streams) == 2


def test_watch_that_missed_the_end_sees_it_on_reconnect(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)

    world.change(**DONE)
    world.hub.streams[0].lose()

    assert [job.status for job in jobs_of(updates)] == [JobStatus.COMPLETED]
    assert statuses(world.server) == []


def test_watch_flapping_socket_shows_each_version_once(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    versions = [until(updates, is_job)[-1].version]
    for _ in range(100):
        world.change(progress_percent=50)
        world.hub.streams[-1].lose()
        versions.append(until(updates, is_job)[-1].version)
    world.hub.streams[-1].lose()
    world.change(**DONE)
    versions += [job.version for job in jobs_of(updates)]

    assert versions == sorted(set(versions))
    assert versions[-1] == 102


def test_watch_events_of_an_old_socket_are_ignored(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)
    old = world.hub.streams[0]
    old.lose()
    until(updates, is_link(LinkStatus.LIVE))

    old.lose("again")
    world.tell(**DONE)
    rest = list(updates)

    assert not any(is_link(LinkStatus.RECONNECTING)(update) for update in rest)
    assert len(world.hub.streams) == 2


def test_watch_refused_attempts_are_tried_again(make_world):
    world = make_world(make_snapshot(**DONE))
    world.hub.refusals = [NO_SOCKET, TemporaryError("full", code="BUSY"), NO_SOCKET]

    updates = list(world.session.watch([12]))

    assert world.hub.attempts == 4
    assert [u.attempt for u in updates if is_link(LinkStatus.RECONNECTING)(u)][-1] == 4


def test_watch_login_that_is_over_ends_it(make_world):
    world = make_world(make_snapshot())
    world.hub.always_refuse = AuthError("your login has ended", hint="run: fnt login")

    with pytest.raises(AuthError, match="login has ended"):
        list(world.session.watch([12]))


def test_watch_join_refused_for_its_token_reconnects(make_world):
    world = make_world(make_snapshot(**DONE))
    world.hub.answers[12] = {"ok": False, "error_code": "TOKEN_EXPIRED", "error": "x"}
    updates = world.session.watch([12])
    until(updates, is_link(LinkStatus.RECONNECTING))

    world.hub.answers.clear()

    assert len(jobs_of(updates)) == 1
    assert len(world.hub.streams) >= 2


def test_watch_draining_server_is_left_for_its_successor(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)

    world.hub.streams[0].drain({"retry_in": 0.01})
    until(updates, is_link(LinkStatus.LIVE))
    world.tell(**DONE)
    list(updates)

    assert len(world.hub.streams) == 2


@pytest.mark.parametrize("payload", [None, {}, {"retry_in": "soon"}, {"retry_in": -1}])
def test_watch_odd_draining_is_survived(make_world, payload):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)

    world.hub.streams[0].drain(payload)
    until(updates, is_link(LinkStatus.LIVE))
    world.tell(**DONE)

    assert len(jobs_of(updates)) == 1


def test_watch_rejoins_a_silent_job_over_the_same_socket(make_world):
    world = make_world(make_snapshot(), timing=replace(QUICK, silence_s=0.03))
    updates = world.session.watch([12])
    until(updates, is_job)

    world.change(**DONE)  # the event is lost on its way

    assert len(jobs_of(updates)) == 1
    assert world.hub.attempts == 1
    assert len(world.hub.streams[0].joined) >= 2
    assert statuses(world.server) == []


def test_watch_frozen_socket_is_left(make_world):
    world = make_world(make_snapshot(), timing=replace(QUICK, silence_s=0.03, answer_s=0.05))
    updates = world.session.watch([12])
    until(updates, is_job)

    world.hub.streams[0].is_frozen = True
    world.change(**DONE)
    rest = list(updates)

    assert any(
        u.reason == "the server stopped responding" for u in rest if isinstance(u, LinkState)
    )
    assert len(jobs_of(rest)) == 1
    assert world.hub.attempts == 2


def test_watch_slower_attempt_that_comes_second_is_closed(make_world):
    world = make_world(make_snapshot(), timing=replace(QUICK, overlap_s=0.02))
    slow, entered = threading.Event(), threading.Event()
    let_in = world.hub.let_in

    def let_in_slowly(stream):
        if not entered.is_set():
            entered.set()
            slow.wait(20)
        let_in(stream)

    world.hub.let_in = let_in_slowly
    updates = world.session.watch([12])
    until(updates, is_job)
    slow.set()
    world.hub.opened.get(timeout=10)
    late = world.hub.opened.get(timeout=10)
    while not late.closed.wait(0.01):
        world.change(progress_percent=50)
        world.hub.streams[0].news(world.server.jobs[12].to_wire())
        until(updates, is_job)

    assert not world.hub.streams[0].is_closed


def test_watch_survives_a_token_renewal(make_world):
    world = make_world(make_snapshot(), timing=replace(QUICK, renew_s=0.02))
    tokens = iter(["second", None, "third"])
    told = threading.Event()

    def next_token():
        token = next(tokens, None)
        if token == "third":
            told.set()
        return token

    world.hub.next_token = next_token
    updates = world.session.watch([12])
    until(updates, is_job)
    while not told.wait(0.02):
        world.tell(progress_percent=50)
        until(updates, is_job)
    while len(world.hub.streams[0].tokens) < 2:
        world.tell(progress_percent=60)
        until(updates, is_job)
    world.tell(**DONE)
    rest = list(updates)

    assert world.hub.streams[0].tokens == ["second", "third"]
    assert len(jobs_of(rest)) == len(rest) == 1
    assert world.hub.attempts == 1


@pytest.mark.parametrize(
    ("error", "ends"), [(AuthError("your login has ended"), True), (NO_SOCKET, False)]
)
def test_watch_renewal_that_fails_ends_it_only_with_the_login(make_world, error, ends):
    world = make_world(make_snapshot(), timing=replace(QUICK, renew_s=0.01))
    tried = threading.Event()

    def next_token():
        tried.set()
        raise error

    world.hub.next_token = next_token
    updates = world.session.watch([12])
    until(updates, is_job)
    if ends:
        with pytest.raises(AuthError, match="login has ended"):
            list(updates)
    else:
        threading.Timer(0.05, world.tell, kwargs=DONE).start()
        assert len(jobs_of(updates)) == 1
    assert tried.is_set()


# Polling


def test_poll_takes_over_after_failures_and_hands_back(make_world):
    world = make_world(make_snapshot())
    world.hub.always_refuse = NO_SOCKET
    updates = world.session.watch([12])

    until(updates, is_link(LinkStatus.POLLING))
    world.change(progress_percent=50)
    polled = until(updates, is_job)[-1]
    world.hub.always_refuse = None
    until(updates, is_link(LinkStatus.LIVE))
    count = len(statuses(world.server))
    world.tell(**DONE)
    list(updates)

    assert polled.progress_percent == 50
    assert len(statuses(world.server)) <= count + 1


def test_poll_takes_over_when_attempts_hang(make_world):
    world = make_world(make_snapshot(**DONE), timing=replace(QUICK, poll_after_s=0.05))
    hang = threading.Event()
    world.hub.let_in = lambda stream: hang.wait(20)
    try:
        assert len(jobs_of(world.session.watch([12]))) == 1
    finally:
        hang.set()


def test_poll_alone_opens_no_socket_and_asks_by_version(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12], POLL)
    until(updates, is_job)

    world.change(**DONE)

    assert len(jobs_of(updates)) == 1
    assert world.hub.attempts == 0


def test_poll_asks_for_many_at_once(make_world):
    world = make_world(*(make_snapshot(id=n, **DONE) for n in range(1, 11)))

    updates = jobs_of(world.session.watch(range(1, 11), POLL))

    assert len(updates) == 10
    assert statuses(world.server) == ["GET /api/v1/jobs"]


@pytest.mark.parametrize("count", [1, 9])
def test_poll_unknown_job_is_not_found(make_world, count):
    world = make_world(*(make_snapshot(id=n) for n in range(1, count)))

    updates = world.session.watch(range(1, count + 1), POLL)

    refused = until(updates, lambda update: isinstance(update, Refused))[-1]

    assert (refused.key, refused.message) == (f"job:{count}", f"job {count} not found")


def test_poll_survives_a_server_that_is_away(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12], POLL)
    until(updates, is_link(LinkStatus.POLLING))

    world.server.down.set()
    until(updates, is_link(LinkStatus.CONNECTING))
    world.change(**DONE)
    world.server.down.clear()

    assert jobs_of(updates)[-1].status is JobStatus.COMPLETED


def test_poll_error_that_is_not_temporary_ends_it(make_world):
    world = make_world(transport=Script(refusal(401, "TOKEN_INVALID", "over")).transport)

    with pytest.raises(AuthError, match="over"):
        list(world.session.watch([12], POLL))


def test_ws_alone_never_polls(make_world):
    world = make_world(make_snapshot(**DONE))
    world.hub.refusals = [NO_SOCKET] * 20

    list(world.session.watch([12], WatchOptions(transport="ws")))

    assert statuses(world.server) == []
    assert world.hub.attempts == 21


def test_watch_gives_up_without_any_contact(make_world):
    world = make_world(make_snapshot())
    world.server.down.set()
    world.hub.always_refuse = NO_SOCKET

    with pytest.raises(TemporaryError, match="lost contact with the server") as caught:
        list(world.session.watch([12], WatchOptions(give_up_s=0.1)))

    assert caught.value.hint == "run: fnt watch 12"
    assert caught.value.exit_code is ExitCode.TEMPORARY


# Uploading


def test_upload_reports_bytes_and_acceptance(make_world, tmp_path):
    world = make_world()

    updates = list(world.session.upload([make_item(tmp_path)]))

    sent = [u.sent_bytes for u in updates if isinstance(u, UploadProgress)]
    assert (sent[0], sent[-1]) == (0, 13)
    assert isinstance(updates[-1], Accepted)
    assert updates[-1].job.original_filename == "a.pdf"
    assert world.hub.attempts == 0


def test_upload_sends_all_a_few_at_a_time(make_world, tmp_path):
    world = make_world()
    items = [make_item(tmp_path, f"b{n}") for n in range(10)]

    updates = list(world.session.upload(items, parallel=3))

    accepted = [u for u in updates if isinstance(u, Accepted)]
    assert {u.key for u in accepted} == {item.key for item in items}
    assert len({u.job.id for u in accepted}) == 10


def test_upload_reports_are_few(make_world, tmp_path):
    world = make_world()
    item = make_item(tmp_path, content=b"%PDF-" + b"x" * 20_000_000)

    updates = list(world.session.upload([item]))

    assert len(updates) < 30
    assert updates[-2].sent_bytes == 20_000_005


def test_upload_that_the_server_has_already_is_not_sent_again(make_world, tmp_path):
    world = make_world()
    list(world.session.upload([make_item(tmp_path)]))
    world.server.requests.clear()

    updates = list(world.session.upload([make_item(tmp_path)]))

    assert isinstance(updates[-1], Accepted)
    assert world.server.requests == ["POST /api/v1/jobs/confirm"]


def test_upload_of_twins_makes_one_job_where_existing_ones_are_skipped(make_world, tmp_path):
    world = make_world()
    duplicates = [replace(make_item(tmp_path, f"t{n}"), skips_existing=True) for n in range(5)]

    updates = list(world.session.upload(duplicates, parallel=5))

    accepted = [u for u in updates if isinstance(u, Accepted)]
    assert len(accepted) == 5
    assert {u.job.id for u in accepted} == {1}
    assert sum(u.is_skipped for u in accepted) == 4
    assert world.server.requests.count("POST /api/v1/process-pdf") == 1


@pytest.mark.parametrize(
    ("changes", "is_skipped"),
    [
        ({"status": JobStatus.COMPLETED}, True),
        ({"status": JobStatus.PROCESSING}, True),
        ({"status": JobStatus.FAILED}, False),
        ({"status": JobStatus.CANCELLED}, False),
        ({"processing_settings": ProcessingSettings(engine="other")}, False),
    ],
)
def test_upload_skips_completed_or_running_jobs(make_world, tmp_path, changes, is_skipped):
    item = replace(make_item(tmp_path), skips_existing=True)
    sha256 = hashlib.sha256(item.path.read_bytes()).hexdigest()
    world = make_world(make_snapshot(id=7, sha256=sha256, **changes))

    [accepted] = filter(is_accepted, world.session.upload([item]))

    assert (accepted.is_skipped, accepted.job.id == 7) == (is_skipped, is_skipped)


def test_watch_of_duplicates_updates_both_rows(make_world, tmp_path):
    item = replace(make_item(tmp_path), skips_existing=True)
    twin = replace(item, key="twin", idempotency_key="key-twin")
    world = make_world()
    world.server.on_upload = lambda job: world.server.jobs.update(
        {job.id: job.replaced(version=job.version + 1, **DONE)}
    )

    state = ProgressState()
    for update in world.session.upload([item, twin], watch=WatchOptions()):
        state = reduce(state, update, now=0)

    assert state.keys_by_job.keys() == {1}
    assert set(state.keys_by_job[1]) == {"a", "twin"}
    assert all(row.is_done and not row.is_failed for row in state.rows.values())


def test_upload_missing_file_is_refused_and_the_others_go_on(make_world, tmp_path):
    gone = make_item(tmp_path, "gone")
    gone.path.unlink()

    updates = list(make_world().session.upload([gone, make_item(tmp_path)]))

    (refused,) = (u for u in updates if isinstance(u, Refused))
    assert (refused.key, refused.exit_code) == ("gone", ExitCode.NOT_FOUND)
    assert any(isinstance(u, Accepted) for u in updates)


def test_upload_refused_by_the_server_carries_its_reason(make_world, tmp_path):
    world = make_world(transport=Script(refusal(415, "NOT_A_PDF", "not a PDF")).transport)

    [refused] = filter(is_refused, world.session.upload([make_item(tmp_path)]))

    assert (refused.message, refused.code, refused.request_id) == ("not a PDF", "NOT_A_PDF", "r-1")
    assert refused.exit_code is ExitCode.REFUSED


def test_upload_unreachable_server_is_a_temporary_error(make_world, tmp_path):
    world = make_world()
    world.server.down.set()

    updates = list(world.session.upload([make_item(tmp_path)], give_up_s=0.2))

    [refused] = filter(is_refused, updates)
    assert refused.exit_code is ExitCode.TEMPORARY
    assert any(map(is_link(LinkStatus.RETRYING), updates))


def test_upload_waits_for_a_server_that_was_never_reached(make_world, tmp_path):
    world = make_world()
    world.server.down.set()
    updates = world.session.upload([make_item(tmp_path)], give_up_s=0)

    (*_, link) = until(updates, is_link(LinkStatus.RETRYING))
    assert link.give_up_at is None
    world.server.down.clear()

    until(updates, lambda update: isinstance(update, Accepted))


def test_an_upload_that_is_given_up_leaves_no_job_behind(make_world, tmp_path):
    world = make_world()

    def fail(job):
        world.server.jobs[job.id] = job.replaced(uploaded_at=None)
        raise httpx.ReadError("cut off")

    world.server.on_upload = fail
    [refused] = filter(is_refused, world.session.upload([make_item(tmp_path)], give_up_s=0.2))

    assert refused.exit_code is ExitCode.TEMPORARY
    assert [job.status for job in world.server.jobs.values()] == [JobStatus.CANCELLED]


def test_upload_resumes_when_the_server_is_back(make_world, tmp_path):
    world = make_world()
    failures = iter(range(5))

    def fail_a_while(job):
        if next(failures, None) is not None:
            world.server.jobs[job.id] = job.replaced(uploaded_at=None)
            raise httpx.ReadError("reset")

    world.server.on_upload = fail_a_while

    updates = list(world.session.upload([make_item(tmp_path)]))

    assert isinstance(updates[-1], Accepted)
    assert len(world.server.jobs) == 1


def test_upload_login_that_is_over_ends_everything(make_world, tmp_path):
    world = make_world(transport=Script(refusal(401, "TOKEN_INVALID", "over")).transport)

    with pytest.raises(AuthError):
        list(world.session.upload([make_item(tmp_path, f"c{n}") for n in range(5)]))


def test_upload_bug_in_a_thread_is_not_swallowed(make_world, tmp_path):
    def broken(request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(make_world(transport=Script(broken).transport).session.upload([make_item(tmp_path)]))


def test_upload_with_watch_follows_each_job_from_its_acceptance(make_world, tmp_path):
    world = make_world()
    items = [make_item(tmp_path, f"d{n}") for n in range(5)]
    updates = world.session.upload(items, watch=WatchOptions())
    accepted = []
    while len(accepted) < 5:
        accepted += [until(updates, lambda u: isinstance(u, Accepted))[-1].job.id]
    if not world.hub.streams:
        until(updates, is_link(LinkStatus.LIVE))
    for job_id in accepted:
        world.change(job_id, **DONE)
        world.hub.streams[0].news(world.server.jobs[job_id].to_wire())

    rest = list(updates)

    ended = [u.id for u in rest if is_job(u) and u.status.is_terminal]
    assert sorted(ended) == sorted(accepted)
    assert world.hub.attempts == 1
    assert statuses(world.server) == []


def test_upload_with_watch_of_refused_files_alone_ends(make_world, tmp_path):
    gone = make_item(tmp_path)
    gone.path.unlink()

    updates = list(make_world().session.upload([gone], watch=WatchOptions()))

    assert isinstance(updates[-1], Refused)


# Cancelling and leaving


def test_cancel_goes_over_the_socket(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)

    world.session.cancel(12)

    assert [job.status for job in jobs_of(updates)] == [JobStatus.CANCELLED]
    assert not any("cancel" in line for line in world.server.requests)


def test_cancel_without_an_answer_goes_over_http(make_world):
    world = make_world(make_snapshot(), timing=replace(QUICK, answer_s=0.05))
    world.hub.ignores_cancel = True
    updates = world.session.watch([12])
    until(updates, is_job)

    world.session.cancel(12)

    assert [job.status for job in jobs_of(updates)] == [JobStatus.CANCELLED]
    assert "POST /api/v1/jobs/12/cancel" in world.server.requests


def test_cancel_while_polling_goes_over_http(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12], POLL)
    until(updates, is_job)

    world.session.cancel(12)
    world.session.cancel(12)

    assert [job.status for job in jobs_of(updates)] == [JobStatus.CANCELLED]
    assert world.server.requests.count("POST /api/v1/jobs/12/cancel") == 1


def test_cancel_of_a_job_that_is_not_watched_does_nothing(make_world):
    world = make_world(make_snapshot(), make_snapshot(id=99))
    updates = world.session.watch([12])
    until(updates, is_job)

    world.session.cancel(99)
    world.tell(**DONE)
    list(updates)

    assert world.server.jobs[99].status is JobStatus.PROCESSING


def test_detach_ends_the_iterator_and_keeps_the_job_running(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)

    world.session.detach()

    assert list(updates) == []
    assert world.server.jobs[12].status is JobStatus.PROCESSING
    assert world.hub.streams[0].is_closed


def test_detach_before_the_first_update(make_world):
    world = make_world(make_snapshot())

    world.session.detach()

    assert jobs_of(world.session.watch([12])) == []


def test_leaving_the_block_closes_the_socket(make_world):
    world = make_world(make_snapshot())
    with world.session as session:
        updates = session.watch([12])
        until(updates, is_job)

    assert world.hub.streams[0].is_closed
    assert list(updates) == []


def test_interrupt_while_waiting_comes_through_and_closes(make_world):
    world = make_world(make_snapshot())
    updates = world.session.watch([12])
    until(updates, is_job)
    with pytest.raises(KeyboardInterrupt):
        updates.throw(KeyboardInterrupt)

    assert world.hub.streams[0].is_closed


def test_socket_that_opens_after_the_end_is_closed(make_world):
    world = make_world(make_snapshot())
    go, let_in = threading.Event(), world.hub.let_in

    def let_in_late(stream):
        go.wait(20)
        let_in(stream)

    world.hub.let_in = let_in_late
    updates = world.session.watch([12])
    next(updates)
    updates.close()
    go.set()

    assert world.hub.opened.get(timeout=10).closed.wait(10)


# The whole of it


@pytest.mark.parametrize("seed", range(20))
def test_any_connection_trouble_ends_as_the_record_does(make_world, seed):
    """Lost, late, or repeated events and broken sockets do not hide the end of any job."""
    dice = random.Random(seed)
    jobs = [make_snapshot(id=n) for n in range(1, 6)]
    world = make_world(*jobs, timing=replace(QUICK, silence_s=0.02))
    updates = world.session.watch([job.id for job in jobs])
    state, ends, shown = ProgressState(), [], {}
    moves = 60
    for update in updates:
        state = reduce(state, update, now=0.0)
        if is_job(update):
            assert update.version > shown.get(update.id, 0)
            shown[update.id] = update.version
            ends += [update.id] if update.status.is_terminal else []
        if moves:
            moves -= 1
            storm(world, dice)
        else:
            world.hub.always_refuse = None
            for job_id, job in world.server.jobs.items():
                if not job.status.is_terminal:
                    world.change(job_id, **DONE)

    assert sorted(ends) == [1, 2, 3, 4, 5]
    assert all(state.row_of(n).job == world.server.jobs[n] for n in range(1, 6))


def storm(world, dice):
    """Change some jobs, then disturb the connection."""
    running = [job for job in world.server.jobs.values() if not job.status.is_terminal]
    if running:
        job = dice.choice(running)
        percent = min(99, job.progress_percent + dice.randrange(9))
        job = world.change(job.id, progress_percent=percent)
        for _ in range(dice.choice([0, 1, 1, 2])):
            if world.hub.streams:
                world.hub.streams[-1].news(job.to_wire())
    if world.hub.streams and dice.random() < 0.3:
        world.hub.streams[-1].lose()
    if dice.random() < 0.2:
        world.hub.always_refuse = dice.choice([NO_SOCKET, None])


# A window: many items, few at a time


def windowed(world, items, *, window, parallel=4):
    options = WatchOptions(transport="poll", window=window)
    return world.session.upload(items, parallel=parallel, watch=options)


def test_window_bounds_the_unfinished_jobs_and_every_item_ends(make_world, tmp_path):
    world, pulled, ended = make_world(), [], []

    def items():
        for number in range(30):
            pulled.append(number)
            yield make_item(tmp_path, name=str(number))

    def finish(job):
        world.server.jobs[job.id] = job.replaced(version=job.version + 1, **DONE)

    for update in windowed(world, items(), window=5):
        assert len(pulled) - len(ended) <= 5
        if isinstance(update, Accepted):
            with world.server.lock:
                finish(world.server.jobs[update.job.id])
        if isinstance(update, JobSnapshot):
            ended.append(update.id)

    assert len(pulled) == len(ended) == len(set(ended)) == 30


def test_items_already_refused_come_out_and_take_no_room(make_world):
    world = make_world()
    refused = [Refused(key=str(n), title="a", message="no") for n in range(9)]

    updates = list(windowed(world, iter(refused), window=2))

    assert [update for update in updates if isinstance(update, Refused)] == refused
    assert world.server.requests == []


def test_an_item_that_is_a_job_already_is_followed_and_not_sent(make_world, tmp_path):
    world = make_world(make_snapshot(version=4, **DONE))
    item = replace(make_item(tmp_path), job_id=12)
    item.path.unlink()

    updates = list(windowed(world, iter([item]), window=2))

    assert [update.job.id for update in updates if isinstance(update, Accepted)] == [12]
    assert world.server.requests == ["GET /api/v1/jobs/12"]


def test_an_item_whose_number_is_another_file_s_is_refused(make_world, tmp_path):
    world = make_world(make_snapshot(sha256="1" * 64, **DONE))
    item = replace(make_item(tmp_path), job_id=12, sha256="2" * 64)

    updates = list(windowed(world, iter([item]), window=2))

    (refused,) = [update for update in updates if isinstance(update, Refused)]
    assert (refused.code, refused.message) == ("JOB_NOT_FOUND", "job 12 belongs to another file")


def test_an_item_whose_job_is_gone_is_refused(make_world, tmp_path):
    item = replace(make_item(tmp_path), job_id=12)

    updates = list(windowed(make_world(), iter([item]), window=2))

    (refused,) = [update for update in updates if isinstance(update, Refused)]
    assert (refused.code, refused.exit_code) == ("JOB_NOT_FOUND", ExitCode.NOT_FOUND)


@pytest.mark.parametrize("code", ["TOO_MANY_JOBS", "QUEUE_FULL"])
def test_a_full_server_is_waited_for_only_with_a_window(make_world, tmp_path, code):
    status = 429 if code == "TOO_MANY_JOBS" else 503

    def full_for_a_while():
        answers = [refusal(status, code, "wait", **{"Retry-After": "0"})] * 9
        server = FakeServer()
        server.on_upload = lambda job: server.jobs.update(
            {job.id: job.replaced(version=job.version + 1, **DONE)}
        )
        return httpx.MockTransport(
            lambda request: answers.pop() if answers else server.transport.handler(request)
        )

    transport = full_for_a_while()
    world = make_world(transport=transport)
    ends = [u for u in windowed(world, [make_item(tmp_path)], window=2) if isinstance(u, Accepted)]
    assert [end.key for end in ends] == ["a"]

    transport = full_for_a_while()
    world = make_world(transport=transport)
    updates = world.session.upload([make_item(tmp_path)], give_up_s=0.001)
    (refused,) = [update for update in updates if isinstance(update, Refused)]
    assert refused.exit_code is ExitCode.TEMPORARY


def test_an_error_from_the_iterator_of_items_ends_the_run(make_world, tmp_path):
    def items():
        yield make_item(tmp_path)
        raise UsageError("the ledger is damaged")

    with pytest.raises(UsageError, match="damaged"):
        list(windowed(make_world(), items(), window=2))


def test_a_closed_session_pulls_no_more(make_world, tmp_path):
    world, pulled = make_world(), []

    def items():
        while True:
            pulled.append(len(pulled))
            yield make_item(tmp_path, name=str(len(pulled)))

    updates = windowed(world, items(), window=3)
    until(updates, lambda update: isinstance(update, Accepted))
    updates.close()
    for thread in threading.enumerate():
        if thread.name.startswith("upload-"):
            thread.join(timeout=5)
            assert not thread.is_alive()

    assert len(pulled) <= 3
