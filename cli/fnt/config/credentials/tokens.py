"""The access and refresh tokens of a login, and their JSON form."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of one login. The repr shows no secret."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    """When the access token expires, in seconds since the epoch."""
    email: str

    @property
    def is_personal(self) -> bool:
        """Whether this is a personal access token, which cannot be renewed."""
        return not self.refresh_token

    @classmethod
    def personal(cls, token: str, *, email: str) -> Tokens:
        """Return the tokens for a personal access token, whose expiry only the server knows."""
        return cls(access_token=token, refresh_token="", expires_at=0.0, email=email)

    @classmethod
    def from_json(cls, text: str) -> Tokens | None:
        """Parse the output of `to_json`; return None for anything else."""
        try:
            values = json.loads(text)
            tokens = cls(**values)
        except (TypeError, ValueError, RecursionError):
            return None
        texts = (tokens.access_token, tokens.refresh_token, tokens.email)
        is_sound = all(isinstance(text, str) for text in texts)
        return tokens if is_sound and isinstance(tokens.expires_at, int | float) else None

    def to_json(self) -> str:
        """Return the tokens as single-line JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))
