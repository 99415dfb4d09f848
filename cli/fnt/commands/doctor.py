"""`fnt doctor`: what is wrong and how to fix it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.request import getproxies

import typer

from fnt.doctor import CHECKS, CheckResult, CheckStatus, DoctorContext, run_checks
from fnt.doctor.outcome import skip
from fnt.errors import (
    AuthError,
    ExitCode,
    FntError,
    NotFoundError,
    ProtocolError,
    TemporaryError,
    UsageError,
)
from fnt.output.output_mode import OutputMode
from fnt.time_limit import OutOfTime, time_limit

if TYPE_CHECKING:
    from fnt.context import AppContext

WORST_FIRST: dict[ExitCode, type[FntError]] = {
    ExitCode.BUG: FntError,
    ExitCode.USAGE: UsageError,
    ExitCode.NOT_FOUND: NotFoundError,
    ExitCode.PROTOCOL: ProtocolError,
    ExitCode.TEMPORARY: TemporaryError,
    ExitCode.AUTH: AuthError,
}
"""Exit codes in order of precedence when several checks failed; 4 comes last."""


def doctor(
    ctx: typer.Context,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder for results; default: the current one."
        ),
    ] = None,
) -> None:
    """Diagnose connection and setup problems.

    Each check takes at most five seconds. Exit codes: 0 if everything works, possibly with
    warnings; 2 if something here is misconfigured; 5 if the server is unreachable or
    cannot process jobs; 4 if you only need to log in.
    """
    context: AppContext = ctx.obj
    target = DoctorContext(
        context=context, folder=context.cwd / (output or Path()), proxies=getproxies
    )
    findings: list[CheckResult] = []
    out_of_time: TemporaryError | None = None
    try:
        with time_limit(_timeout_s(context)):
            for finding in run_checks(target, CHECKS, clock=time.monotonic):
                findings.append(finding)
                _tell(context, finding)
            target.close()
    except OutOfTime:
        out_of_time = TemporaryError("timed out", hint="raise --timeout")
        for finding in _untried(len(findings)):
            findings.append(finding)
            _tell(context, finding)
    finally:
        context.report.answer["doctor"] = [finding.report() for finding in findings]
    _raise_worst(findings, out_of_time)


def _timeout_s(context: AppContext) -> float | None:
    try:
        return context.settings().timeout_s
    except FntError:  # reported by the first check
        return None


def _untried(done: int) -> Iterator[CheckResult]:
    for check in CHECKS[done:]:
        yield CheckResult(check=check.name, outcome=skip("skipped: timed out"))


def _tell(context: AppContext, finding: CheckResult) -> None:
    outcome = finding.outcome
    if context.options.format is OutputMode.QUIET and outcome.status in (
        CheckStatus.OK,
        CheckStatus.SKIP,
    ):
        return
    context.terminal.result(f"{outcome.status:4}  {finding.check:9}  {outcome.message}")
    if outcome.hint:
        context.terminal.result(f"{'':17}{outcome.hint}")


def _raise_worst(findings: list[CheckResult], out_of_time: TemporaryError | None) -> None:
    bad = [finding for finding in findings if finding.outcome.status is CheckStatus.FAIL]
    for exit_code, kind in WORST_FIRST.items():
        for finding in bad:
            outcome = finding.outcome
            if outcome.exit_code is exit_code:
                raise kind(f"{finding.check}: {outcome.message}", hint=outcome.hint)
    if out_of_time is not None:
        raise out_of_time
