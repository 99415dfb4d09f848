"""Which certificates are trusted, by REST and socket alike."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from fnt.errors import UsageError


def make_ssl_context(server: str, ca_file: Path | None = None) -> ssl.SSLContext:
    """Trust a file of certificates, those of the environment, or the system's store.

    For plain http nobody, and no certificates are read. Raises UsageError for a file without any.
    """
    if not server.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file = str(ca_file) if ca_file else os.environ.get("SSL_CERT_FILE")
    folder = None if ca_file else os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        import truststore  # noqa: PLC0415 -- 25 ms, and only https:// needs it

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except OSError as error:
        raise UsageError(f"cannot read certificates from {file or folder}") from error
