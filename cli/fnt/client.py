"""The Python API: what the commands do, without a terminal."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from fnt.config.settings import load_settings
from fnt.connection import connect
from fnt.errors import (
    ExitCode,
    FntError,
    NotFoundError,
    QuotaError,
    RefusedInputError,
    TemporaryError,
    UsageError,
)
from fnt.flow.results.download import Result, save_result
from fnt.flow.results.format_option import formats
from fnt.local_server.resolution import started
from fnt.local_server.server import LocalServer
from fnt.patience import GIVE_UP_S
from fnt.progress import Accepted, Refused
from fnt.session import UploadItem, WatchOptions
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings
from fnt.wire.local_server import NAME as LOCAL

_ERRORS: Mapping[ExitCode, type[FntError]] = {
    ExitCode.NOT_FOUND: NotFoundError,
    ExitCode.QUOTA: QuotaError,
    ExitCode.REFUSED: RefusedInputError,
    ExitCode.TEMPORARY: TemporaryError,
}


class Client:
    """One server and login, configured like `fnt`: arguments, environment, files, keyring.

    Use it in a `with` block. Methods raise subclasses of `fnt.errors.FntError`: AuthError if not
    logged in, TemporaryError if the server does not respond (safe to retry), NotFoundError,
    RefusedInputError, UsageError.
    """

    def __init__(
        self, server: str | None = None, *, token: str | None = None, profile: str | None = None
    ) -> None:
        given = {"server": server, "profile": profile}
        environ = dict(os.environ)
        if token is not None:
            environ.pop("FNT_TOKEN", None)
        if token is not None and not re.fullmatch(r"[!-~]+", token):
            raise UsageError("the token passed to Client is empty or contains invalid characters")
        settings = load_settings(
            flags={name: value for name, value in given.items() if value is not None},
            environ=environ,
            cwd=Path.cwd(),
        )
        with ExitStack() as opened:
            if settings.server == LOCAL:
                local = LocalServer.of_user(environ)
                settings = opened.enter_context(started(settings, local))
            elif token is not None:
                settings = replace(settings, token=token)
            self._server = connect(settings, auth_source=token and "the token passed to Client")
            self._closed_last = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; jobs keep running."""
        self._server.api.close()
        self._server.anonymous.close()
        self._closed_last.close()

    def upload(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        idempotency_key: str | None = None,
        **settings: Any,
    ) -> JobSnapshot:
        """Upload a PDF; return its job once the server has the complete file.

        `settings` are those of `ProcessingSettings`: `sentence_length_limit=10`, `engine="rules"`.
        Repeating a call with the same `idempotency_key` (letters and digits; stored per user),
        file, and settings returns the same job, from any machine.
        """
        try:
            wanted = ProcessingSettings.from_wire(settings)
        except ValueError as error:
            raise UsageError(str(error)) from error
        item = UploadItem(
            key="file:0",
            path=Path(path),
            filename=name or Path(path).name,
            settings=wanted,
            idempotency_key=idempotency_key or uuid.uuid4().hex,
        )
        with self._server.open_session() as session:
            for update in session.upload([item]):
                if isinstance(update, Refused):
                    raise _error_of(update)
                if isinstance(update, Accepted):
                    return update.job
        raise TemporaryError("the upload got no response")

    def watch(self, *jobs: int, give_up_s: float = GIVE_UP_S) -> Iterator[JobSnapshot]:
        """Yield each job's state whenever it changes, until all have ended.

        Versions of a job only increase, even across reconnects; its last state is final. Raises
        TemporaryError after `give_up_s` seconds without contact (0: never), and NotFoundError if a
        job does not exist.
        """
        seen: dict[int, int] = {}
        with self._server.open_session() as session:
            for update in session.watch(jobs, WatchOptions(give_up_s=give_up_s)):
                if isinstance(update, Refused):
                    raise _error_of(update)
                if isinstance(update, JobSnapshot) and update.version > seen.get(update.id, 0):
                    seen[update.id] = update.version
                    yield update

    def wait(self, job: int, *, give_up_s: float = GIVE_UP_S) -> JobSnapshot:
        """Watch a job and return its final state, which may be a failure."""
        for state in self.watch(job, give_up_s=give_up_s):
            if state.status.is_terminal:
                return state
        return self.job(job)

    def download(
        self,
        job: int,
        target: str | os.PathLike[str] = ".",
        *,
        format: str = "txt",
        overwrite: bool = False,
    ) -> Path:
        """Save the result of a completed job to a folder or file; return the path."""
        chosen = formats(format)
        if len(chosen) != 1:
            raise UsageError("download takes one format at a time", hint="call it for each format")
        return save_result(
            Result(self._server.api, self.job(job), chosen[0]),
            target=Path(target),
            overwrite=overwrite,
        )

    def job(self, job: int) -> JobSnapshot:
        """Return the current state of a job."""
        found = self._server.api.get_job(job)
        assert found is not None  # only a conditional request can return None
        return found

    def jobs(self, *, status: str | None = None, limit: int | None = 50) -> list[JobSnapshot]:
        """Return jobs, newest first; all of them with `limit=None`."""
        try:
            wanted = JobStatus(status) if status else None
        except ValueError:
            known = ", ".join(JobStatus)
            raise UsageError(f"unknown status {status!r}", hint=f"one of: {known}") from None
        return list(self._server.api.list_jobs(status=wanted, limit=limit))

    def cancel(self, job: int) -> JobSnapshot:
        """Cancel a job; a job that has already ended is returned unchanged."""
        return self._server.api.cancel(job)

    def retry(self, job: int) -> JobSnapshot:
        """Retry a failed or cancelled job as a new job, and return that."""
        return self._server.api.retry(job, idempotency_key=uuid.uuid4().hex)

    def remove(self, job: int) -> None:
        """Remove an ended job with its file and result."""
        self._server.api.delete(job)


def _error_of(refused: Refused) -> FntError:
    return _ERRORS.get(refused.exit_code, UsageError)(
        refused.message, code=refused.code, hint=refused.hint, request_id=refused.request_id
    )
