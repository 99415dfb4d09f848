"""What commands need from the world outside. Replaced in tests by one with fakes."""

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
from fnt.output.output_format import OutputFormat
from fnt.output.report.document import Report
from fnt.output.terminal import Terminal
from fnt.timeout import OutOfTime, time_limit

if TYPE_CHECKING:
    from fnt.api.client import ApiClient
    from fnt.config.credentials import CredentialStore
    from fnt.config.settings import Settings
    from fnt.session import Session
    from fnt.stream import JobStream


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalOptions:
    """The options that stand before or after any command."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those that override settings."""
    format: OutputFormat = OutputFormat.HUMAN
    color: ColorMode = ColorMode.AUTO
    verbose: int = 0
    progress: bool = True
    input: bool = True
    yes: bool = False

    @classmethod
    def of_flags(cls, flags: Mapping[str, Any]) -> GlobalOptions:
        """Read what was given on the command line."""
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


def _format(flags: Mapping[str, Any]) -> OutputFormat:
    if flags.get("json") and flags.get("jsonl"):
        raise UsageError("--json and --jsonl are mutually exclusive")
    for name in ("json", "jsonl", "quiet", "plain"):
        if flags.get(name):
            return OutputFormat(name)
    return OutputFormat.HUMAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One server, as commands use it."""

    api: ApiClient
    anonymous: ApiClient
    """Sends no token."""
    store: CredentialStore
    open_session: Callable[[], Session]
    open_stream: Callable[[Queue[Any]], JobStream]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppContext:
    """One run: streams, environment, clocks, and how to reach the server."""

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

        # What libraries warn of would be written raw, through the live view.
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
        """Return the context of a command, with its global options applied."""
        self.report.format = options.format
        self.terminal.color = options.color
        self.terminal.takes_input = options.input
        self.terminal.is_quiet = options.format is OutputFormat.QUIET
        self.terminal.tells_results = options.format not in (OutputFormat.JSON, OutputFormat.JSONL)
        if options.verbose:
            log_to(self.terminal, level=logging.DEBUG if options.verbose > 1 else logging.INFO)
        return replace(self, options=options)

    def settings(self) -> Settings:
        """Read the settings of this run."""
        from fnt.config.settings import load_settings  # noqa: PLC0415 -- 15 ms that --help need not wait

        return load_settings(flags=self.options.settings, environ=self.environ, cwd=self.cwd)

    def remember_jobs(self) -> None:
        """Keep the jobs this run has seen for the shell's completion."""
        jobs = [entry.job for entry in self.report.jobs if entry.job is not None]
        if jobs:
            settings = self.settings()
            remember(settings.config_dir, settings.server, jobs)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Open the server of this run, and close it; all within the time given by --timeout."""
        settings = self.settings()
        connection = self.connect(settings)
        try:
            with time_limit(settings.timeout_s), connection.api, connection.anonymous:
                yield connection
        except OutOfTime:
            raise TemporaryError("timed out", hint="raise --timeout") from None


class TerminalHandler(logging.Handler):
    """Says log records on the terminal, above the live view and made harmless."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Say one record."""
        self._terminal.say(f"{record.name}: {record.getMessage()}")


def log_to(terminal: Terminal, *, level: int) -> None:
    """Show what this program logs."""
    log = logging.getLogger("fnt")
    log.handlers = [TerminalHandler(terminal)]
    log.setLevel(level)


def connect(settings: Settings, *, auth_source: str = "FNT_TOKEN") -> Connection:
    """Build everything that knows the network; nothing is sent yet.

    `auth_source` is what errors call the token of the settings.
    """
    # httpx takes 100 ms to import: a command that stays at home does without.
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
        from fnt.stream import JobStream  # noqa: PLC0415 -- most commands ask one question

        # The system's store is held locked during a handshake: one that hangs must not stop others.
        own = tls if settings.ca_file else make_ssl_context(settings.server)
        return JobStream(settings.server, tokens=tokens, inbox=inbox, ssl_context=own)

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
