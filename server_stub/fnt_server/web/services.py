"""The services that requests use, built once per process and stored with the Flask app."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from flask import current_app

from fnt_server.auth.device_logins import DeviceAuthorization
from fnt_server.auth.logins import Authenticator
from fnt_server.auth.tokens import TokenSigner
from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.messaging.event_bus import Publisher
from fnt_server.monitoring.health_checks import HealthMonitor, TimedProbe
from fnt_server.storage.object_store import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that a request can use."""

    config: Config
    database: Database
    storage: Storage
    signer: TokenSigner
    authenticator: Authenticator
    devices: DeviceAuthorization
    publisher: Publisher
    database_probe: TimedProbe[bool]
    """Whether the database answers."""
    health: HealthMonitor
    logged_out: threading.Event = field(default_factory=threading.Event)
    """Set when a login is revoked here, so that its sockets are closed without delay."""


def services() -> Services:
    """Return the services of the current app."""
    found: Services = current_app.extensions["fnt"]
    return found
