"""Storage of logins, in the system keyring or in a private file if the user chose that."""

from fnt.config.credentials.store import CredentialStore
from fnt.config.credentials.tokens import Tokens

__all__ = ["CredentialStore", "Tokens"]
