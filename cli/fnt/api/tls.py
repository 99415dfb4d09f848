"""TLS context shared by REST and WebSocket connections."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from fnt.errors import UsageError


def make_ssl_context(server: str, ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that trusts `ca_file`, the environment's certificates, or the system store.

    No certificates are loaded for a plain http:// server. Raises UsageError if the file or folder
    cannot be read or contains no certificates.
    """
    if not server.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file = str(ca_file) if ca_file else os.environ.get("SSL_CERT_FILE")
    folder = None if ca_file else os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        import truststore  # noqa: PLC0415 -- takes 25 ms and is only needed for https://

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except OSError as error:
        raise UsageError(f"cannot read certificates from {file or folder}") from error
