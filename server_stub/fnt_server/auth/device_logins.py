"""Device logins (RFC 8628): request, lookup by code, approval, one-time redemption."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from fnt.wire.device import ALPHABET, CODE_LETTERS, DeviceError
from fnt_server.auth import audit
from fnt_server.auth.audit import AuditEvent
from fnt_server.auth.logins import Authenticator
from fnt_server.auth.tokens import TokenPair, TokenSigner
from fnt_server.config.token_lifetimes import DEVICE_CODE_TTL_S
from fnt_server.db.connection import Database, clock, now
from fnt_server.db.models import DeviceLogin, DeviceStatus, User

WRONG_CODES = 5
"""Unknown codes a user may type within `DEVICE_CODE_TTL_S`."""
SLOWER_BY_S = 5
EARLY = 0.9
"""Share of the interval after which a poll is not too early, to allow for jitter."""


class DeviceRefused(Exception):  # noqa: N818 -- an everyday outcome, not a failure
    """No tokens for this device, or not yet; `code` says why."""

    def __init__(self, code: DeviceError) -> None:
        super().__init__(str(code))
        self.code = code


class TooManyCodes(Exception):  # noqa: N818 -- as above
    """The user has typed too many unknown codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodes:
    """The codes of a device: one to redeem, one to show."""

    device: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDevice:
    """A device that waits for approval, as shown to the user."""

    id: str
    client: str
    host: str
    address: str
    age_s: float


class DeviceAuthorization:
    """The only writer of `device_logins`."""

    def __init__(
        self,
        database: Database,
        signer: TokenSigner,
        authenticator: Authenticator,
        *,
        interval_s: int,
    ) -> None:
        self._database = database
        self._signer = signer
        self._authenticator = authenticator
        self.interval_s = interval_s

    def request_codes(self, *, client: str, host: str, address: str) -> DeviceCodes:
        """Start a device login; returns its codes, of which only hashes are stored."""
        while True:
            letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
            codes = DeviceCodes(device=secrets.token_urlsafe(32), user=letters)
            row = DeviceLogin(
                id=uuid.uuid4().hex,
                device_hash=self._signer.digest("device", codes.device),
                code_hash=self._signer.digest("code", codes.user),
                client=client,
                host=host,
                address=address[:64],
                status=DeviceStatus.PENDING,
                interval_s=self.interval_s,
            )
            try:
                with self._database.write() as session:
                    row.created_at = clock(session)
                    row.ends_at = row.created_at + DEVICE_CODE_TTL_S
                    session.add(row)
            except IntegrityError:  # the code is taken: 1 in 25 600 000 000
                continue
            return codes

    def find_pending(self, user_id: int, letters: str) -> PendingDevice | None:
        """Return the pending device with a code; an unknown code returns None and is counted.

        Counted per user, so that nobody can use up another user's attempts.
        """
        with self._database.write() as session:
            user = session.get_one(User, user_id, with_for_update=True)
            moment = clock(session)
            if moment - (user.wrong_codes_since or 0.0) > DEVICE_CODE_TTL_S:
                user.wrong_codes, user.wrong_codes_since = 0, moment
            if user.wrong_codes >= WRONG_CODES:
                raise TooManyCodes
            row = session.scalar(
                select(DeviceLogin).where(
                    DeviceLogin.code_hash == self._signer.digest("code", letters),
                    DeviceLogin.status == DeviceStatus.PENDING,
                    DeviceLogin.ends_at > moment,
                )
            )
            if row is None:
                user.wrong_codes += 1
                return None
        return PendingDevice(
            id=row.id,
            client=row.client,
            host=row.host,
            address=row.address,
            age_s=moment - row.created_at,
        )

    def decide(self, device_id: str, *, user_id: int, allows: bool) -> bool:
        """Approve or refuse a device; False if it is no longer pending.

        Only a user who typed its code knows its id.
        """
        status = DeviceStatus.APPROVED if allows else DeviceStatus.REFUSED
        with self._database.write() as session:
            answered = session.execute(
                update(DeviceLogin)
                .where(
                    DeviceLogin.id == device_id,
                    DeviceLogin.status == DeviceStatus.PENDING,
                    DeviceLogin.ends_at > now(),
                )
                .values(status=status, user_id=user_id)
                .returning(DeviceLogin.client, DeviceLogin.host, DeviceLogin.address)
            ).first()
            if answered is None:
                return False
            event = AuditEvent.DEVICE_APPROVED if allows else AuditEvent.DEVICE_REFUSED
            audit.record(session, event, user=user_id, detail=" ".join(answered))
            return True

    def redeem(self, device_code: str, *, client: str) -> TokenPair:
        """Return the tokens of an approved device, once; raises DeviceRefused."""
        with self._database.write() as session:
            row = session.scalar(
                select(DeviceLogin)
                .where(
                    DeviceLogin.device_hash == self._signer.digest("device", device_code),
                    DeviceLogin.client == client,
                )
                .with_for_update()
            )
            moment = clock(session)
            refusal = _refusal(row, moment)
            if row is not None and refusal is None:
                user = session.get_one(User, row.user_id)
                session.delete(row)
                detail = f"device {row.client} {row.host}"
                audit.record(session, AuditEvent.LOGIN, user=user.id, detail=detail)
                return self._authenticator.open_login(session, user)
        raise DeviceRefused(refusal or DeviceError.INVALID_GRANT)


def _refusal(row: DeviceLogin | None, moment: float) -> DeviceError | None:
    """Return why a poll gets no tokens; records it, and slows down devices that poll too often."""
    if row is None:
        return DeviceError.INVALID_GRANT
    if row.ends_at <= moment:
        return DeviceError.EXPIRED_TOKEN
    if row.status == DeviceStatus.APPROVED:
        return None
    if row.status == DeviceStatus.REFUSED:
        return DeviceError.ACCESS_DENIED
    is_early = moment - (row.polled_at or 0.0) < row.interval_s * EARLY
    row.polled_at = moment
    if is_early:
        row.interval_s += SLOWER_BY_S
        return DeviceError.SLOW_DOWN
    return DeviceError.AUTHORIZATION_PENDING
