"""The REST client, with one method per endpoint."""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLContext
from typing import Any, Self
from urllib.parse import quote

import httpx

from fnt.api.body import MOST_BYTES
from fnt.api.device import AuthorizationPending, DeviceGrant, poll_error
from fnt.api.http import Channel, Response, read_struct
from fnt.api.http_timeouts import REFRESH_TIMEOUT, UPLOAD_TIMEOUT
from fnt.api.retry import Retry
from fnt.api.upload_reader import UploadReader
from fnt.config.credentials import Tokens
from fnt.errors import FntError, NotFoundError, ProtocolError
from fnt.files import open_regular, read_errors
from fnt.wire import events, paths
from fnt.wire.device import CLIENT_ID, GRANT_TYPE
from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings
from fnt.wire.requests import (
    ConfirmRequest,
    LoginRequest,
    LogoutRequest,
    PasswordRequest,
    PersonalTokenRequest,
)
from fnt.wire.responses import (
    Chunk,
    ChunkList,
    DeviceCodes,
    DeviceErrorAnswer,
    ExpiringJobs,
    Health,
    JobAnswer,
    JobPage,
    NewPersonalToken,
    PersonalToken,
    PersonalTokenList,
    TokenPair,
    User,
)
from fnt.wire.structs import UNSET

MAX_PAGE = 200
"""Maximum number of jobs per page."""

MAX_LISTED = 1_000_000
"""Jobs in one list."""
MAX_RESULT_BYTES = 1024**3
"""Of one result, decompressed."""
MAX_TOKEN_S = 100 * 365 * 86400


