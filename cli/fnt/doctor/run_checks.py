"""Runs the checks in order, each with a time limit, skipping those whose dependencies failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fnt.doctor.context import DoctorContext
from fnt.doctor.outcome import Outcome, fail, failed, skip
from fnt.errors import ExitCode, FntError, TemporaryError
from fnt.time_limit import call_within
from fnt.wire.documents import CheckStatus, DoctorCheck

LIMIT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    name: str
    look: Callable[[DoctorContext], Outcome]
    needs: tuple[str, ...] = ()
    """Names of the checks that must not have failed."""
    late_hint: str = "check the network between this machine and the server"
    late_code: ExitCode = ExitCode.TEMPORARY
    """The exit code if it times out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of a check and how long it took."""

    check: str
    outcome: Outcome
    ms: int = 0

    def report(self) -> DoctorCheck:
        """Return the result as written in the JSON report."""
        return DoctorCheck(
            check=self.check,
            status=self.outcome.status,
            message=self.outcome.message,
            hint=self.outcome.hint,
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
            yield CheckResult(check=check.name, outcome=skip(f"skipped: {cause} failed"))
            continue
        started_at = clock()
        outcome = _limited(target, check, limit_s=limit_s)
        if outcome.status is CheckStatus.FAIL:
            causes[check.name] = check.name
        yield CheckResult(
            check=check.name, outcome=outcome, ms=round((clock() - started_at) * 1000)
        )


def _limited(target: DoctorContext, check: Check, *, limit_s: float) -> Outcome:
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
