"""Artifacts of a run: JUnit report, annotations, step summary."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from builders import MOMENT, make_snapshot
from fnt.errors import AuthError, DeadlineError, FntError
from fnt.output.report.document import Ending, JobEntry, problem_entry
from fnt.output.report.github import annotations_of, markdown, summary_of
from fnt.output.report.junit import junit_xml
from world import completed, make_terminal

HOSTILE = "a\x00\ufffe\ud800 <b>&\"'\r\n::error::,%|[x](http://e).pdf"


def ending(*jobs: JobEntry, error: FntError | None = None) -> Ending:
    code = error.exit_code if error else 0
    return Ending(command="upload", exit_code=code, error=error, jobs=jobs, now=MOMENT)


def failed(file: str = HOSTILE) -> JobEntry:
    return JobEntry(file=file, error=problem_entry("NOT_A_PDF", f"{file} is no PDF"))


def read_junit(text: str) -> ElementTree.Element:
    """Parse a report and check it against the structure JUnit's schemas share."""
    root = ElementTree.fromstring(text.encode())
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    cases = list(suite)
    assert {case.tag for case in cases} <= {"testcase"}
    assert set(suite.attrib) == {
        "name", "timestamp", "tests", "failures", "errors", "skipped", "time",
    }  # fmt: skip
    assert int(suite.attrib["tests"]) == len(cases)
    for kind, total in (("failure", "failures"), ("error", "errors")):
        found = suite.findall(f"testcase/{kind}")
        assert len(found) == int(suite.attrib[total])
        assert all(set(one.attrib) == {"type", "message"} for one in found)
    for case in cases:
        assert set(case.attrib) == {"name", "classname", "time"}
        assert float(case.attrib["time"]) >= 0
        assert [one.tag for one in case] in ([], ["failure"], ["error"], ["system-out"],
            ["failure", "system-out"], ["error", "system-out"])  # fmt: skip
    return suite


def test_junit_has_a_case_for_each_job_and_says_what_failed() -> None:
    suite = read_junit(junit_xml(ending(JobEntry(file="a.pdf", job=completed()), failed("b.pdf"))))

    assert [case.get("name") for case in suite] == ["a.pdf", "b.pdf"]
    assert suite.find("testcase/failure").get("type") == "NOT_A_PDF"  # type: ignore[union-attr]
    assert suite.get("failures") == "1"


def test_junit_holds_hostile_text() -> None:
    suite = read_junit(junit_xml(ending(failed())))

    name = suite[0].attrib["name"]
    assert name.isprintable()
    assert "<b>&\"'" in name


def test_junit_reports_unfinished_jobs_and_runs_without_jobs() -> None:
    running = JobEntry(file="a.pdf", job=make_snapshot())
    over = read_junit(junit_xml(ending(running, error=DeadlineError("timed out"))))
    refused = read_junit(junit_xml(ending(error=AuthError("not logged in"))))

    assert over.find("testcase/error").get("type") == "NOT_FINISHED"  # type: ignore[union-attr]
    assert refused.find("testcase/error").get("type") == "AUTH"  # type: ignore[union-attr]


def test_annotation_is_one_escaped_command() -> None:
    (line,) = annotations_of(ending(failed("d,1:2%.pdf")))

    assert line == "::error file=d%2C1%3A2%25.pdf,title=NOT_A_PDF::d,1:2%25.pdf is no PDF"
    (hostile,) = annotations_of(ending(failed()))
    assert hostile.isprintable()
    assert hostile.startswith("::error file=")


def test_annotations_skip_successful_files() -> None:
    assert list(annotations_of(ending(JobEntry(file="a.pdf", job=completed())))) == []


def test_summary_is_a_table_in_which_names_are_no_markup() -> None:
    text = summary_of(ending(failed(), JobEntry(file="a_b.pdf", job=completed())))

    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 2
    assert all(row.count("|") == 6 for row in rows)
    assert not set("<>[]()`*_\\") & set(text.replace("#", ""))
    assert markdown("a|b") == "a&#124;b"


@pytest.mark.parametrize("text", ["::error::x", "  ::stop-commands::x", "a ##[add-mask]b"])
def test_nothing_said_on_github_commands_its_runner(text: str) -> None:
    terminal = make_terminal(environ={"GITHUB_ACTIONS": "true"})
    terminal.say(text)
    terminal.result(text)
    terminal.document({"text": text})

    for line in (terminal.err.text + terminal.out.text).splitlines():  # type: ignore[attr-defined]
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@pytest.mark.parametrize("variable", ["TF_BUILD", "TEAMCITY_VERSION"])
@pytest.mark.parametrize("command", ["##vso[task.setvariable]y", "##teamcity[x]", "##[x]"])
def test_nothing_said_to_other_runners_commands_them(variable: str, command: str) -> None:
    terminal = make_terminal(environ={variable: "1"})
    terminal.say(f"a {command}")
    terminal.result(command)
    terminal.document({"text": command})

    text = terminal.err.text + terminal.out.text  # type: ignore[attr-defined]
    assert text.count("##") == 3
    assert not re.search(r"##\w*\[", text)
