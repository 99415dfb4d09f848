"""The end of a run: failures are listed, and nothing else is."""

from __future__ import annotations

from pathlib import Path

from fnt.flow.closing_messages import tell_failures
from fnt.flow.ledger import BookStatus, Ledger
from fnt.flow.plan import Plan, ResumeHints
from fnt.flow.results.output_plan import OutputPlan
from world import Clock, World


def test_a_result_whose_save_was_interrupted_is_no_failure() -> None:
    world = World()
    with Ledger.in_memory(now=Clock().now) as ledger:
        ledger.begin_watch([11, 12])
        interrupted, failed = ledger.books()
        ledger.unsaved(interrupted, [])
        ledger.record_error(failed, code="X", message="why", status=BookStatus.FAILED)
        output, hints = OutputPlan(folder=Path(), formats=()), ResumeHints(again="fnt watch 11 12")
        plan = Plan(ledger=ledger, run=1, output_plan=output, watch=None, hints=hints)

        tell_failures(world.terminal, plan, hints={}, titles={}, styled=False)

    assert world.err == "job 12: failed: why (X)\n"
