"""The authenticated sockets of this process, with identity and expiry."""

from __future__ import annotations

import threading
import time
from collections import Counter

from fnt_server.auth.logins import Identity
from fnt_server.config.socket_limits import SocketLimits


class SocketRegistry:
    """Authenticated sockets by sid. Thread-safe."""

    def __init__(self, limits: SocketLimits) -> None:
        self._limits = limits
        self._identities: dict[str, Identity] = {}
        self._per_user: Counter[int] = Counter()
        self._lock = threading.Lock()

    def register(self, sid: str, identity: Identity) -> bool:
        """Register a socket; False if the total limit or that of its user is reached."""
        with self._lock:
            full = len(self._identities) >= self._limits.max_sockets
            if full or self._per_user[identity.user_id] >= self._limits.max_sockets_per_user:
                return False
            self._identities[sid] = identity
            self._per_user[identity.user_id] += 1
            return True

    def unregister(self, sid: str) -> None:
        """Remove a socket; unknown ones are ignored."""
        with self._lock:
            identity = self._identities.pop(sid, None)
            if identity is not None:
                self._per_user[identity.user_id] -= 1
                if not self._per_user[identity.user_id]:
                    del self._per_user[identity.user_id]

    def identity(self, sid: str) -> Identity | None:
        """Return a socket's identity; None if the socket is gone or its token has expired."""
        identity = self._identities.get(sid)
        return identity if identity and identity.ends_at > time.time() else None

    def extend(self, sid: str, newer: Identity) -> None:
        """Let a socket live as long as a newer token of the same user."""
        with self._lock:
            known = self._identities.get(sid)
            if known is not None and newer.ends_at > known.ends_at:
                self._identities[sid] = newer

    def __len__(self) -> int:
        """Return the number of authenticated sockets."""
        return len(self._identities)

    def all(self) -> dict[str, Identity]:
        """Return a copy: sid to identity."""
        with self._lock:
            return dict(self._identities)
