"""The command tree of `fnt-server`."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fnt import __version__
from fnt.help_format import HelpCommand, HelpGroup
from fnt_server import logs
from fnt_server.cli.backup_commands import backup, restore
from fnt_server.cli.exit_codes import exit_code_of
from fnt_server.cli.options import HELP_NAMES, DataDir, echo, open_database, read_config
from fnt_server.cli.user_commands import user_app
from fnt_server.config import METRICS_FILES, Config
from fnt_server.config.environment import ConfigError
from fnt_server.db import schema
from fnt_server.optional_imports import absent
from fnt_server.storage.write_probe import require_storage

RUNNING, ADMINISTRATION, INSPECTION = "Run", "Administer", "Try and inspect"


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
    rich_markup_mode=None,
    cls=HelpGroup,
)

SAMPLE_PACE_MS = 600

Host = Annotated[
    str | None, typer.Option(metavar="ADDR", help="Address to listen on. [env: FNT_HOST]")
]
Port = Annotated[
    int | None,
    typer.Option(metavar="N", help="Port; 0 picks a free one. [env: FNT_PORT]", min=0, max=65535),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Steps that run at once, 1 to 256; one per core by default. [env: FNT_WORKERS]",
        min=1,
        max=256,
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Prometheus port on 127.0.0.1; 0 disables it. [env: FNT_METRICS_PORT]",
        min=0,
        max=65535,
    ),
]


def _print_version(value: bool) -> None:
    if value:
        echo(f"fnt-server {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Show the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Split French novels into short sentences, for fnt clients.

    \b
    Examples:
      fnt-server user add you@example.org
      fnt-server run
      fnt-server check

    Docs: docs/operations.md, docs/deploy.md
    """


def run_command() -> int:
    """Run the command line; returns the exit code."""
    os.umask(0o077)  # database, files and key are for this user alone
    logs.configure()
    return exit_code_of(partial(app, prog_name="fnt-server", standalone_mode=False))


@app.command(cls=HelpCommand, rich_help_panel=RUNNING)
def run(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    metrics_port: MetricsPort = None,
    local_folder: Annotated[Path | None, typer.Option(hidden=True)] = None,
    idle_timeout: Annotated[int, typer.Option(hidden=True, min=1)] = 600,
) -> None:
    """Run broker, web and worker on this machine until Ctrl-C."""
    config = read_config(
        host=host, port=port, data_dir=data_dir, workers=workers, metrics_port=metrics_port
    )
    _require_valid_brokers(config)
    with _counts_in_files(config):
        with absent("requests"):  # for a client; it takes a tenth of the start, and 3 MiB
            import engineio  # noqa: F401, PLC0415 -- other commands do without
        from fnt_server.cli import programs  # noqa: PLC0415 -- reads where to count on import
        from fnt_server.supervisor.supervisor import Supervisor  # noqa: PLC0415 -- not on Windows

        if local_folder is None:
            Supervisor(config, programs=programs, echo=echo).run()
            return
        from fnt_server.cli.local_server import run_local_server  # noqa: PLC0415 -- most have none

        run_local_server(
            partial(Supervisor, programs=programs),
            config, local_folder, idle_s=idle_timeout, echo=echo,
        )  # fmt: skip


