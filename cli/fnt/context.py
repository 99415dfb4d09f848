"""Everything commands get from their environment; tests replace it."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

from fnt.color import ColorMode
from fnt.config.job_cache import remember
from fnt.errors import TemporaryError, UsageError
from fnt.output.browser import has_browser, open_browser
from fnt.output.output_mode import OutputMode
from fnt.output.report.document import Report
from fnt.output.terminal import Terminal
from fnt.time_limit import OutOfTime, time_limit

if TYPE_CHECKING:
    from fnt.api.client import ApiClient
    from fnt.config.credentials import CredentialStore
    from fnt.config.settings import Settings
    from fnt.session import Session
    from fnt.stream import JobStream


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalOptions:
    """The global options, accepted before and after any command."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """Options that override settings."""
    format: OutputMode = OutputMode.HUMAN
    color: ColorMode = ColorMode.AUTO
    verbose: int = 0
    progress: bool = True
    input: bool = True
    yes: bool = False

    @classmethod
    def of_flags(cls, flags: Mapping[str, Any]) -> GlobalOptions:
        """Return the options given on the command line."""
        names = ("server", "profile", "timeout", "ca_file", "insecure_http")
        return cls(
            settings={name: flags[name] for name in names if name in flags},
            format=_format(flags),
            color=_color(flags.get("color", ColorMode.AUTO)),
            verbose=2 if flags.get("debug") else int(flags.get("verbose", 0)),
            progress=not flags.get("no_progress", False),
            input=not flags.get("no_input", False),
            yes=bool(flags.get("yes", False)),
        )


def _color(word: str) -> ColorMode:
    try:
        return ColorMode(word)
    except ValueError:
        raise UsageError(f"--color must be auto, always or never, not {word!r}") from None


def _format(flags: Mapping[str, Any]) -> OutputMode:
    if flags.get("json") and flags.get("jsonl"):
        raise UsageError("--json and --jsonl are mutually exclusive")
    for name in ("json", "jsonl", "quiet", "plain"):
        if flags.get(name):
            return OutputMode(name)
    return OutputMode.HUMAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection to one server."""

    api: ApiClient
    anonymous: ApiClient
    """A client that sends no token."""
    store: CredentialStore
    open_session: Callable[[], Session]
    open_stream: Callable[[Queue[Any]], JobStream]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """The context of a run: streams, environment, clocks, and the connection factory."""

    terminal: Terminal
    report: Report
    environ: Mapping[str, str]
    cwd: Path
    options: GlobalOptions = field(default_factory=GlobalOptions)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    has_browser: Callable[[Mapping[str, str]], bool] = has_browser
    open_browser: Callable[[str], None] = open_browser
    now: Callable[[], datetime]
    new_key: Callable[[], str] = lambda: uuid.uuid4().hex
    connect: Callable[[Settings], Connection]

    @classmethod
    def of_process(cls, environ: Mapping[str, str], cwd: Path) -> AppContext:
        """Return the context of this process."""

        # Library warnings would be printed unescaped, over the live view.
        logging.getLogger().addHandler(logging.NullHandler())

        def now() -> datetime:
            return datetime.now().astimezone()

        return cls(
            terminal=Terminal.of_process(),
            report=Report(now=now),
            now=now,
            environ=environ,
            cwd=cwd,
            connect=connect,
        )

    def configured(self, options: GlobalOptions) -> AppContext:
        """Return the context with a command's global options applied."""
        self.report.format = options.format
        self.terminal.color = options.color
        self.terminal.takes_input = options.input
        self.terminal.is_quiet = options.format is OutputMode.QUIET
        self.terminal.tells_results = options.format not in (OutputMode.JSON, OutputMode.JSONL)
        if options.verbose:
            log_to(self.terminal, level=logging.DEBUG if options.verbose > 1 else logging.INFO)
        return replace(self, options=options)

    def settings(self) -> Settings:
        """Load the settings."""
        from fnt.config.settings import load_settings  # noqa: PLC0415 -- 15 ms, not for --help

        return load_settings(flags=self.options.settings, environ=self.environ, cwd=self.cwd)

    def remember_jobs(self) -> None:
        """Cache the jobs seen in this run for shell completion."""
        jobs = [entry.job for entry in self.report.jobs if entry.job is not None]
        if jobs:
            settings = self.settings()
            remember(settings.config_dir, settings.server, jobs)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Open a connection to the server, limited in time by --timeout, and close it."""
        settings = self.settings()
        connection = self.connect(settings)
        try:
            with time_limit(settings.timeout_s), connection.api, connection.anonymous:
                yield connection
        except OutOfTime:
            raise TemporaryError("timed out", hint="raise --timeout") from None


class TerminalHandler(logging.Handler):
    """Prints log records on the terminal, escaped and above the live view."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        self._terminal.say(f"{record.name}: {record.getMessage()}")


def log_to(terminal: Terminal, *, level: int) -> None:
    """Print this program's log records on the terminal."""
    log = logging.getLogger("fnt")
    log.handlers = [TerminalHandler(terminal)]
    log.setLevel(level)


def connect(settings: Settings, *, auth_source: str = "FNT_TOKEN") -> Connection:
    """Create a connection without sending anything yet.

    `auth_source` is how errors name the token from the settings.
    """
    # httpx takes 100 ms to import, which commands without network access can save.
    from fnt.api.auth import BearerAuth, StaticAuth  # noqa: PLC0415
    from fnt.api.client import ApiClient  # noqa: PLC0415
    from fnt.api.tls import make_ssl_context  # noqa: PLC0415
    from fnt.config.credentials import CredentialStore  # noqa: PLC0415

    tls = make_ssl_context(settings.server, settings.ca_file)
    store = CredentialStore(
        origin=settings.server, config_dir=settings.config_dir, no_keyring=settings.no_keyring
    )
    anonymous = ApiClient(settings.server, auth=None, verify=tls)
    tokens = (
        StaticAuth(settings.token, name=auth_source)
        if settings.token
        else BearerAuth(store=store, refresh=anonymous.refresh)
    )
    api = ApiClient(settings.server, auth=tokens, verify=tls)

    def open_stream(inbox: Queue[Any]) -> JobStream:
        from fnt.stream import JobStream  # noqa: PLC0415 -- most commands only send one request

        # A handshake locks the system's trust store; one that hangs must not block others.
        ssl_context = tls if settings.ca_file else make_ssl_context(settings.server)
        return JobStream(settings.server, tokens=tokens, inbox=inbox, ssl_context=ssl_context)

    def open_session() -> Session:
        from fnt.session import Session  # noqa: PLC0415 -- as above

        return Session(api, open_stream=open_stream)

    return Connection(
        api=api,
        anonymous=anonymous,
        store=store,
        open_session=open_session,
        open_stream=open_stream,
    )
