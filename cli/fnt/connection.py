"""A connection to one server, made without sending anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fnt.api.client import ApiClient
    from fnt.config.credentials import CredentialStore
    from fnt.config.settings import Settings
    from fnt.session import Session
    from fnt.stream import JobStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection to one server."""

    api: ApiClient
    anonymous: ApiClient
    """A client that sends no token."""
    store: CredentialStore
    name: str
    """How ledgers and caches know the server: its URL, or `local`."""
    token_source: str | None = None
    """Where the token comes from that overrides a stored login, if there is one."""
    account: Callable[[], str]
    """Returns the email address of the user, from the server only if it is not stored here."""
    open_session: Callable[[], Session]
    open_stream: Callable[[SimpleQueue[Any]], JobStream]
    require_server: Callable[[], None] = lambda: None
    """Raises FntError if a secret sent now may reach somebody else's server."""


def connect(settings: Settings, *, auth_source: str | None = None) -> Connection:
    """Create a connection without sending anything yet.

    `auth_source` is how errors name the token from the settings.
    """
    token_source = str(settings.local_token or "FNT_TOKEN") if settings.token else None
    # httpx takes 100 ms to import, which commands without network access can save.
    from fnt.api.auth import BearerAuth, StaticAuth  # noqa: PLC0415
    from fnt.api.client import ApiClient  # noqa: PLC0415
    from fnt.api.tls import make_ssl_context  # noqa: PLC0415
    from fnt.config.credentials import CredentialStore  # noqa: PLC0415

    tls = make_ssl_context(settings.server, settings.ca_file)
    store = CredentialStore(
        origin=settings.server_name, config_dir=settings.config_dir, no_keyring=settings.no_keyring
    )
    require_server = _server_check(settings)
    anonymous = ApiClient(settings.server, auth=None, verify=tls, require_server=require_server)
    tokens = (
        StaticAuth(
            settings.token,
            source=auth_source or f"the token in {token_source}",
            require_server=require_server,
        )
        if settings.token
        else BearerAuth(store=store, refresh=anonymous.refresh, require_server=require_server)
    )
    api = ApiClient(settings.server, auth=tokens, verify=tls)

    def open_stream(inbox: SimpleQueue[Any]) -> JobStream:
        from fnt.stream import JobStream  # noqa: PLC0415 -- most commands only send one request

        # A handshake locks the system's trust store; one that hangs must not block others.
        ssl_context = tls if settings.ca_file else make_ssl_context(settings.server)
        return JobStream(settings.server, tokens=tokens, inbox=inbox, ssl_context=ssl_context)

    def open_session() -> Session:
        from fnt.session import Session  # noqa: PLC0415 -- as above

        return Session(api, open_stream=open_stream)

    return Connection(
        api=api,
        anonymous=anonymous,
        store=store,
        name=settings.server_name,
        token_source=token_source,
        account=lambda: tokens.email() or api.me().email,
        open_session=open_session,
        open_stream=open_stream,
        require_server=require_server,
    )


def _server_check(settings: Settings) -> Callable[[], None]:
    """Return what raises FntError unless the server is the one meant; anybody may take its port."""
    if settings.local_token is not None:
        from fnt.local_server.folder import LocalFolder  # noqa: PLC0415 -- most are elsewhere
        from fnt.local_server.server import require_running  # noqa: PLC0415

        return partial(require_running, LocalFolder(settings.local_token.parent), settings.server)
    if settings.is_default_server:
        from fnt.api.port_owner import require_own_server  # noqa: PLC0415

        return partial(require_own_server, settings.server)
    return lambda: None
