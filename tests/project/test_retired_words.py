"""Words that were replaced do not come back: names in code, phrases in what people read."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("cli/fnt", "server_stub/fnt_server")

NAMES = {
    # server
    "DoorKeeper": "SocketRequests",
    "UNNAMED_SOCKETS": "HANDSHAKE_SLOTS",
    "_close_strangers": "_close_unauthenticated",
    "admit": "register",
    "Vitals": "HealthStatus",
    "Pulse": "TimedProbe",
    "Finding": "CheckResult",
    "Slot": "PoolChild",
    "hear": "on_wakeup",
    "doorbell": "wakeup",
    "bell": "wakeup",
    "tell_alive": "heartbeat",
    "is_spent": "needs_recycling",
    "Departure": "GracefulShutdown",
    "take_back": "reclaim_expired",
    "Held": "ClaimedStep",
    "ours": "fence_conditions",
    "losses": "lost_count",
    "lock_fairest": "claim_candidate",
    "bury": "reap",
    "Lifeline": "OrphanKiller",
    "set_aside": "quarantine",
    "tell_pages": "record_page_count",
    "natively": "in_native_thread",
    "Codes": "DeviceCodes",
    "Waiting": "PendingDevice",
    "DeviceLogins": "DeviceAuthorization",
    "nobodys_hash": "dummy_hash",
    "_recognise": "_authenticate",
    "_Look": "TokenFeatures",
    "LEANING": "PROCLITICS",
    "CLINGING": "ENCLITICS",
    "part_notes": "split_notes",
    "turns": "page_breaks",
    "vitals": "health_status",
    "take": "claim",
    "ring": "notify_workers",
    "rung": "wakeup",
    "forget": "unregister",
    "aside": "quarantine",
    "stall": "timeout",
    "crowd": "gevent_worker",
    "Accounts": "Authenticator",
    # client
    "tend": "tick",
    "asking": "poll_started",
    "rested": "idle",
    "make_room": "release_slot",
    "twins": "duplicates",
    "trouble_of": "error_text",
    "AWAY": "MAX_CONSECUTIVE_FAILURES",
    "under_way": "in_flight",
    "to_come": "pending",
    "Goal": "DoneCriteria",
    "Wish": "OutputPlan",
    "Lines": "ResumeHints",
    "Together": "TeeRenderer",
    "Cleared": "RowsRetired",
    "JobNews": "JobProgressEvent",
    "Lost": "Disconnected",
    "Errands": "Background",
    "Pace": "ReconnectTiming",
    "Answer": "Ack, or Response",
    "guest": "anonymous",
    "errands": "background",
    "remembered": "job_cache",
    "Patient": "Context",
}
"""What a class, function, variable or attribute may not be called, and what it is called now."""

SERVER_NAMES = {"say": "echo", "tell": "echo", "told": "sent", "instead": "fallback_reason"}
"""The same, for the server alone."""

PHRASES = {
    "came to nothing": "failed",
    "jobs go on": "still running; resume with: …",
    "to follow again": "resume with",
    "the time is over": "timed out",
    "allow more by": "raise",
    "no contact with the server any more": "lost contact with the server",
    "is noted what": "Ledger file",
    "What the file of - is called": "File name for standard input",
    "Words a sentence may have": "Maximum words per sentence",
    "What cuts the sentences": "Splitting engine",
    "with polling in need": "with polling fallback",
    "of which the server has a job": "Skip files already uploaded with the same settings",
    "Tell of exit codes": "Show help on exit codes",
    "Look step by step": "Diagnose connection and setup problems",
    "keeps fnt from working": "Diagnose connection and setup problems",
    "it stands alone": "takes no other options",
    "exclude each other": "are mutually exclusive",
    "name what to send": "no input files",
    "needs a yes": "confirmation required",
    "in force": "effective",
    "goes before": "overrides",
    "parted by": "separated by",
    "there is no such job": "job N not found",
    "lifeline": "orphan killer",
    "doorbell": "wakeup",
    "doorkeeper": "socket limit",
    "a stranger": "an unauthenticated client",
    "vitals": "health status",
}
"""What help, messages, logs, docstrings and pages may not say, and what they say now."""


@cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    """Return the files of the project that match."""
    found = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return tuple(ROOT / name for name in found.split("\0") if name and (ROOT / name).is_file())


@cache
def python_files() -> tuple[Path, ...]:
    found = tracked(*(f"{folder}/*.py" for folder in (*SOURCES, "tests")))
    return tuple(path for path in found if path != Path(__file__))


@cache
def pages() -> tuple[Path, ...]:
    return tracked("*.md", *(f"{folder}/*.html" for folder in SOURCES))


def names_in(source: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def phrases_in(text: str) -> set[str]:
    joined = re.sub(r"\s+", " ", re.sub(r"\"\s*\n\s*f?\"", "", text))
    return {p for p in PHRASES if re.search(rf"\b{re.escape(p)}\b", joined, re.IGNORECASE)}


def test_there_is_something_to_read() -> None:
    assert len(python_files()) > 200
    assert len(pages()) > 5


def retired_for(path: Path) -> dict[str, str]:
    return NAMES | (SERVER_NAMES if "fnt_server" in path.parts else {})


def test_no_retired_name_is_used() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name} is called {retired[name]}"
        for path in python_files()
        for retired in [retired_for(path)]
        for name in names_in(path.read_text(encoding="utf-8")) & set(retired)
    }

    assert found == set()


def test_no_retired_phrase_is_read() -> None:
    found = {
        f"{path.relative_to(ROOT)}: for {phrase!r} write {PHRASES[phrase]!r}"
        for path in (*python_files(), *pages())
        for phrase in phrases_in(path.read_text(encoding="utf-8"))
    }

    assert found == set()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_retired_name_would_be_found(name: str) -> None:
    assert names_in(f"def f(x):\n    return x.{name}\n") & set(NAMES) == {name}


@pytest.mark.parametrize("phrase", sorted(PHRASES))
def test_a_retired_phrase_would_be_found(phrase: str) -> None:
    halves = phrase.partition(" ")
    broken = f'    "so {halves[0]}{halves[1]}"\n    "{halves[2]} then"\n' if halves[2] else phrase

    assert phrase in phrases_in(f"so {phrase.upper()}, then")
    assert phrase in phrases_in(broken)
