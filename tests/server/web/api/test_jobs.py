"""Jobs over REST: confirm, list, get, cancel, retry, delete."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fnt.wire import paths
from fnt.wire.error_codes import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings
from fnt_server.jobs import step_results
from server.api_client import PDF, ApiUser, _take, assert_refused, make_api_user, services_of
from server.records import at_once


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app)


@pytest.fixture
def bob(app: Flask) -> ApiUser:
    return make_api_user(app)


def test_confirm_makes_a_pending_job(ann: ApiUser) -> None:
    settings = {"sentence_length_limit": 12, "ignore_dialogue": True}
    response = ann.confirm(processing_settings=settings, file_size=9, page_count=1)

    assert response.status_code == 201
    job = JobSnapshot.from_wire(response.json["job"])
    assert response.json["job_id"] == job.id
    assert (job.status, job.version, job.progress_percent) == (JobStatus.PENDING, 1, 0)
    assert job.processing_settings == ProcessingSettings(
        sentence_length_limit=12, ignore_dialogue=True
    )


def test_confirm_with_a_key_is_idempotent(ann: ApiUser, bob: ApiUser) -> None:
    first = ann.confirm(key="k 1", page_count=3)
    again = ann.post(
        paths.CONFIRM,
        data='{"page_count": 3,\n "original_filename": "roman.pdf"}',
        content_type="application/json",
        headers={paths.IDEMPOTENCY_KEY: "k 1"},
    )

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert_refused(ann.confirm(key="k 1", page_count=4), 409, "CONFLICT")
    assert bob.confirm(key="k 1").status_code == 201


def test_confirm_with_a_key_at_once_makes_one_job(ann: ApiUser) -> None:
    answers = at_once([lambda: ann.confirm(key="same")] * 20)

    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json["job_id"] for answer in answers}) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "é", "a\tb"])
def test_confirm_refuses_a_key_that_cannot_be_kept(ann: ApiUser, key: str) -> None:
    assert_refused(ann.confirm(key=key), 400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"original_filename": ""}, "original_filename"),
        ({"original_filename": "x" * 256}, "original_filename"),
        ({"original_filename": None}, "original_filename"),
        ({"original_filename": ["roman.pdf"]}, "original_filename"),
        ({"file_size": -1}, "file_size"),
        ({"file_size": "9"}, "file_size"),
        ({"file_size": True}, "file_size"),
        ({"page_count": 1.5}, "page_count"),
        ({"sha256": "x"}, "sha256"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"processing_settings": []}, "processing_settings"),
        ({"processing_settings": False}, "processing_settings"),
        ({"processing_settings": {"sentence_length_limit": 2}}, "sentence_length_limit"),
        ({"processing_settings": {"sentence_length_limit": 51}}, "sentence_length_limit"),
        ({"processing_settings": {"sentence_length_limit": "8"}}, "sentence_length_limit"),
        ({"processing_settings": {"min_sentence_length": 11}}, "min_sentence_length"),
        ({"processing_settings": {"engine": "unheard-of"}}, "engine"),
        (
            {"processing_settings": {"sentence_length_limit": 3, "min_sentence_length": 4}},
            "min_sentence_length",
        ),
        ({"processing_settings": {"ignore_dialogue": 1}}, "ignore_dialogue"),
        ({"processing_settings": {"status": "completed"}}, "status"),
        ({"processing_settings": {"\ud800": 1}}, "processing_settings"),
    ],
)
def test_confirm_names_the_field_at_fault(
    ann: ApiUser, content: dict[str, Any], named: str
) -> None:
    body = json.dumps({"original_filename": "roman.pdf", **content})

    refused = assert_refused(
        ann.post(paths.CONFIRM, data=body, content_type="application/json"), 400, "BAD_REQUEST"
    )

    assert named in refused["error"]


@pytest.mark.parametrize(
    "body",
    [
        '{"original_filename": NaN}',
        '{"page_count": Infinity, "original_filename": "x"}',
        '{"file_size": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"a":' * 20_000,
        "\xff",
        "\0",
        "not json",
        "[]",
        '"text"',
    ],
    ids=["nan", "infinity", "digits", "lists", "objects", "bytes", "nul", "text", "list", "string"],
)
@pytest.mark.parametrize("path", [paths.CONFIRM, paths.LOGIN, paths.LOGOUT])
def test_json_that_is_none_is_400(ann: ApiUser, path: str, body: str) -> None:
    response = ann.post(
        path, data=body[: 60 * 1024].encode("latin-1"), content_type="application/json"
    )

    assert_refused(response, 400, "BAD_REQUEST")


@pytest.mark.parametrize("path", [paths.CONFIRM, paths.LOGIN, paths.LOGOUT])
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_json_over_64_kb_is_413(ann: ApiUser, path: str, kind: str) -> None:
    body = b'{"original_filename": "' + b"x" * 70_000 + b'"}'

    assert_refused(ann.post(path, data=body, content_type=kind), 413, "FILE_TOO_LARGE")


def test_a_duplicate_key_means_its_last_value(ann: ApiUser) -> None:
    body = '{"original_filename": "a.pdf", "original_filename": "b.pdf"}'

    assert (
        ann.post(paths.CONFIRM, data=body, content_type="application/json").json["job"][
            "original_filename"
        ]
        == "b.pdf"
    )


def test_confirm_assigns_nothing_but_what_is_asked(ann: ApiUser, bob: ApiUser) -> None:
    evil = {
        "user_id": 1, "id": 7, "job_id": 7, "version": 99, "status": "completed",
        "progress_percent": 100, "file_key": "x", "result_key": "/etc/passwd", "retry_of": 1,
        "created_at": "1970-01-01T00:00:00Z", "sentence_count": 5,
    }  # fmt: skip
    job = JobSnapshot.from_wire(ann.confirm(**evil).json["job"])

    assert (job.status, job.version, job.retry_of) == (JobStatus.PENDING, 1, None)
    assert (job.progress_percent, job.sentence_count) == (0, None)
    assert job.created_at.year > 2000
    assert bob.get(paths.job(job.id)).status_code == 404


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("C:\\x\\roman.pdf", "C:\\x\\roman.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a\r\nSet-Cookie: x=1.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        ("\0", "?"),
        ("caf\udce9.pdf", "caf?.pdf"),
        ("[bold]\x1b[31m.pdf", "[bold]\x1b[31m.pdf"),
        ("e\u0301.pdf", "e\u0301.pdf"),
        ("\N{BOOKS}" * 255, "\N{BOOKS}" * 255),
        (".", "."),
    ],
)
def test_a_name_is_kept_as_it_is_where_it_can_be(ann: ApiUser, name: str, kept: str) -> None:
    body = json.dumps({"original_filename": name})
    job_id = ann.post(paths.CONFIRM, data=body, content_type="application/json").json["job_id"]

    assert ann.snapshot(job_id).original_filename == kept


def test_confirm_refuses_a_file_over_the_limit_before_it_is_sent(ann: ApiUser) -> None:
    assert_refused(ann.confirm(file_size=2 * 1024 * 1024), 413, "FILE_TOO_LARGE")


def test_get_answers_304_while_nothing_changes(ann: ApiUser) -> None:
    job_id = ann.confirm().json["job_id"]
    first = ann.get(paths.job(job_id))
    assert first.headers["ETag"] == '"1"'

    same = ann.get(paths.job(job_id), headers={"If-None-Match": '"1"'})
    ann.post(paths.job(job_id, "cancel"))
    newer = ann.get(paths.job(job_id), headers={"If-None-Match": '"1"'})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", '"1"')
    assert (newer.status_code, newer.headers["ETag"]) == (200, '"2"')


def test_list_pages_by_cursor(ann: ApiUser, bob: ApiUser) -> None:
    bob.confirm()
    ids = [ann.confirm().json["job_id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = ann.get(f"{paths.JOBS}?limit=2{cursor}").json
        seen.append([job["id"] for job in page["jobs"]])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == [ids[4:2:-1], ids[2:0:-1], ids[:1]]


def test_list_filters(ann: ApiUser, bob: ApiUser) -> None:
    mine, theirs = ann.confirm().json["job_id"], bob.confirm().json["job_id"]
    uploaded = ann.job()
    ann.post(paths.job(uploaded, "cancel"))

    def ids(query: str) -> list[int]:
        return [job["id"] for job in ann.get(f"{paths.JOBS}?{query}").json["jobs"]]

    assert ids(f"ids={mine},{theirs},99999999") == [mine]
    assert ids("status=cancelled") == [uploaded]
    assert ids("status=pending,cancelled") == [uploaded, mine]
    assert ids(f"sha256={ann.snapshot(uploaded).sha256}") == [uploaded]
    assert ids(f"sha256={'0' * 64}") == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=-1", "limit=", "cursor=0", "cursor=x",
        "cursor=99999999999999999999", "status=done", "status=pending%00", "sha256=x", "sha256=",
        "ids=", "ids=1,,2", "ids=x", "ids=-1", "ids=1;DROP TABLE jobs", "ids=" + "1," * 200 + "1",
        "limit=%D9%A1",
    ],
)  # fmt: skip
def test_list_refuses_odd_queries(ann: ApiUser, query: str) -> None:
    assert_refused(ann.get(f"{paths.JOBS}?{query}"), 400, "BAD_REQUEST")


VERBS = [
    ("GET", ""),
    ("GET", "chunks"),
    ("GET", "result"),
    ("POST", "cancel"),
    ("POST", "retry"),
    ("DELETE", ""),
]


@pytest.mark.parametrize(("method", "verb"), VERBS)
def test_anothers_job_is_as_one_that_does_not_exist(
    ann: ApiUser, bob: ApiUser, method: str, verb: str
) -> None:
    theirs = bob.job()

    another = ann.ask(method, paths.job(theirs, verb))
    unknown = ann.ask(method, paths.job(theirs + 10_000, verb))
    never = ann.ask(method, paths.job(10**30, verb))

    assert (
        assert_refused(another, 404, "JOB_NOT_FOUND")
        == assert_refused(unknown, 404, "JOB_NOT_FOUND")
        == assert_refused(never, 404, "JOB_NOT_FOUND")
    )
    assert {k for k, _ in another.headers} == {k for k, _ in unknown.headers}
    assert bob.snapshot(theirs).status is JobStatus.PENDING


@pytest.mark.parametrize(("method", "verb"), VERBS)
def test_without_token_no_job_is_told_of(ann: ApiUser, method: str, verb: str) -> None:
    job_id = ann.confirm().json["job_id"]
    ann.token = None

    assert_refused(ann.ask(method, paths.job(job_id, verb)), 401, "NOT_LOGGED_IN")


@pytest.mark.parametrize("job_id", ["0", "-1", "1e3", "x", "%00", "1.0", "..%2f1", "\u0661"])
def test_an_id_that_is_none_is_404(ann: ApiUser, job_id: str) -> None:
    response = ann.get(f"{paths.JOBS}/{job_id}")

    assert response.status_code == 404
    assert_refused(response, 404, response.json["error_code"])


def test_an_unknown_path_and_method_have_the_one_shape(ann: ApiUser) -> None:
    assert_refused(ann.get("/api/v1/nothing"), 404, "NOT_FOUND")
    assert_refused(ann.get("/"), 404, "NOT_FOUND")
    assert_refused(ann.ask("PUT", paths.JOBS), 405, "METHOD_NOT_ALLOWED")
    assert_refused(ann.get("/static/../../etc/passwd"), 404, "NOT_FOUND")


def test_cancel_is_calm_the_second_time(ann: ApiUser) -> None:
    job_id = ann.job()

    first, again = (ann.post(paths.job(job_id, "cancel")) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert first.json["status"] == "cancelled"
    assert first.json["current_step"] == "Cancelled"


def test_chunks_tell_how_each_stands(ann: ApiUser, app: Flask) -> None:
    job_id, database = ann.job(), services_of(app).database
    assert ann.get(paths.job(job_id, "chunks")).json == {"chunks": []}
    held = _take(services_of(app), job_id)
    step_results.record_page_count(database, held, page_count=3, chunks=3)
    plans = [
        step_results.ChunkPlan(number=k, start_page=k + 1, end_page=k + 1, input_key="x")
        for k in range(3)
    ]
    step_results.complete_analysis(database, held, plans)
    step_results.complete_chunk(
        database, _take(services_of(app), job_id), output_key="x", sentence_count=1
    )
    code = JobErrorCode.ENGINE_FAILED
    step_results.fail(database, _take(services_of(app), job_id), code, "no answer", certain=True)

    chunks = ann.get(paths.job(job_id, "chunks")).json["chunks"]

    assert [chunk["status"] for chunk in chunks] == ["completed", "failed", "cancelled"]
    assert chunks[1] == {
        "chunk_id": 1, "start_page": 2, "end_page": 2, "status": "failed", "attempts": 1,
        "by_rules": None, "last_error": "no answer", "last_error_code": "ENGINE_FAILED",
    }  # fmt: skip


def test_retry_makes_a_new_job_from_the_stored_file(ann: ApiUser) -> None:
    job_id = ann.job(processing_settings={"sentence_length_limit": 20})
    ann.post(paths.job(job_id, "cancel"))
    before = ann.snapshot(job_id)

    response = ann.post(paths.job(job_id, "retry"))

    new = JobSnapshot.from_wire(response.json)
    assert response.status_code == 201
    assert (new.retry_of, new.sha256, new.status) == (job_id, before.sha256, JobStatus.PENDING)
    assert new.processing_settings == before.processing_settings
    assert new.id != job_id
    assert ann.snapshot(job_id) == before


def test_retry_with_a_key_makes_one_job(ann: ApiUser) -> None:
    job_id = ann.job()
    ann.post(paths.job(job_id, "cancel"))

    def retry() -> Any:
        return ann.post(paths.job(job_id, "retry"), headers={paths.IDEMPOTENCY_KEY: "again"})

    answers = at_once([retry] * 6)

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert ann.snapshot(answers[0].json["id"]).sha256


def test_retry_refuses_a_job_that_runs_or_never_had_a_file(ann: ApiUser) -> None:
    running, empty = ann.job(), ann.confirm().json["job_id"]
    ann.post(paths.job(empty, "cancel"))

    assert_refused(ann.post(paths.job(running, "retry")), 409, "CONFLICT")
    assert_refused(ann.post(paths.job(empty, "retry")), 409, "CONFLICT")


def test_retry_of_a_file_that_is_gone_leaves_no_job(ann: ApiUser, app: Flask) -> None:
    job_id = ann.job()
    ann.post(paths.job(job_id, "cancel"))
    storage = services_of(app).storage
    storage.delete(storage.list_keys(f"jobs/{job_id}/"))

    assert_refused(ann.post(paths.job(job_id, "retry")), 409, "CONFLICT")

    assert [job["id"] for job in ann.get(paths.JOBS).json["jobs"]] == [job_id]


def test_no_room_for_a_job_says_when_to_ask_again(ann: ApiUser, app: Flask) -> None:
    """The same key still answers with its own job."""
    ended, first = ann.job(), ann.confirm("mine").json["job_id"]
    ann.post(paths.job(ended, "cancel"))
    services = services_of(app)
    try:
        for setting, status, code in (
            ("max_user_jobs", 429, "TOO_MANY_JOBS"),
            ("max_queued_jobs", 503, "QUEUE_FULL"),
        ):
            quotas = replace(services.config.quotas, **{setting: 1})
            config = replace(services.config, quotas=quotas)
            app.extensions["fnt"] = replace(services, config=config)
            for refused in (ann.confirm("other"), ann.post(paths.job(ended, "retry"))):
                assert_refused(refused, status, code)
                assert refused.headers["Retry-After"] == "5"
            assert ann.confirm("mine").json["job_id"] == first
    finally:
        app.extensions["fnt"] = services


def test_a_user_stores_no_more_than_their_quota(ann: ApiUser, bob: ApiUser, app: Flask) -> None:
    """What lies about a size is caught by its bytes; another user is not concerned."""
    job_id, pending = ann.job(), ann.confirm("small").json["job_id"]
    used = ann.get(paths.ME).json["used_bytes"]
    services = services_of(app)
    try:
        quotas = replace(services.config.quotas, user_quota_bytes=used + 10)
        config = replace(services.config, quotas=quotas)
        app.extensions["fnt"] = replace(services, config=config)
        assert ann.get(paths.ME).json["quota_bytes"] == used + 10
        assert_refused(ann.confirm("large", file_size=11), 413, "QUOTA_EXCEEDED")
        assert_refused(ann.upload(pending), 413, "QUOTA_EXCEEDED")
        assert services.storage.list_keys(f"jobs/{pending}/") == []
        assert ann.get(paths.job(pending)).json["status"] == "pending"
        assert bob.confirm().status_code == 201
        ann.post(paths.job(job_id, "cancel"))
        ann.delete(paths.job(job_id))
        assert ann.get(paths.ME).json["used_bytes"] == used - len(PDF)
        assert ann.upload(pending).status_code == 202
    finally:
        app.extensions["fnt"] = services


def test_retry_of_a_retry_lives_when_the_first_is_deleted(ann: ApiUser, app: Flask) -> None:
    job_id = ann.job()
    ann.post(paths.job(job_id, "cancel"))
    new = ann.post(paths.job(job_id, "retry")).json["id"]

    assert ann.delete(paths.job(job_id)).status_code == 204

    storage = services_of(app).storage
    [key] = storage.list_keys(f"jobs/{new}/")
    assert storage.get(key) == PDF


def test_delete_takes_row_and_files_and_the_number_with_them(ann: ApiUser, app: Flask) -> None:
    job_id = ann.job()
    assert_refused(ann.delete(paths.job(job_id)), 409, "CONFLICT")
    ann.post(paths.job(job_id, "cancel"))

    response = ann.delete(paths.job(job_id))

    assert (response.status_code, response.data) == (204, b"")
    assert services_of(app).storage.list_keys(f"jobs/{job_id}/") == []
    assert_refused(ann.delete(paths.job(job_id)), 404, "JOB_NOT_FOUND")
    assert ann.confirm().json["job_id"] > job_id
