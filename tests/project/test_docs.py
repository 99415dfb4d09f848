"""The pages for users name every code, field and setting there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fnt.commands.help_topics import TOPICS, Topic
from fnt.errors import ExitCode
from fnt.wire import events
from fnt.wire.device import DeviceError
from fnt.wire.error_codes import ErrorCode, JobErrorCode, WarningCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings
from fnt.wire.results import FORMATS, Sentence
from fnt_server.engines import get_engine
from fnt_server.pipeline.analysis import analyze
from fnt_server.pipeline.chunks import process_chunk
from typeset import typeset

DOCS = Path(__file__).parents[2] / "docs"
SERVER_CONFIG = DOCS.parent / "server_stub/fnt_server/config"


def quoted(page: str) -> set[str]:
    """Return the words of a page that stand in code marks."""
    marked = re.findall(r"`([^`\n]+)`", (DOCS / page).read_text(encoding="utf-8"))
    return {word for text in marked for word in re.findall(r"\w+", text)}


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("errors.md", set(ErrorCode) | set(JobErrorCode) | set(WarningCode)),
        ("errors.md", set(DeviceError)),
        ("wire.md", set(JobSnapshot.__struct_fields__)),
        ("wire.md", set(ProcessingSettings.__struct_fields__)),
        ("wire.md", set(JobStatus)),
        ("wire.md", {events.JOIN_JOB, events.LEAVE_JOB, events.CANCEL_JOB}),
        ("wire.md", {events.JOB_PROGRESS, events.ERROR, events.SERVER_DRAINING}),
        ("results.md", set(FORMATS)),
        ("results.md", set(Sentence.__struct_fields__)),
    ],
)
def test_page_names_them_all(page: str, names: set[str]) -> None:
    assert names - quoted(page) == set()


def test_errors_page_has_a_row_for_every_exit_code() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    table = text.split("## Exit codes")[1].split("\n## ")[0]

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == set(ExitCode)


def test_settings_page_has_their_defaults() -> None:
    text = (DOCS / "wire.md").read_text(encoding="utf-8")

    for name, value in ProcessingSettings().to_wire().items():
        default = str(value).lower() if isinstance(value, bool) else value
        row = rf"^\| `{name}` \| [^|]+ \| `?{default}`? \|"
        assert re.search(row, text, re.MULTILINE), name


@pytest.mark.parametrize(
    "module",
    [
        "cli/fnt/api/tls.py",
        "cli/fnt/config/settings/__init__.py",
        "cli/fnt/config/settings/sources.py",
        *(str(file.relative_to(DOCS.parent)) for file in SERVER_CONFIG.glob("*.py")),
    ],
)
def test_configuration_names_every_variable(module: str) -> None:
    text = (DOCS.parent / module).read_text()
    read = re.findall(r'"((?:FNT|DATABASE|CELERY|SSL)_[A-Z_]+)"', text)

    assert set(read) <= quoted("configuration.md")


@pytest.mark.parametrize("topic", TOPICS.values(), ids=list(TOPICS))
def test_page_holds_the_table_of_fnt_help(topic: Topic) -> None:
    assert topic.markdown() in (DOCS / topic.page).read_text(encoding="utf-8")


def test_readme_shows_what_becomes_of_its_passage(tmp_path: Path) -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    before, after = re.findall(r"^```text\n(.*?)```$", readme, re.MULTILINE | re.DOTALL)
    page = tmp_path / "page.pdf"
    typeset(before, page, title="Madame Bovary")

    settings = ProcessingSettings()
    with page.open("rb") as file:
        analysis = analyze(file.fileno(), settings, max_pages=10, max_text_chars=10_000)
    _title, *paragraphs = analysis.paragraphs
    chunk = process_chunk(paragraphs, settings=settings, engine=get_engine("rules"))

    assert [sentence.text for sentence in chunk.sentences] == after.splitlines()
    assert max(sentence.words for sentence in chunk.sentences) <= settings.sentence_length_limit
