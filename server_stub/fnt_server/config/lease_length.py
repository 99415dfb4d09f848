"""How long a step stays with a worker that is silent."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLength:
    """The lease of a claimed step; its worker renews it long before it ends."""

    lease_s: float = number("FNT_LEASE_S", 20.0, 1, 3600)

    @property
    def renew_every_s(self) -> float:
        """How often the worker renews."""
        return min(5.0, self.lease_s / 4)
