"""Where a login is kept: the system's keyring or, told so, a file only its owner can read."""

from fnt.config.credentials.store import CredentialStore
from fnt.config.credentials.tokens import Tokens

__all__ = ["CredentialStore", "Tokens"]