class ApiClient:
    """REST client for one server. Thread-safe."""

    def __init__(
        self,
        server: str,
        *,
        auth: httpx.Auth | None,
        transport: httpx.BaseTransport | None = None,
        verify: SSLContext | bool = True,
        retry: Retry | None = None,
        require_server: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.server = server
        self._channel = Channel(
            server,
            auth=auth,
            transport=transport,
            verify=verify,
            retry=retry or Retry(),
            require_server=require_server,
        )
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._channel.close()

    def login(self, email: str, password: str) -> Tokens:
        """Exchange an email and password for tokens; raises AuthError if they are wrong."""
        body = LoginRequest(email=email, password=password).to_wire()
        answer = self._channel.call("POST", paths.LOGIN, json=body, is_open=True)
        return self._tokens(answer, email=email)

    def change_password(self, email: str, password: str, new_password: str) -> Tokens:
        """Change a password, which ends all logins, for new tokens; raises AuthError if wrong."""
        body = PasswordRequest(email=email, password=password, new_password=new_password)
        answer = self._channel.call("POST", paths.PASSWORD, json=body.to_wire(), is_open=True)
        return self._tokens(answer, email=email)

    def ask_device_login(self, *, host: str) -> DeviceGrant:
        """Start a device login; raises NotFoundError if the server does not support it."""
        body = {"client_id": CLIENT_ID, "host": host}
        answer = self._channel.call("POST", paths.DEVICE_CODE, data=body, is_open=True)
        return DeviceGrant.of(answer.read(DeviceCodes), server=self.server)

    def poll_device_login(self, grant: DeviceGrant) -> Tokens | AuthorizationPending:
        """Poll once for the tokens; raises AuthError if the user denied the login."""
        body = {
            "client_id": CLIENT_ID, "device_code": grant.device_code, "grant_type": GRANT_TYPE,
        }  # fmt: skip
        answer = self._channel.call(
            "POST", paths.DEVICE_TOKEN, data=body, is_open=True, retry=Retry(tries=0),
            accepts=httpx.codes.BAD_REQUEST,
        )  # fmt: skip
        if answer.status != httpx.codes.BAD_REQUEST:
            return self._tokens(answer, email="")
        error = poll_error(answer.read(DeviceErrorAnswer))
        if isinstance(error, FntError):
            raise error
        return error

    def refresh(self, tokens: Tokens) -> Tokens:
        """Exchange the refresh token for a new pair.

        The server accepts the old token again for only 10 s, in case the response was lost; later
        reuse counts as theft. Retries are therefore few and quick.
        """
        headers = {"Authorization": f"Bearer {tokens.refresh_token}"}
        answer = self._channel.call(
            "POST",
            paths.REFRESH,
            headers=headers,
            is_open=True,
            timeout=REFRESH_TIMEOUT,
            retry=Retry(tries=3, cap_s=0.5, total_s=5.0, longest_wait_s=2.0),
        )
        return self._tokens(answer, email=tokens.email)

    def me(self, *, retry: Retry | None = None) -> User:
        """Return the user the token belongs to."""
        return self._channel.call("GET", paths.ME, retry=retry).read(User)

    def list_tokens(self) -> list[PersonalToken]:
        """Return the user's personal tokens; raises NotFoundError if the server is too old."""
        return self._channel.call("GET", paths.TOKENS).read(PersonalTokenList).tokens

    def create_token(self, name: str, *, days: int) -> NewPersonalToken:
        """Create a personal token; raises NotFoundError if the server is too old."""
        body = PersonalTokenRequest(name=name, days=days).to_wire()
        return self._channel.call("POST", paths.TOKENS, json=body).read(NewPersonalToken)

    def revoke_token(self, token_id: str) -> None:
        """Revoke a personal token."""
        self._channel.call(
            "DELETE", f"{paths.TOKENS}/{quote(token_id, safe='')}", on_retry_accept=NotFoundError
        )

    def logout(self, *, everywhere: bool = False) -> None:
        """End this login, or all logins of the user."""
        self._channel.call("POST", paths.LOGOUT, json=LogoutRequest(all=everywhere).to_wire())

    def health(self, *, retry: Retry | None = None) -> Health:
        """Return the server's health report."""
        return self._channel.call("GET", paths.HEALTH, retry=retry).read(Health)

    def probe_health(self) -> Response:
        """Return the response to an unauthenticated health request, whatever its status."""
        return self._channel.probe(paths.HEALTH)

    def probe_socket(self, *, origin: str | None = None) -> Response:
        """Return the response to a WebSocket upgrade request with an optional Origin header."""
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
            **({} if origin is None else {"Origin": origin}),
        }
        query = {"EIO": "4", "transport": "websocket"}
        return self._channel.probe(events.SOCKET_PATH, headers=headers, params=query)

    def confirm(
        self,
        *,
        filename: str,
        settings: ProcessingSettings,
        size_bytes: int,
        page_count: int | None,
        sha256: str,
        idempotency_key: str,
    ) -> JobSnapshot:
        """Create a job, or return the one already created with this idempotency key."""
        body = ConfirmRequest(
            original_filename=filename,
            processing_settings=settings,
            file_size=size_bytes,
            page_count=page_count,
            sha256=sha256,
        ).to_wire()
        headers = {paths.IDEMPOTENCY_KEY: idempotency_key}
        answer = self._channel.call("POST", paths.CONFIRM, json=body, headers=headers)
        return answer.read(JobAnswer).job

    def upload(
        self, job_id: int, path: Path, *, filename: str, on_sent: Callable[[int], None]
    ) -> JobSnapshot:
        """Upload a job's file; `on_sent` gets the total bytes sent so far. Safe to repeat."""
        name = filename.encode("utf-8", "replace").decode()
        with read_errors(name):
            file = open_regular(path)
        with file:
            reader = UploadReader(
                file, name=name, size_bytes=os.fstat(file.fileno()).st_size, on_sent=on_sent
            )
            with _naming(job_id):
                answer = self._channel.call(
                    "POST",
                    paths.UPLOAD,
                    data={"job_id": str(job_id)},
                    files={paths.FILE_FIELD: (name, reader, "application/pdf")},
                    timeout=UPLOAD_TIMEOUT,
                )
        return _asked_for(answer.read(JobAnswer).job, job_id)

    def get_job(
        self, job_id: int, *, etag_version: int | None = None, retry: Retry | None = None
    ) -> JobSnapshot | None:
        """Return a job, or None if its version is still `etag_version`."""
        headers = {} if etag_version is None else {"If-None-Match": f'"{etag_version}"'}
        answer = self._call_job("GET", job_id, headers=headers, retry=retry)
        if answer.status == httpx.codes.NOT_MODIFIED:
            return None
        return _asked_for(answer.read(JobSnapshot), job_id)

    def list_jobs(
        self,
        *,
        status: JobStatus | None = None,
        ids: Sequence[int] | None = None,
        sha256: str | None = None,
        limit: int | None = 50,
        retry: Retry | None = None,
        on_expiring: Callable[[ExpiringJobs], None] = lambda _expiring: None,
    ) -> Iterator[JobSnapshot]:
        """Yield jobs, newest first, fetching pages until `limit` is reached (None: all jobs).

        `on_expiring` is told of jobs that the server will soon delete, listed or not.
        """
        query = {} if status is None else {"status": str(status)}
        if ids is not None:
            query["ids"] = ",".join(map(str, ids))
        if sha256 is not None:
            query["sha256"] = sha256
        left = limit
        seen: set[int] = set()
        while left is None or left > 0:
            query["limit"] = str(min(MAX_PAGE, left or MAX_PAGE))
            answer = self._channel.call("GET", paths.JOBS, params=query, retry=retry)
            page = answer.read(JobPage)
            if page.expiring is not UNSET:
                on_expiring(page.expiring)
            jobs = page.jobs
            yield from jobs[:left]
            left = None if left is None else left - len(jobs)
            cursor = page.next_cursor
            if cursor is None or left == 0:
                return
            known = len(seen)
            seen.update(job.id for job in jobs)
            if len(seen) == known or cursor == query.get("cursor") or len(seen) > MAX_LISTED:
                raise ProtocolError("the server's list of jobs never ends")
            query["cursor"] = cursor

    def chunks(self, job_id: int) -> list[Chunk]:
        """Return the status of each chunk of a job."""
        return self._call_job("GET", job_id, "chunks").read(ChunkList).chunks

    def cancel(self, job_id: int) -> JobSnapshot:
        """Cancel a job; a job that has already ended is returned unchanged."""
        answer = self._call_job("POST", job_id, "cancel")
        return _asked_for(answer.read(JobSnapshot), job_id)

    def retry(self, job_id: int, *, idempotency_key: str) -> JobSnapshot:
        """Create a new job from the stored file of a failed or cancelled one."""
        headers = {paths.IDEMPOTENCY_KEY: idempotency_key}
        answer = self._call_job("POST", job_id, "retry", headers=headers).object()
        return read_struct(JobSnapshot, answer.get("job", answer))

    def delete(self, job_id: int) -> None:
        """Remove a job with its file and result."""
        self._call_job("DELETE", job_id, on_retry_accept=NotFoundError)

    @contextmanager
    def iter_result(self, job_id: int, format: str) -> Iterator[Iterator[bytes]]:
        """Stream the result of a completed job as blocks of bytes."""
        with (
            _naming(job_id),
            self._channel.open(
                "GET",
                paths.job(job_id, "result"),
                params={"format": format},
                extensions={MOST_BYTES: MAX_RESULT_BYTES},
            ) as pieces,
        ):
            yield pieces

    def _call_job(self, method: str, job_id: int, verb: str = "", **options: Any) -> Response:
        with _naming(job_id):
            return self._channel.call(method, paths.job(job_id, verb), **options)

    def _tokens(self, answer: Response, *, email: str) -> Tokens:
        pair = answer.read(TokenPair)
        if not 0 <= pair.expires_in <= MAX_TOKEN_S:
            raise ProtocolError("the server's answer is not a login: expires_in is out of range")
        return Tokens(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            expires_at=self._clock() + pair.expires_in,
            email=email if pair.user is None else pair.user.email,
        )


@contextmanager
def _naming(job_id: int) -> Iterator[None]:
    """Name the job in the error for one that is not found."""
    try:
        yield
    except NotFoundError as error:
        if error.code != ErrorCode.JOB_NOT_FOUND:
            raise
        raise NotFoundError(
            f"job {job_id} not found",
            hint="run: fnt jobs list",
            code=error.code,
            request_id=error.request_id,
        ) from error


def _asked_for(job: JobSnapshot, job_id: int) -> JobSnapshot:
    if job.id != job_id:
        raise ProtocolError(f"the server returned job {job.id} instead of job {job_id}")
    return job
