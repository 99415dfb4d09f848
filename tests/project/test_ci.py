"""The example pipelines hold to their services' schemas, and name what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ci_files import FOLDER, GITHUB, GITLAB, github_steps, gitlab_script, read_yaml
from fnt.commands.help_topics import ENVIRONMENT
from fnt.errors import ExitCode

PAGE = (FOLDER.parent / "ci.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("schema", "path"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)]
)
@pytest.mark.parametrize("broken", [False, True])
def test_a_pipeline_holds_to_its_schema(
    tmp_path: Path, schema: str, path: Path, broken: bool
) -> None:
    text = path.read_text(encoding="utf-8")
    if broken:
        text = re.sub(r"\b(jobs|script):", "thing:", text)
    copy = tmp_path / path.name
    copy.write_text(text)

    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(copy)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode != 0) is broken, done.stdout


def test_both_send_in_the_same_way() -> None:
    for text in ("\n".join(github_steps()), gitlab_script()):
        for words in ("fnt doctor", "fnt upload -r books --watch", "--junit junit.xml"):
            assert words in text


def test_variables_and_codes_of_the_page_exist() -> None:
    known = {row[0].strip("`") for row in ENVIRONMENT.rows} | {"FNT_PACKAGE"}
    used = re.findall(r"FNT_\w+", PAGE + GITHUB.read_text() + GITLAB.read_text())

    assert set(used) <= known
    codes = re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE)
    assert {int(code) for row in codes for code in row.split(", ")} <= set(ExitCode)


def test_the_page_names_every_file() -> None:
    assert set(re.findall(r"\]\(ci/([\w.-]+)\)", PAGE)) == {path.name for path in FOLDER.iterdir()}


def test_a_package_from_a_repository_can_be_installed() -> None:
    assert "git+https://" in PAGE
    assert "slim" not in read_yaml(GITLAB)["sentences"]["image"]  # these have no git
