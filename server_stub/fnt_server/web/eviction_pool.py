"""A pool that makes room for newcomers at the expense of the address that has the most members."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

M = TypeVar("M")


class EvictionPool(Generic[M]):
    """Members by address. Thread-safe.

    Whoever comes is admitted: a crowd displaces its own members, and others stay.
    """

    def __init__(self, *, capacity: int, per_address: int) -> None:
        self._capacity = capacity
        self._per_address = per_address
        self._groups: dict[str, OrderedDict[M, None]] = {}
        self._addresses: dict[M, str] = {}
        self._lock = threading.Lock()

    def add(self, member: M, address: str) -> M | None:
        """Add a member; returns the one that was removed for it, if any.

        Over the limit of its address it is the oldest of that address; over the capacity, the
        oldest of the address with the most members.
        """
        with self._lock:
            self._addresses[member] = address
            own = self._groups.setdefault(address, OrderedDict())
            own[member] = None
            if len(own) > self._per_address:
                return self._remove_oldest(own)
            if len(self._addresses) > self._capacity:
                return self._remove_oldest(max(self._groups.values(), key=len))
            return None

    def discard(self, member: M) -> bool:
        """Remove a member; False if it is not here (any more)."""
        with self._lock:
            return self._discard(member)

    def count(self, address: str) -> int:
        """Return how many members an address has."""
        with self._lock:
            return len(self._groups.get(address, ()))

    def members(self) -> list[M]:
        """Return all members."""
        with self._lock:
            return list(self._addresses)

    def __contains__(self, member: M) -> bool:
        """Return whether a member is here (still)."""
        return member in self._addresses

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self._addresses)

    def _remove_oldest(self, group: OrderedDict[M, None]) -> M:
        oldest = next(iter(group))
        self._discard(oldest)
        return oldest

    def _discard(self, member: M) -> bool:
        address = self._addresses.pop(member, None)
        if address is None:
            return False
        group = self._groups[address]
        del group[member]
        if not group:
            del self._groups[address]
        return True
