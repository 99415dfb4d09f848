"""The recorder: nothing is lost, and what is read back is what was noted."""

from __future__ import annotations

from pathlib import Path

from builders import make_snapshot
from faults.history import Entry, History, Op, read


def test_history_reads_back_as_it_was_noted(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl", wall=lambda: 1000.0, clock=lambda: 5.0)
    history.add(Entry(op=Op.SHOWN, observer="ann-1", user="ann").about(make_snapshot(version=7)))
    history.add(Entry(op=Op.LIST, observer="ann-2", user="ann", ids=(3, 2), began=4.0, http=200))
    history.close()

    shown, listed = read((tmp_path / "history.jsonl").read_text().splitlines())

    assert (shown.job, shown.version, shown.status, shown.at) == (12, 7, "processing", 1000.0)
    assert (shown.began, shown.clock) == (5.0, 5.0)
    assert (listed.began, list(listed.ids)) == (4.0, [3, 2])
    assert [e.op for e in history.entries()] == [Op.SHOWN, Op.LIST]
