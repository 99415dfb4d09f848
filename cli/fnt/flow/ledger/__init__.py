"""The state of a bulk import: an SQLite file with one row per book.

Each request is recorded before it is sent, with an idempotency key that makes it safe to repeat.
"""

from fnt.flow.ledger.books import FAILED, OPEN, Book, Prepared, Wanted
from fnt.flow.ledger.file import ledger_lock
from fnt.flow.ledger.ledger import Ledger
from fnt.wire.documents import BookStatus

__all__ = [
    "FAILED",
    "OPEN",
    "Book",
    "BookStatus",
    "Ledger",
    "Prepared",
    "Wanted",
    "ledger_lock",
]
