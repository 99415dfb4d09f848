"""What the web side's requests need, built once per process and kept with the Flask app."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from flask import current_app

from fnt_server.accounts import Accounts
from fnt_server.config import Config
from fnt_server.database import Database
from fnt_server.devices import Devices
from fnt_server.publisher import Publisher
from fnt_server.storage import Storage
from fnt_server.tokens import TokenSigner
from fnt_server.vitals import Pulse, Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything from outside that a request may touch."""

    config: Config
    database: Database
    storage: Storage
    signer: TokenSigner
    accounts: Accounts
    devices: Devices
    publisher: Publisher
    pulse: Pulse[bool]
    """Of the database."""
    vitals: Vitals = field(default_factory=Vitals)
    logged_out: threading.Event = field(default_factory=threading.Event)
    """Set when a login was revoked here, so that its sockets need not wait for the next look."""


def services() -> Services:
    """Return the services of the current app."""
    found: Services = current_app.extensions["fnt"]
    return found
