"""JUnit report with one test case per input or job."""

from __future__ import annotations

from xml.etree import ElementTree

from fnt.output.report.document import Ending, JobEntry
from fnt.output.sanitize import clean
from fnt.wire.job_status import JobStatus
from fnt.wire.times import format_time


def junit_xml(ending: Ending) -> str:
    """Return the report as XML for Jenkins and GitLab.

    A failed entry is a `failure`; one unfinished when the run ended is an `error`. Characters that
    are invalid in XML or invisible are escaped.
    """
    root = ElementTree.Element("testsuites")
    name = f"fnt {ending.command}".strip()
    stamp = format_time(ending.now)[:19]
    suite = ElementTree.SubElement(root, "testsuite", name=name, timestamp=stamp)
    for entry in ending.jobs:
        _add_case(suite, entry, ending)
    if ending.error is not None and not ending.jobs:
        case = ElementTree.SubElement(suite, "testcase", name=name, classname="fnt", time="0.000")
        code = ending.error.code or ending.error.exit_code.name
        _add_trouble(case, "error", code, ending.error.message)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def name_of(entry: JobEntry) -> str:
    """Return the display name of an entry: the file as given, or the server's name for it."""
    if entry.file is not None:
        return clean(entry.file)
    return clean(entry.job.original_filename) if entry.job is not None else "job"


def error_text(entry: JobEntry, ending: Ending) -> tuple[str, str] | None:
    """Return error code and message of a failed or unfinished entry, or None."""
    if entry.error is not None:
        return clean(entry.error.code), clean(entry.error.message)
    is_done = entry.is_done or (entry.job is not None and entry.job.status.is_terminal)
    if is_done or ending.error is None:
        return None
    return "NOT_FINISHED", clean(f"not finished when the run ended: {ending.error.message}")


def _add_case(suite: ElementTree.Element, entry: JobEntry, ending: Ending) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=name_of(entry),
        classname=f"fnt.{ending.command.replace(' ', '.')}",
        time=f"{_took_s(entry):.3f}",
    )
    trouble = error_text(entry, ending)
    if trouble is not None:
        _add_trouble(case, "failure" if entry.error is not None else "error", *trouble)
    if (job_id := entry.job.id if entry.job else entry.job_id) is not None:
        words = [f"job {job_id}", *(f"saved {path}" for path in entry.outputs)]
        ElementTree.SubElement(case, "system-out").text = "\n".join(map(clean, words))


def _add_trouble(case: ElementTree.Element, kind: str, code: str, message: str) -> None:
    one = ElementTree.SubElement(case, kind, type=clean(code), message=clean(message))
    one.text = clean(message)


def _took_s(entry: JobEntry) -> float:
    job = entry.job
    if job is None or job.status is not JobStatus.COMPLETED:
        return 0.0
    if job.completed_at is None or job.uploaded_at is None:
        return 0.0
    return max(0.0, (job.completed_at - job.uploaded_at).total_seconds())
