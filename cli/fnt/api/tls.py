"""One TLS context for REST and socket, so that both trust the same."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from fnt.errors import UsageError


def make_ssl_context(server: str, ca_file: Path | None = None) -> ssl.SSLContext:
    """Return what decides whom to trust; for plain http nobody (no certificates read)."""
    if not server.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        raise UsageError(f"no certificates could be read from {ca_file}") from error
