"""The command tree: one line per command, each imported when invoked."""

from __future__ import annotations

from typing import Annotated

import typer

from fnt import __version__
from fnt.commands.lazy_group import HELP_OPTIONS, LazyGroup


class JobsGroup(LazyGroup):
    """Commands for existing jobs."""

    table = {  # noqa: RUF012 -- declared as a ClassVar in the base class
        "list": ("fnt.commands.jobs_list:list_jobs", "List your jobs, newest first."),
        "show": ("fnt.commands.jobs:show", "Show a job in detail, including failed chunks."),
        "cancel": ("fnt.commands.jobs:cancel", "Cancel running or waiting jobs."),
        "retry": ("fnt.commands.jobs:retry", "Retry failed or cancelled jobs as new jobs."),
        "rm": ("fnt.commands.jobs_rm:rm", "Remove finished jobs with their files and results."),
    }


class BatchGroup(LazyGroup):
    """Commands for bulk imports."""

    table = {  # noqa: RUF012 -- declared as a ClassVar in the base class
        "run": (
            "fnt.commands.batch_run:run",
            "Import many books, each exactly once. Run it again to resume.",
        ),
        "status": (
            "fnt.commands.batch_report:status",
            "Show the progress and failures of an import.",
        ),
        "retry": (
            "fnt.commands.batch_run:retry",
            "Retry failed books as new jobs.",
        ),
        "export": (
            "fnt.commands.batch_report:export",
            "Export a ledger as CSV or JSON Lines.",
        ),
    }


class ConfigGroup(LazyGroup):
    """Commands for settings."""

    table = {  # noqa: RUF012 -- declared as a ClassVar in the base class
        "get": ("fnt.commands.config:get", "Show the effective value of a setting."),
        "set": (
            "fnt.commands.config:set_setting",
            "Set a value in config.toml, or in a profile with --profile.",
        ),
        "unset": (
            "fnt.commands.config:unset",
            "Remove a value from config.toml, or from a profile with --profile.",
        ),
        "list": (
            "fnt.commands.config:list_settings",
            "List all settings with their effective values.",
        ),
        "path": ("fnt.commands.config:path", "Show where your settings are stored."),
        "trust": (
            "fnt.commands.config:trust",
            "Trust the server and profile named in the .fnt.toml of this folder or a parent.",
        ),
    }


class TokensGroup(LazyGroup):
    """Commands for personal tokens."""

    table = {  # noqa: RUF012 -- declared as a ClassVar in the base class
        "list": (
            "fnt.commands.tokens:list_tokens",
            "List your personal tokens with their last use, oldest first.",
        ),
        "create": (
            "fnt.commands.tokens:create",
            "Create a personal token for FNT_TOKEN and print it; it is shown only once.",
        ),
        "revoke": ("fnt.commands.tokens:revoke", "Revoke a personal token at once."),
    }


class LocalGroup(LazyGroup):
    """Commands for the personal server."""

    table = {  # noqa: RUF012 -- declared as a ClassVar in the base class
        "status": (
            "fnt.commands.local:status",
            "Show whether the personal server is running, and where.",
        ),
        "stop": (
            "fnt.commands.local:stop",
            "Stop the personal server; unfinished jobs resume at the next start.",
        ),
        "logs": ("fnt.commands.local:logs", "Show the end of the personal server's log."),
    }


class RootGroup(LazyGroup):
    """The top-level commands."""

    sections = {  # noqa: RUF012 -- declared as a ClassVar in the base class
        "Books": "upload watch download",
        "Jobs": "jobs",
        "Many books": "batch check",
        "Setup": "login logout passwd tokens whoami local config doctor completion",
        "More": "help version",
    }
    for_files = "upload"

    table = {  # noqa: RUF012 -- declared as a ClassVar in the base class
        "login": ("fnt.commands.login:login", "Log in and store the token."),
        "logout": ("fnt.commands.logout:logout", "Log out, here and on the server."),
        "passwd": ("fnt.commands.passwd:passwd", "Change your password."),
        "tokens": (TokensGroup, "List, create and revoke your personal tokens."),
        "whoami": ("fnt.commands.whoami:whoami", "Show the current login."),
        "local": (LocalGroup, "Show or stop the personal server that upload starts."),
        "upload": ("fnt.commands.upload:upload", "Upload PDFs and split their sentences."),
        "watch": ("fnt.commands.watch:watch", "Watch jobs live and save their results."),
        "jobs": (JobsGroup, "List, show, cancel, retry and remove jobs."),
        "download": (
            "fnt.commands.download:download",
            "Save the results of completed jobs, or parts of them.",
        ),
        "batch": (BatchGroup, "Import many books, each exactly once."),
        "check": (
            "fnt.commands.check:check",
            "Check PDFs before uploading: pages, size, password, damage, text, duplicates.",
        ),
        "config": (ConfigGroup, "Show and change settings."),
        "doctor": (
            "fnt.commands.doctor:doctor",
            "Diagnose connection and setup problems.",
        ),
        "completion": (
            "fnt.commands.completion:completion",
            "Print a shell completion script.",
        ),
        "help": (
            "fnt.commands.help:help_topic",
            "Show help on exit codes, environment, formats, events or troubleshooting.",
        ),
        "version": ("fnt.commands.help:version", "Show the version."),
    }


app = typer.Typer(
    cls=RootGroup,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Typer's Rich help doubles the time of --help; fnt.help_format groups and colors it instead.
    rich_markup_mode=None,
    context_settings=HELP_OPTIONS,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fnt {__version__}")
        raise typer.Exit


@app.callback()
def fnt(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Turn a French novel (PDF) into short readable sentences, and watch it happen.

    \b
    Examples:
      fnt upload novel.pdf --watch
      fnt watch --all
      fnt batch run books.csv -o sentences

    Docs: README.md and docs/ in the repository.
    """
