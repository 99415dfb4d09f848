"""How many books of a ledger ended how, in words and for scripts."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fnt.flow.ledger import BookStatus, Ledger
from fnt.output.formatting import count
from fnt.wire.documents import BatchReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Book counts by status. Each book counts once."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    unsaved: int = 0
    """Completed, but the result is not saved."""
    left: int = 0
    """Not sent, or still running."""

    @classmethod
    def of_ledger(cls, ledger: Ledger, *, run: int | None) -> Tally:
        """Count the books of one run, or all."""
        counts = ledger.counts(run=run)

        def number(*statuses: BookStatus) -> int:
            return sum(counts.get(status, 0) for status in statuses)

        return cls(
            completed=number(BookStatus.DONE),
            failed=number(BookStatus.FAILED),
            cancelled=number(BookStatus.CANCELLED),
            refused=number(BookStatus.REFUSED, BookStatus.CHANGED),
            unsaved=number(BookStatus.UNSAVED),
            left=number(BookStatus.WAITING, BookStatus.SENDING, BookStatus.RUNNING),
        )

    @property
    def total(self) -> int:
        """Return the number of all books."""
        return sum(asdict(self).values())

    @property
    def is_without_jobs(self) -> bool:
        """Return whether no book has a job that ended."""
        return self.refused + self.left == self.total

    def to_json(self) -> dict[str, int]:
        """Return the nonzero counts as a JSON object."""
        return {name: number for name, number in asdict(self).items() if number}

    def words(self, completed: str) -> list[str]:
        """Format the nonzero counts: `41 saved`, `2 failed`, `1 refused`."""
        names = {"completed": completed, "unsaved": "not saved"}
        return [f"{count(n)} {names.get(name, name)}" for name, n in self.to_json().items()]

    def bad_words(self, noun: str) -> str:
        """Format the unsuccessful counts: `2 of 9 jobs failed, 1 refused`."""
        names = {
            "failed": self.failed,
            "cancelled": self.cancelled,
            "refused": self.refused,
            "not saved": self.unsaved,
            "left": self.left,
        }
        first, *others = [(name, number) for name, number in names.items() if number]
        words = f"{first[1]} of {self.total} {noun}s {first[0]}"
        return ", ".join([words, *(f"{number} {name}" for name, number in others)])


def batch_report(ledger: Ledger, *, run: int | None = None) -> BatchReport:
    """Return the state of a ledger as written in the document."""
    return BatchReport(
        ledger=str(ledger.path),
        server=ledger.meta("server"),
        user=ledger.meta("user"),
        counts=ledger.counts(run=run),
    )
