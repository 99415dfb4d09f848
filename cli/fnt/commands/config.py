"""`fnt config get|set|unset|list|path|trust`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fnt.config.settings import READERS, config_folder, current_name, setting_origins
from fnt.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from fnt.config.settings.sources import Found
    from fnt.context import AppContext

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Setting name.")]


def get(ctx: typer.Context, key: KeyArgument) -> None:
    """Show the effective value of a setting."""
    context: AppContext = ctx.obj
    if current_name(key) not in READERS:
        raise UsageError(f"{key[:40]!r} is not a setting", hint=f"known: {', '.join(READERS)}")
    found = _found(context)[current_name(key)]
    context.report.answer["config_get"] = {key: _plain(found.value), "origin": found.origin}
    if found.value is None:
        raise NotFoundError(f"{key} is not set", hint=f"fnt config set {key} VALUE")
    context.terminal.result(_shown(found.value))


def set_setting(
    ctx: typer.Context,
    key: KeyArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="New value.")],
) -> None:
    """Set a value in config.toml, or in a profile with --profile."""
    from fnt.config.settings.edit import set_value  # noqa: PLC0415 -- loads tomlkit

    context: AppContext = ctx.obj
    path = set_value(config_folder(context.environ), key, value, profile=_profile(context))
    context.report.answer["config_set"] = {"key": key, "value": value, "path": str(path)}
    context.terminal.say(f"set {key} = {value} in {path}")


def unset(ctx: typer.Context, key: KeyArgument) -> None:
    """Remove a value from config.toml, or from a profile with --profile."""
    from fnt.config.settings.edit import unset_value  # noqa: PLC0415 -- as above

    context: AppContext = ctx.obj
    path = unset_value(config_folder(context.environ), key, profile=_profile(context))
    context.report.answer["config_unset"] = {"key": key, "path": str(path)}
    context.terminal.say(f"removed {key} from {path}")


def list_settings(
    ctx: typer.Context,
    *,
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help="Show where each value comes from.")
    ] = False,
) -> None:
    """List all settings with their effective values."""
    context: AppContext = ctx.obj
    found = _found(context)
    context.report.answer["config_list"] = {
        key: {"value": _plain(one.value), "origin": one.origin} for key, one in found.items()
    }
    for key, one in found.items():
        origin = f"  # {one.origin}" if show_origin else ""
        context.terminal.result(f"{key} = {_shown(one.value)}{origin}")


def path(ctx: typer.Context) -> None:
    """Show where your settings are stored."""
    from fnt.config.settings.sources import USER_FILE  # noqa: PLC0415 -- one name

    context: AppContext = ctx.obj
    file = config_folder(context.environ) / USER_FILE
    context.report.answer["config_path"] = str(file)
    context.terminal.result(str(file))


def trust(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Folder of the .fnt.toml; default: the current one."),
    ] = None,
) -> None:
    """Trust the server and profile named in the .fnt.toml of this folder or a parent."""
    from fnt.config.settings.edit import trust_project  # noqa: PLC0415 -- loads tomlkit
    from fnt.config.settings.sources import PROJECT_FILE, project_file  # noqa: PLC0415 -- as above

    context: AppContext = ctx.obj
    project = project_file(context.cwd if folder is None else context.cwd / folder)
    if project is None:
        raise NotFoundError(f"no {PROJECT_FILE} here or in a parent folder")
    chosen = trust_project(config_folder(context.environ), project)
    context.report.answer["config_trust"] = {"path": str(project), **chosen}
    words = " and ".join(f"{key} {value}" for key, value in chosen.items())
    context.terminal.say(f"{project} is trusted to choose {words}")


def _found(context: AppContext) -> dict[str, Found]:
    return setting_origins(flags=context.options.settings, environ=context.environ, cwd=context.cwd)


def _profile(context: AppContext) -> str | None:
    profile: str | None = context.options.settings.get("profile")
    return profile or context.environ.get("FNT_PROFILE") or None


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
