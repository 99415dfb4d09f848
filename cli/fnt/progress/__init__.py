"""Updates of a run, the state they lead to, and the reducer between the two."""

from fnt.progress.reducer import is_newer, reduce
from fnt.progress.state import ProgressState, RetiredCounts, Row, run_left_s, time_left_s
from fnt.progress.updates import (
    RESTARTING,
    Accepted,
    LinkState,
    LinkStatus,
    Refused,
    RowsRetired,
    Saved,
    SaveFailed,
    Update,
    UploadProgress,
)

__all__ = [
    "RESTARTING",
    "Accepted",
    "LinkState",
    "LinkStatus",
    "ProgressState",
    "Refused",
    "RetiredCounts",
    "Row",
    "RowsRetired",
    "SaveFailed",
    "Saved",
    "Update",
    "UploadProgress",
    "is_newer",
    "reduce",
    "run_left_s",
    "time_left_s",
]
