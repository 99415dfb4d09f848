"""Looks up known vulnerabilities of the installed packages, and says what could not be looked up.

pip-audit ends with 0 also where no package was found in its data.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from typing import Any

FOUND, UNREACHABLE = 1, 2
OWN = "french-novel-tool"


def main(tool: str) -> int:
    """Print the findings; return 0, FOUND or UNREACHABLE."""
    options = ["-s", "osv", "-f", "json", "--progress-spinner", "off"]
    command = [tool, "--path", sysconfig.get_path("purelib"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, LookupError, TypeError):
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"nothing was checked: the vulnerability data cannot be reached ({reason[:200]})")  # noqa: T201
        return UNREACHABLE
    skipped = [one["name"] for one in packages if "vulns" not in one and one["name"] != OWN]
    bad = [(one, found) for one in packages for found in one.get("vulns", ())]
    for one, found in bad:
        fixed = ", ".join(found["fix_versions"]) or "no version"
        print(f"{one['name']} {one['version']}: {found['id']}, fixed in {fixed}")  # noqa: T201
    print(f"{len(packages) - len(skipped)} packages checked, {len(bad)} vulnerabilities")  # noqa: T201
    if skipped:
        print(f"not checked: {', '.join(skipped)}")  # noqa: T201
    return FOUND if bad else UNREACHABLE if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
