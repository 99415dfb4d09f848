"""Everything commands get from their environment; tests replace it."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fnt.color import ColorMode
from fnt.config.job_cache import remember
from fnt.connection import Connection, connect
from fnt.errors import TemporaryError, UsageError
from fnt.local_server.local_use import LocalUse
from fnt.output.browser import has_browser, open_browser
from fnt.output.log_handler import log_to
from fnt.output.output_mode import OutputMode
from fnt.output.report.document import Report
from fnt.output.terminal import Terminal
from fnt.time_limit import OutOfTime, time_limit
from fnt.wire.local_server import NAME as LOCAL

if TYPE_CHECKING:
    from fnt.config.settings import Settings
    from fnt.config.unsaved_jobs import UnsavedJobs
    from fnt.local_server.server import LocalServer
    from fnt.pdf_look.warm_child import WarmChild


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
        names = ("server", "profile", "timeout", "ca_file", "insecure_http", "no_local")
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
    notes: list[str] = field(default_factory=list)
    """What was said already, since a command may connect several times."""
    servers: list[str] = field(default_factory=list)
    """Names of the servers this run was connected to."""
    find_local: Callable[[], LocalServer | None] = lambda: None
    """Finds the personal server, on a system that can have one."""
    early_child: WarmChild | None = None
    """The process that looks at PDFs, where it was started before the command was known."""

    @classmethod
    def of_process(
        cls, environ: Mapping[str, str], cwd: Path, *, early_child: WarmChild | None = None
    ) -> AppContext:
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
            find_local=partial(_find_local, environ),
            early_child=early_child,
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

    @property
    def draws_tables(self) -> bool:
        """Whether results are drawn as tables; elsewhere each is a plain line, uncut."""
        return self.options.format is OutputMode.HUMAN and self.terminal.out_is_terminal

    def settings(self) -> Settings:
        """Load the settings."""
        from fnt.config.settings import load_settings  # noqa: PLC0415 -- 15 ms, not for --help

        return load_settings(flags=self.options.settings, environ=self.environ, cwd=self.cwd)

    def _say_ignored(self) -> bool:
        """Say what a project file chooses in vain, or books would go elsewhere unnoticed."""
        from fnt.config.settings import ignored_choices  # noqa: PLC0415 -- as above

        ignored = ignored_choices(flags=self.options.settings, environ=self.environ, cwd=self.cwd)
        if ignored:
            path, choices = ignored
            words = " and ".join(choices)
            note = (
                f"note: {path} is not trusted, so its {words} is ignored; "
                "review it, then run: fnt config trust"
            )
            if note not in self.notes:
                self.notes.append(note)
                self.terminal.say(note)
        return ignored is not None

    @contextmanager
    def _resolved(self, settings: Settings, local: LocalUse) -> Iterator[Settings]:
        from fnt.local_server.resolution import resolved  # noqa: PLC0415 -- only to connect

        if self._say_ignored() and settings.server != LOCAL:
            local = LocalUse.NEVER  # the project wants a certain server
        with resolved(
            settings,
            local,
            find_local=self.find_local,
            terminal=self.terminal,
            environ=self.environ,
        ) as found:
            yield found

    def warm_child(self) -> WarmChild:
        """Return the process that looks at PDFs; it may still have to be started."""
        from fnt.pdf_look.warm_child import WarmChild  # noqa: PLC0415 -- not for --help

        return self.early_child or WarmChild()

    def unsaved_jobs(self, connection: Connection) -> UnsavedJobs:
        """Return the memory of jobs of this server and account that are not saved yet."""
        from fnt.config.settings import data_folder  # noqa: PLC0415 -- as above
        from fnt.config.unsaved_jobs import UnsavedJobs  # noqa: PLC0415 -- as above

        return UnsavedJobs(
            data_folder(self.environ), server=connection.name, account=connection.account
        )

    @property
    def server_shown(self) -> str:
        """The name of the server last connected to, for people: without the scheme."""
        name = self.servers[-1]
        return name.partition("://")[2] or name

    def remember_jobs(self) -> None:
        """Cache the jobs seen in this run for shell completion."""
        jobs = [entry.job for entry in self.report.jobs if entry.job is not None]
        if jobs and self.servers:
            remember(self.settings().config_dir, self.servers[-1], jobs)

    @contextmanager
    def connected(self, local: LocalUse = LocalUse.AGAIN) -> Iterator[Connection]:
        """Open a connection to the server, limited in time by --timeout, and close it."""
        settings = self.settings()
        try:
            with time_limit(settings.timeout_s), self._resolved(settings, local) as found:
                connection = self.connect(found)
                self.servers.append(connection.name)
                with connection.api, connection.anonymous:
                    yield connection
        except OutOfTime:
            raise TemporaryError("timed out", hint="raise --timeout") from None


def _find_local(environ: Mapping[str, str]) -> LocalServer | None:
    from fnt.local_server.server import LocalServer  # noqa: PLC0415 -- only to connect

    return LocalServer.of_user(environ)
