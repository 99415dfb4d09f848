"""Turn database, broker and bucket errors into one line: what is wrong and what to do.

The error's own message may quote a password, a file name or an SQL parameter; these lines never do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MISSING_BUCKET = r"NoSuchBucket|ContainerNotFound|bucket does not exist"
"""In the error of a request for an object: the bucket itself is missing."""
BUCKET_NOT_FOUND = "bucket not found: create it, or correct FNT_STORAGE_URL"
READ_ONLY = "it is read-only: use the primary server, or allow writing to the file"

_DATABASE = {
    r"too many (clients|connections)|remaining connection slots|no more connections allowed": (
        "too many connections: raise max_connections or run fewer processes, see docs/sizing.md"
    ),
    r"QueuePool limit": "all connections of this process are busy: find what holds them, or wait",
    r"password authentication failed|no password supplied": (
        "wrong password: check user and password in {setting}"
    ),
    r"no pg_hba\.conf entry": "this machine may not connect: add it to pg_hba.conf",
    r'role ".*" does not exist': "user not found: create it, or correct {setting}",
    r'database ".*" does not exist': "database not found: create it, or correct {setting}",
    r"(relation|column) .*does not exist|no such (table|column)": (
        "the tables are missing or old: run `fnt-server migrate`"
    ),
    r"starting up|shutting down|recovery mode|administrator command": (
        "PostgreSQL is starting or stopping: wait"
    ),
    r"read-only transaction|readonly database": READ_ONLY,
    r"no schema has been selected|permission denied": (
        "access denied: let its user own the schema and its tables"
    ),
    r"invalid response|unsupported frontend": "check that {setting} leads to PostgreSQL",
    r"lock timeout|database is locked|deadlock": (
        "locked by another transaction: find what holds the lock"
    ),
    r"idle.in.transaction": "a transaction was idle for too long and has ended",
    r"No space left|disk is full|could not extend file": "its disk is full: free some space",
    r"unable to open database file": "cannot open its file: check {setting} and the permissions",
    r"not a database|malformed": "its file is damaged: restore a backup",
    r"not support SSL|certificate": "no encrypted connection: check sslmode in {setting}",
}
_BROKER = {
    r"WRONGPASS|NOAUTH|HELLO must be called|invalid (username-)?password|AuthenticationError": (
        "wrong password: check user and password in {setting}"
    ),
    r"NOPERM|NoPermission|no permissions": "access denied: allow its user all commands and keys",
    r"max number of clients": "too many connections: raise maxclients, or run fewer processes",
    r"read.?only replica|READONLY": "a read-only replica: put the primary's address in {setting}",
    r"OOM command|used memory": "out of memory: raise maxmemory, or find what fills it",
    r"MISCONF": "it cannot write to its disk: see its log",
    r"LOADING|BusyLoading": "it is loading its data: wait",
    r"DB index is out of range": "database number not found: correct {setting}",
    r"SSL|certificate": "no encrypted connection: check rediss:// and the certificate of {setting}",
    r"closed by server|reset by peer|Protocol Error|InvalidResponse": (
        "connection closed: check that {setting} leads to Redis or Valkey"
    ),
}
_STORAGE = {
    MISSING_BUCKET: BUCKET_NOT_FOUND,
    r"Unable to recognise URL|not match any known": (
        "unknown kind of storage: start it with file://, s3://, gs:// or az://"
    ),
    r"RequestTimeTooSkewed": "this machine's clock is wrong: set it by NTP",
    r"169\.254\.169\.254|metadata\.google|no credentials": (
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or your provider's"
    ),
    r"InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|Unauthenticated|code: 401": (
        "wrong credentials: check the keys of {setting}"
    ),
    r"PermissionDenied|AccessDenied|code: 403": (
        "access denied: allow reading, writing, listing and deleting in {setting}"
    ),
    r"BadScheme": "plain http is not allowed: use https, or set AWS_ALLOW_HTTP=true",
    r"incorrectly configured region|PermanentRedirect|AuthorizationHeaderMalformed": (
        "wrong region: check AWS_REGION"
    ),
    r"StorageFull|code: 507|QuotaExceeded": "the bucket is full: free some space",
    r"SlowDown|code: 503": "overloaded: it asks to slow down",
    r"[Cc]ertificate|UnknownIssuer|InvalidContentType": (
        "no encrypted connection: check the scheme and certificate of the endpoint"
    ),
    r"dns error": "host name not found: check AWS_ENDPOINT_URL",
    r"tcp connect error.*(timed out|Elapsed|deadline)": "no answer: check AWS_ENDPOINT_URL",
    r"tcp connect error": "connection refused: start the endpoint, or correct AWS_ENDPOINT_URL",
    r"operation timed out|TimedOut|request or response body": (
        "no answer: check the endpoint and the network"
    ),
}
_NETWORK = {
    r"resolve host|translate host name|Name or service not known|name resolution|getaddrinfo": (
        "host name not found: check {setting}"
    ),
    r"refused|No such file or directory": "connection refused: start it, or correct {setting}",
    r"[Tt]imeout|timed out|[Nn]o route|unreachable": "no answer: check the network and {setting}",
    r"closed the connection|connection is closed|connection is lost|Broken pipe|reset by peer": (
        "connection lost"
    ),
}
_SERVICES = {
    ("sqlalchemy", "psycopg", "sqlite3"): (_DATABASE | _NETWORK, "DATABASE_URL"),
    ("redis", "kombu"): (_BROKER | _NETWORK, "FNT_BROKER_URL"),
    ("obstore",): (_STORAGE | _NETWORK, "FNT_STORAGE_URL"),
}


class ReasonedError(Exception):
    """Its message is one line: what is wrong and what to do."""


def reason(error: BaseException, *, setting: str = "") -> str:
    """Return what is wrong and what to do; the error's type if that is not known."""
    return known_reason(error, setting=setting) or type(error).__name__


def known_reason(error: BaseException, *, setting: str = "") -> str | None:
    """Return what is wrong and what to do, if that is known.

    `setting` names the variable to correct, where it is not the usual one of the service.
    """
    for cause in _causes(error):
        if isinstance(cause, ReasonedError):
            return str(cause)
        for packages, (reasons, usual) in _SERVICES.items():
            if type(cause).__module__.partition(".")[0] in packages:
                words = f"{type(cause).__name__}: {cause}"
                for pattern, found in reasons.items():
                    if re.search(pattern, words, re.DOTALL):
                        return found.format(setting=setting or usual)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and what caused it, the innermost first: it is the most precise."""
    if error is None:
        return
    wrapped = getattr(error, "orig", None)  # what SQLAlchemy has wrapped
    if wrapped is not error.__cause__:
        yield from _causes(wrapped)
    yield from _causes(error.__cause__)
    yield error
