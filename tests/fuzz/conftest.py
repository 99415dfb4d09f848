"""The server that is fuzzed: the suite's own, and web processes with a broker."""

from server.conftest import (
    app,
    broker_process,
    bucket_url,
    migrated_sqlite,
)

__all__ = ["app", "broker_process", "bucket_url", "migrated_sqlite"]
