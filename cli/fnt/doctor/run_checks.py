"""Runs the checks in order, each with a time limit, skipping those whose dependencies failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fnt.doctor.context import DoctorContext
from fnt.doctor.result import Verdict, fail, failed, skip
from fnt.errors import ExitCode, FntError, TemporaryError
from fnt.time_limit import call_within
from fnt.wire.documents import CheckStatus, DoctorCheck

LIMIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    name: str
    look: Callable[[DoctorContext], Verdict]
    needs: tuple[str, ...] = ()
    """Names of the checks that must not have failed."""
    late_hint: str = "check the network between this machine and the server"
    late_code: ExitCode = ExitCode.TEMPORARY
    """The exit code if it times out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The verdict of a check and how long it took."""

    check: str
    verdict: Verdict
    ms: int = 0

    def report(self) -> DoctorCheck:
        """Return the result as written in the JSON report."""
        return DoctorCheck(
            check=self.check,
            status=self.verdict.status,
            message=self.verdict.message,
            hint=self.verdict.hint,
            ms=self.ms,
        )


def run_checks(
    target: DoctorContext,
    checks: Sequence[Check],
    *,
    clock: Callable[[], float],
    limit_s: float = LIMIT_S,
) -> Iterator[CheckResult]:
    """Yield the result of each check, in order."""
    causes: dict[str, str] = {}
    for check in checks:
        cause = next((causes[name] for name in check.needs if name in causes), None)
        if cause is not None:
            causes[check.name] = cause
            yield CheckResult(check=check.name, verdict=skip(f"skipped: {cause} failed"))
            continue
        started_at = clock()
        verdict = _limited(target, check, limit_s=limit_s)
        if verdict.status is CheckStatus.FAIL:
            causes[check.name] = check.name
        yield CheckResult(
            check=check.name, verdict=verdict, ms=round((clock() - started_at) * 1000)
        )


def _limited(target: DoctorContext, check: Check, *, limit_s: float) -> Verdict:
    """Run a check with a time limit, since DNS, keyring, or network may never respond."""
    try:
        return call_within(limit_s, lambda: check.look(target), name=f"doctor-{check.name}")
    except TemporaryError as error:
        return failed(error, hint=check.late_hint)
    except FntError as error:
        return failed(error)
    except TimeoutError:
        words = f"no response within {limit_s:g} s"
        return fail(words, check.late_hint, exit_code=check.late_code)
