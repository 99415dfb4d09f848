"""Output for GitHub Actions: an annotation per failure, and a summary table.

Escaping follows the runner's toolkit: `%`, CR, and LF in a message, plus `:` and `,` in a
property.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

from fnt.output.report.document import Ending, JobEntry
from fnt.output.report.junit import error_text, name_of
from fnt.output.sanitize import clean

MOST_ROWS = 500
"""Limits the step summary, which may have at most 1 MiB."""
MARKS = frozenset(string.punctuation) - {"-"}


def annotations_of(ending: Ending) -> Iterator[str]:
    """Yield a workflow command for each failed file, or for the run."""
    for entry in ending.jobs:
        trouble = error_text(entry, ending)
        if trouble is not None:
            code, message = trouble
            words = message if entry.file else f"{name_of(entry)}: {message}"
            place = f"file={_property(entry.file)}," if entry.file else ""
            yield f"::error {place}title={_property(code)}::{_data(words)}"
    if ending.error is not None and not ending.jobs:
        code = ending.error.code or ending.error.exit_code.name
        yield f"::error title={_property(code)}::{_data(ending.error.message)}"


def summary_of(ending: Ending) -> str:
    """Return the table for the step summary, with all names escaped."""
    lines = [f"### fnt {markdown(ending.command)}: exit code {int(ending.exit_code)}", ""]
    if ending.jobs:
        lines += ["| file | job | status | sentences | |", "|---|---:|---|---:|---|"]
        lines += [_row(entry, ending) for entry in ending.jobs[:MOST_ROWS]]
    if len(ending.jobs) > MOST_ROWS:
        lines += ["", f"and {len(ending.jobs) - MOST_ROWS} more"]
    if ending.error is not None:
        lines += ["", markdown(ending.error.message)]
    return "\n".join(lines) + "\n\n"


def markdown(text: str) -> str:
    """Escape untrusted text so that Markdown shows it literally, in one table cell."""
    return "".join(f"&#{ord(char)};" if char in MARKS else char for char in clean(text))


def _row(entry: JobEntry, ending: Ending) -> str:
    job, trouble = entry.job, error_text(entry, ending)
    cells = [
        markdown(name_of(entry)),
        str(job.id if job else entry.job_id or ""),
        job.status.value
        if job
        else "completed"
        if entry.is_done
        else "refused"
        if entry.error
        else "",
        str(job.sentence_count or "") if job else "",
        markdown(trouble[1] if trouble else ", ".join(map(str, entry.outputs))),
    ]
    return "| " + " | ".join(cells) + " |"


def _status(entry: JobEntry) -> str:
    if entry.job is not None:
        return entry.job.status.value
    return "completed" if entry.is_done else "refused" if entry.error else ""


def _data(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
