"""The result over REST, in every format."""

from __future__ import annotations

import csv
import io
import json

import pytest
from flask import Flask

from fnt.wire import paths
from fnt.wire.jobs import JobWarning, PieceQuality
from fnt_server.jobs.findings import BookFindings
from server.api_client import ApiUser, assert_refused, make_api_user, run_to_end, services_of

SENTENCES = [
    {"text": text, "words": 2, "source": text, "page": 1, "chapter": None, "engine": "rules"}
    for text in ("— Oui, dit-il.", '=1+1 "cité", là', "L\u2019homme\u00a0; fin.")
]


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app)


@pytest.fixture
def done(ann: ApiUser, app: Flask) -> int:
    job_id = ann.job(original_filename="Émile\r\nX: y/../Zola.pdf")
    run_to_end(services_of(app), job_id, SENTENCES)
    return job_id


def test_json_holds_document_settings_and_sentences(ann: ApiUser, done: int) -> None:
    response = ann.get(paths.job(done, "result"))
    result, job = json.loads(response.data), ann.snapshot(done)

    assert response.content_type == "application/json"
    assert list(result) == ["v", "document", "settings", "sentences"]
    assert result["document"] == {
        "original_filename": job.original_filename, "sha256": job.sha256, "page_count": 1,
    }  # fmt: skip
    assert result["settings"] == job.processing_settings.to_wire()
    assert result["sentences"] == SENTENCES
    assert ann.get(paths.job(done, "result?format=json")).data == response.data


def test_json_names_title_author_warnings_and_quality(ann: ApiUser, app: Flask) -> None:
    warning = JobWarning(code="HIDDEN_LAYERS", pages="1", message="1 page has layers")
    found = BookFindings(title="Le Bac", author="Anne Kervran", warnings=(warning,))
    quality = PieceQuality(pieces=3, end_with_clause=2, cut_in_clause=1, with_finite_verb=1)
    job_id = ann.job()
    run_to_end(services_of(app), job_id, SENTENCES, found=found, quality=quality)

    document = json.loads(ann.get(paths.job(job_id, "result")).data)["document"]

    assert set(document) == {
        "original_filename", "sha256", "page_count", "title", "author", "warnings", "quality",
    }  # fmt: skip
    assert (document["title"], document["author"]) == ("Le Bac", "Anne Kervran")
    assert document["warnings"] == [warning.to_wire()]
    assert document["quality"] == quality.to_wire()


def test_the_other_formats(ann: ApiUser, done: int) -> None:
    def get(format: str) -> str:
        return ann.get(paths.job(done, f"result?format={format}")).data.decode()

    assert [json.loads(line) for line in get("jsonl").splitlines()] == SENTENCES
    assert get("txt").splitlines()[1:] == ['=1+1 "cité", là', "L\u2019homme ; fin."]
    rows = list(csv.DictReader(io.StringIO(get("csv"), newline="")))
    assert [row["text"] for row in rows] == [sentence["text"] for sentence in SENTENCES]


def test_the_name_cannot_split_the_header(ann: ApiUser, done: int) -> None:
    response = ann.get(paths.job(done, "result?format=txt"))

    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''%C3%89mile%0D%0AX%3A%20y%2F..%2FZola.txt"
    )
    assert "X" not in response.headers


@pytest.mark.parametrize("format", ["", "xml", "JSON", "json%00", "../json"])
def test_an_unknown_format_is_refused(ann: ApiUser, done: int, format: str) -> None:
    assert_refused(ann.get(paths.job(done, f"result?format={format}")), 400, "BAD_REQUEST")


def test_a_job_not_completed_has_no_result(ann: ApiUser) -> None:
    job_id = ann.job()
    assert_refused(ann.get(paths.job(job_id, "result")), 409, "CONFLICT")

    ann.post(paths.job(job_id, "cancel"))

    assert_refused(ann.get(paths.job(job_id, "result")), 409, "CONFLICT")


def test_a_result_that_is_gone_is_an_error_and_no_empty_book(
    ann: ApiUser, app: Flask, done: int
) -> None:
    storage = services_of(app).storage
    storage.delete([key for key in storage.list_keys(f"jobs/{done}/") if "result" in key])

    assert_refused(ann.get(paths.job(done, "result")), 410, "RESULT_GONE")


def test_delete_takes_the_result_too(ann: ApiUser, app: Flask, done: int) -> None:
    assert ann.delete(paths.job(done)).status_code == 204

    assert services_of(app).storage.list_keys(f"jobs/{done}/") == []
    assert_refused(ann.get(paths.job(done, "result")), 404, "JOB_NOT_FOUND")
