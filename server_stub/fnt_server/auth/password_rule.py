"""What a new password must be like; those set before the rule still log in."""

from __future__ import annotations

from fnt.wire.requests import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS

MIN_GUESSES = 10**6
"""How many guesses zxcvbn must expect."""
_LOOKED_AT_CHARS = 40
"""The estimate takes longer than linear time."""


class WeakPassword(ValueError):  # noqa: N818 -- an everyday outcome, not a failure
    """A new password that breaks the rule; the message is one line."""


def password_problem(password: str, *, email: str) -> str | None:
    """Return why a password cannot be set, as one line; None if it can."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        return f"a password needs {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"
    from zxcvbn import zxcvbn  # noqa: PLC0415 -- 0.15 s of word lists

    known = [email, email.partition("@")[0]]
    if zxcvbn(password[:_LOOKED_AT_CHARS], user_inputs=known)["guesses"] < MIN_GUESSES:
        return "this password is too easy to guess: take several words, or a longer one"
    return None
