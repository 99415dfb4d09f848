"""Upload and watch as one iterator of updates, over any transport."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from queue import SimpleQueue
from typing import Any, Self

from fnt.api.client import ApiClient
from fnt.patience import GIVE_UP_S, Patience
from fnt.progress import Refused, Update
from fnt.session.background import BackgroundCalls
from fnt.session.cancellation import CancelRequest
from fnt.session.connection_policy import ConnectionPolicy
from fnt.session.loop import Detach, Run
from fnt.session.options import UploadItem, WatchOptions
from fnt.session.reconnect_timing import ReconnectTiming
from fnt.session.tracker import JobTracker
from fnt.session.upload_retry import UploadRetry
from fnt.session.uploads import UploadPool
from fnt.session.watch import Watch
from fnt.stream import JobStream

__all__ = ["GIVE_UP_S", "ReconnectTiming", "Session", "UploadItem", "UploadRetry", "WatchOptions"]


class Session:
    """Uploads and watches jobs. One thread iterates; `cancel` and `detach` are thread-safe."""

    def __init__(
        self,
        api: ApiClient,
        *,
        open_stream: Callable[[SimpleQueue[Any]], JobStream],
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
        timing: ReconnectTiming | None = None,
        upload_retry: UploadRetry | None = None,
    ) -> None:
        self._api = api
        self._open_stream = open_stream
        self._clock = clock
        self._random = random
        self._timing = timing or ReconnectTiming()
        self._upload_retry = upload_retry or UploadRetry()
        self._lock = threading.Lock()
        self._early: list[object] = []
        self._run: Run | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop all local work; jobs keep running."""
        if self._run is not None:
            self._run.close()

    def upload(
        self,
        items: Iterable[UploadItem | Refused],
        *,
        parallel: int = 4,
        watch: WatchOptions | None = None,
        give_up_s: float = GIVE_UP_S,
    ) -> Iterator[Update]:
        """Upload items as they are yielded; ends when each has been accepted or refused.

        If the server cannot be reached for `give_up_s` seconds (0: never), items are refused.

        With `watch`, each accepted job is also watched until it has ended, over one socket. With
        `watch.window`, items are taken when there is room for them, from other threads. An item
        that is already Refused is passed through.
        """
        patience = Patience(watch.give_up_s if watch else give_up_s, clock=self._clock)
        yield from self._updates(items, [], parallel=parallel, options=watch, patience=patience)

    def watch(
        self, job_ids: Iterable[int], options: WatchOptions | None = None
    ) -> Iterator[Update]:
        """Watch jobs until each has ended.

        Yields Refused for a job that does not exist or belongs to another user. Raises AuthError if
        the login has expired, TemporaryError after `give_up_s` seconds without contact.
        """
        options = options or WatchOptions()
        patience = Patience(options.give_up_s, clock=self._clock)
        yield from self._updates(
            None, list(job_ids), parallel=1, options=options, patience=patience
        )

    def cancel(self, job_id: int) -> None:
        """Request cancellation of a watched job; the iterator yields its final state."""
        self._tell(CancelRequest(job_id=job_id))

    def detach(self) -> None:
        """End the iterator immediately; jobs keep running."""
        self._tell(Detach())

    def _tell(self, message: object) -> None:
        with self._lock:
            if self._run is None:
                self._early.append(message)
            else:
                self._run.inbox.put(message)

    def _updates(
        self,
        items: Iterable[UploadItem | Refused] | None,
        job_ids: list[int],
        *,
        parallel: int,
        options: WatchOptions | None,
        patience: Patience,
    ) -> Iterator[Update]:
        run = self._prepared(items, job_ids, parallel=parallel, options=options, patience=patience)
        with self._lock:
            self._run = run
            for message in self._early:
                run.inbox.put(message)
            self._early.clear()
        yield from run.updates()

    def _prepared(
        self,
        items: Iterable[UploadItem | Refused] | None,
        job_ids: list[int],
        *,
        parallel: int,
        options: WatchOptions | None,
        patience: Patience,
    ) -> Run:
        inbox: SimpleQueue[Any] = SimpleQueue()
        timing = self._timing
        background = BackgroundCalls(
            self._api, open_stream=self._open_stream, inbox=inbox, attempt_s=timing.attempt_s
        )
        pool = None
        if items:
            pool = self._pool(
                items, parallel=parallel, inbox=inbox, options=options, patience=patience
            )
        watch = None
        if options is not None:
            link = ConnectionPolicy(options, timing=timing, random=self._random, now=self._clock())
            watch = Watch(
                link=link, tracker=JobTracker(timing=timing), background=background, timing=timing
            )
            for job_id in job_ids:
                watch.tracker.add(job_id)
        return Run(
            inbox=inbox,
            background=background,
            pool=pool,
            watch=watch,
            patience=patience,
            timing=timing,
            clock=self._clock,
        )

    def _pool(
        self,
        items: Iterable[UploadItem | Refused],
        *,
        parallel: int,
        inbox: SimpleQueue[Any],
        options: WatchOptions | None,
        patience: Patience,
    ) -> UploadPool:
        if isinstance(items, Sized):
            parallel = max(1, min(parallel, len(items)))
        return UploadPool(
            self._api,
            items,
            parallel=parallel,
            watch=options,
            inbox=inbox,
            retry=self._upload_retry,
            patience=patience,
            clock=self._clock,
            random=self._random,
        )
