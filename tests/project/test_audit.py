"""`make audit` never says that all is well when nothing was looked up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import audit

GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([GOOD], 0, "1 packages checked, 0 vulnerabilities"),
        ([GOOD, BAD], audit.FOUND, "b 2: CVE-1, fixed in 3"),
        ([GOOD, SKIPPED], audit.UNREACHABLE, "not checked: c"),
        (None, audit.UNREACHABLE, "nothing was checked"),
    ],
)
def test_audit(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    packages: list[object] | None,
    code: int,
    said: str,
) -> None:
    tool = tmp_path / "pip-audit"
    told = "" if packages is None else json.dumps({"dependencies": packages})
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{told}\nEND\necho no route >&2\n")
    tool.chmod(0o700)

    assert audit.main(str(tool)) == code
    assert said in capsys.readouterr().out
