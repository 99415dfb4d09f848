"""fnt.doctor: order, dependencies, time limits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fnt.commands.help_topics import TROUBLE
from fnt.doctor import CHECKS, CheckStatus, DoctorContext, Outcome, run_checks
from fnt.doctor.outcome import fail, ok
from fnt.doctor.run_checks import Check
from fnt.errors import ExitCode, NotFoundError
from world import World


def make_patient() -> DoctorContext:
    return DoctorContext(context=World().context(), folder=Path(), proxies=dict)


def check(name: str, said: Outcome | Callable[[], Outcome], *needs: str) -> Check:
    return Check(
        name=name, look=lambda _: said if isinstance(said, Outcome) else said(), needs=needs
    )


def found(*checks: Check, limit_s: float = 5.0) -> dict[str, Outcome]:
    findings = run_checks(make_patient(), checks, clock=lambda: 0.0, limit_s=limit_s)
    return {finding.check: finding.outcome for finding in findings}


def test_checks_that_depend_on_a_failed_one_are_skipped() -> None:
    bad = fail("gone", "look", exit_code=ExitCode.TEMPORARY)

    verdicts = found(
        check("a", bad), check("b", ok("b"), "a"), check("c", ok("c"), "b"), check("d", ok("d"))
    )

    assert verdicts["b"].message == verdicts["c"].message == "skipped: a failed"
    assert [one.status for one in verdicts.values()] == ["fail", "skip", "skip", "ok"]


def test_a_check_that_never_ends_is_left() -> None:
    never = threading.Event()

    def hang() -> Outcome:
        never.wait(30)
        return ok("late")

    verdicts = found(check("a", hang), check("b", ok("b")), limit_s=0.05)
    never.set()

    assert (verdicts["a"].status, verdicts["b"].status) == (CheckStatus.FAIL, CheckStatus.OK)
    assert verdicts["a"].exit_code is ExitCode.TEMPORARY


def test_errors_are_verdicts_and_bugs_are_bugs() -> None:
    def refuse() -> Outcome:
        raise NotFoundError("no such profile", hint="make one")

    said = found(check("a", refuse))["a"]
    assert (said.message, said.hint, said.exit_code) == ("no such profile", "make one", 3)
    with pytest.raises(ZeroDivisionError):
        found(check("a", lambda: ok(str(1 / 0))))


def test_the_list_for_people_is_the_list_that_is_run() -> None:
    names = [one.name for one in CHECKS]

    assert [row[0].strip("`") for row in TROUBLE.rows] == names
    for number, one in enumerate(CHECKS):
        assert set(one.needs) <= set(names[:number])
