"""What a bulk import has done so far: one row for each book, in an SQLite file that outlives it.

Whatever is about to be asked of the server is committed first, under a key that makes it safe to
ask again.
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
