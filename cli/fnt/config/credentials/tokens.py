"""A login's pair of tokens, and how it is written down."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a login gives. Its repr shows no secret."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    """When the access token ends, in seconds of the epoch."""
    email: str

    @property
    def is_personal(self) -> bool:
        """Whether this is a personal access token: it cannot be renewed."""
        return not self.refresh_token

    @classmethod
    def personal(cls, token: str, *, email: str) -> Tokens:
        """Return a personal access token as it is kept; only the server knows its end."""
        return cls(access_token=token, refresh_token="", expires_at=0.0, email=email)

    @classmethod
    def from_json(cls, text: str) -> Tokens | None:
        """Read what `to_json` wrote; None for anything else, which counts as not logged in."""
        try:
            values = json.loads(text)
            tokens = cls(**values)
        except (TypeError, ValueError):
            return None
        texts = (tokens.access_token, tokens.refresh_token, tokens.email)
        is_sound = all(isinstance(text, str) for text in texts)
        return tokens if is_sound and isinstance(tokens.expires_at, int | float) else None

    def to_json(self) -> str:
        """Return the tokens as one line."""
        return json.dumps(asdict(self), separators=(",", ":"))
