"""`fnt … --jsonl` as a process whose events are read as they come."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from e2e.harness import ClientHome, wait_for

Event = dict[str, Any]

LINK, PROGRESS, ENDED = "link.state", "job.progress", "job.ended"


def moment(text: str) -> float:
    """Return a time of the wire as seconds of the epoch."""
    return datetime.fromisoformat(text).timestamp()


class Observer:
    """One client's view of its jobs, kept whole."""

    def __init__(self, home: ClientHome, *args: str) -> None:
        self.events: list[Event] = []
        self._process = home.start(*args, "--jsonl")
        self._errors: list[str] = []
        self._is_reading = True
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def stderr(self) -> str:
        """What the client has said on stderr."""
        return "".join(self._errors)

    @property
    def jobs(self) -> list[Event]:
        """Return every Job shown, in order."""
        return [event["job"] for event in list(self.events) if event["type"] in (PROGRESS, ENDED)]

    @property
    def versions(self) -> list[int]:
        """Return the versions shown, in order."""
        return [job["version"] for job in self.jobs]

    @property
    def links(self) -> list[str]:
        """Return the states of the link, in order."""
        return [event["status"] for event in self.of(LINK)]

    @property
    def ends(self) -> list[str]:
        """Return the statuses with which jobs ended."""
        return [event["job"]["status"] for event in self.of(ENDED)]

    def of(self, kind: str) -> list[Event]:
        """Return the events of a kind."""
        return [event for event in list(self.events) if event["type"] == kind]

    def wait(self, condition: Callable[[], Any], *, within_s: float, what: str) -> Any:
        """Wait until the view is as wanted."""
        return wait_for(condition, within_s=within_s, what=f"{what}; seen: {self.links}")

    def wait_for_progress(self, percent: int, *, within_s: float = 60) -> None:
        """Wait until a job has been shown to be so far."""
        self.wait(
            lambda: any(job["progress_percent"] >= percent for job in self.jobs),
            within_s=within_s,
            what=f"{percent} %",
        )

    def finish(self, *, within_s: float = 90) -> int:
        """Wait for the client's end; returns its exit status."""
        status = self._process.wait(timeout=within_s)
        for reader in self._readers:
            reader.join(5)
        return status

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the client."""
        self._process.send_signal(number)

    def close_stdout(self) -> None:
        """Stop reading, as `head` does."""
        self._is_reading = False

    def kill(self) -> None:
        """End the process, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.events.append(json.loads(line))
            if not self._is_reading:
                self._process.stdout.close()
                return

    def _read_errors(self) -> None:
        assert self._process.stderr
        self._errors += self._process.stderr
