"""The example pipelines in docs/ci, and the shell in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path(__file__).parents[1] / "docs" / "ci"
GITHUB, GITLAB = FOLDER / "github-actions.yml", FOLDER / "gitlab-ci.yml"


def read_yaml(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(path)
    return content


def github_steps() -> list[str]:
    """Return the script of each step that is one."""
    steps = read_yaml(GITHUB)["jobs"]["sentences"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def gitlab_script() -> str:
    """Return all lines of the job, as the runner joins them."""
    job = read_yaml(GITLAB)["sentences"]
    return "\n".join([*job["before_script"], *job["script"]])
