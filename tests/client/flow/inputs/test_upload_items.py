"""Files are sent as they are looked at."""

from __future__ import annotations

import time
from pathlib import Path, PurePath
from typing import Any

from fnt.flow.inputs.discovery import InputFile
from fnt.flow.inputs.upload_items import checked_updates, collect
from fnt.progress import UploadProgress
from fnt.wire.jobs import ProcessingSettings
from pdfs import make_pdf


class TakesOne:
    """A session that notes when the first file could be sent, and goes."""

    first_at = 0.0

    def upload(self, items: Any, *, parallel: int) -> Any:
        next(items)
        self.first_at = time.monotonic()
        yield from ()


def test_the_first_of_many_is_sent_before_the_last_was_looked_at(tmp_path: Path) -> None:
    found = []
    for number in range(63):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(make_pdf())
        found.append(InputFile(given=str(path), path=path, relative=PurePath(path.name)))
    inputs = collect(found, settings=ProcessingSettings(), new_key=lambda: "key")
    session: Any = TakesOne()

    begun_at = time.monotonic()
    updates = list(checked_updates(inputs, session, parallel=4, options=None, warn=lambda _: None))

    assert len([one for one in updates if isinstance(one, UploadProgress)]) == 63
    assert session.first_at - begun_at < 3.0