@app.command(cls=HelpCommand, rich_help_panel=RUNNING)
def web(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    worker_class: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="threads, or gevent for thousands of connections. [env: FNT_WORKER_CLASS]",
        ),
    ] = None,
    metrics_port: MetricsPort = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run one web process; needs FNT_BROKER_URL."""
    from fnt_server.web.gunicorn_server import run_web  # noqa: PLC0415 -- not on Windows

    config = _ready_config(
        host=host,
        port=port,
        data_dir=data_dir,
        worker_class=worker_class,
        metrics_port=metrics_port,
    )
    run_web(config, fd=fd)


@app.command(cls=HelpCommand, rich_help_panel=RUNNING)
def worker(
    data_dir: DataDir = None, workers: Workers = None, metrics_port: MetricsPort = None
) -> None:
    """Run one worker; needs FNT_BROKER_URL."""
    config = _ready_config(data_dir=data_dir, workers=workers, metrics_port=metrics_port)
    with _counts_in_files(config):
        from fnt_server.worker.celery_worker import run_worker  # noqa: PLC0415 -- heavy, and not on Windows

        run_worker(config, worker_id=uuid.uuid4().hex)


@contextlib.contextmanager
def _counts_in_files(config: Config) -> Iterator[None]:
    """Store the counts of pool children in files; prometheus_client reads this on import."""
    if not config.metrics_port:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="fnt-metrics-") as folder:
        os.environ[METRICS_FILES] = folder
        yield


def _ready_config(**flags: object) -> Config:
    """Read the settings of a process without `run`: it needs a broker and a current schema."""
    from fnt_server.monitoring.system_requirements import require_system  # noqa: PLC0415 -- not on Windows

    config = read_config(**flags)
    require_system(config)
    if config.is_embedded:
        raise ConfigError(
            "FNT_BROKER_URL is not set: set it to a Redis or Valkey URL, or use `run`"
        )
    _require_valid_brokers(config)
    database = open_database(config)
    schema.require_current(database)
    database.dispose()
    require_storage(config.storage_url)
    return config


def _require_valid_brokers(config: Config) -> None:
    urls = {"FNT_BROKER_URL": config.broker_url, "FNT_EVENTS_URL": config.events_url}
    for setting in filter(urls.get, urls):
        from fnt_server.messaging.broker_probe import require_valid  # noqa: PLC0415 -- heavy

        require_valid(urls[setting], setting=setting)


@app.command(cls=HelpCommand, rich_help_panel=ADMINISTRATION)
def migrate(
    data_dir: DataDir = None,
    to: Annotated[
        str, typer.Option(metavar="REVISION", help="Target revision; base drops all tables.")
    ] = "head",
) -> None:
    """Migrate the database to the newest schema, or to another revision."""
    schema.migrate(open_database(read_config(data_dir=data_dir)), to)
    echo("the schema is up to date" if to == "head" else f"the schema is at {to}")


@app.command(cls=HelpCommand, rich_help_panel=ADMINISTRATION)
def check(data_dir: DataDir = None) -> None:
    """Check settings, database, storage and broker without starting anything."""
    from fnt_server.cli.check import run_checks  # noqa: PLC0415 -- heavy

    bad = False
    for result in run_checks(read_config(data_dir=data_dir)):
        bad = bad or not result.is_ok
        word = "todo" if result.is_to_do else "ok  " if result.is_ok else "FAIL"
        echo(f"{word} {result.subject}: {result.detail}")
    if bad:
        raise typer.Exit(2)


@app.command(cls=HelpCommand, rich_help_panel=INSPECTION)
def text(
    pdf: Annotated[Path, typer.Argument(help="PDF to read.")],
    pages: Annotated[str, typer.Option(metavar="A-B", help="Pages to show.")] = "1-",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what is extracted from a PDF: paragraphs, headings (#), and what is dropped (-)."""
    from fnt_server.cli import text as pdf_text  # noqa: PLC0415 -- heavy
    from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected  # noqa: PLC0415 -- heavy

    chosen = pdf_text.Pages.parse(pages)
    try:
        analysis = pdf_text.read(pdf)
    except (PdfRejected, ExtractionCrashed) as error:
        sys.stderr.write(f"fnt-server: {error}\n")
        raise typer.Exit(10) from None
    if as_json:
        echo(json.dumps(pdf_text.as_json(analysis, chosen), ensure_ascii=False))
        return
    for line in pdf_text.as_lines(analysis, chosen):
        echo(line)


@app.command(cls=HelpCommand, rich_help_panel=INSPECTION)
def demo(
    novel: Annotated[
        Path | None, typer.Argument(help="PDF to upload; a bundled story by default.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the result.")
    ] = Path("demo-out"),
) -> None:
    """Upload a book with live progress to a personal server, show the result, then stop it."""
    from fnt_server.cli.demo import run_demo  # noqa: PLC0415 -- only this command needs it
    from fnt_server.cli.sample import story_pdf  # noqa: PLC0415 -- only this command needs it

    path = novel or story_pdf()
    if not path.is_file():
        raise ConfigError(f"file {path} not found")
    pace_ms = 0 if novel else SAMPLE_PACE_MS
    raise typer.Exit(run_demo(path, output=output, pace_ms=pace_ms, echo=echo))


app.command("backup", cls=HelpCommand, rich_help_panel=ADMINISTRATION)(backup)
app.command("restore", cls=HelpCommand, rich_help_panel=ADMINISTRATION)(restore)
app.add_typer(user_app, name="user", rich_help_panel=ADMINISTRATION)
