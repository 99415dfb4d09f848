"""Checks of this machine: settings, terminal, folder, keyring."""

from __future__ import annotations

import shutil
import tempfile

from fnt.config.settings import ignored_choices, setting_origins
from fnt.doctor.context import DoctorContext
from fnt.doctor.outcome import Outcome, fail, failed, ok, skip, warn
from fnt.errors import ExitCode, TemporaryError
from fnt.local_server.resolution import of_running_server
from fnt.output.formatting import data_size

LOW_BYTES = 100 * 1024 * 1024
NARROW = 40


def settings(target: DoctorContext) -> Outcome:
    """Load the settings and report where they come from."""
    context = target.context
    try:
        target.settings = of_running_server(context.settings(), context.find_local)
    except TemporaryError as error:
        return failed(error)
    target.connection = context.connect(target.settings)
    found = setting_origins(
        flags=context.options.settings, environ=context.environ, cwd=context.cwd
    )
    origins = [f"{key} from {one.origin}" for key, one in found.items() if one.origin != "default"]
    server = target.settings.server
    if target.settings.local_token is not None:
        server = f"personal server at {server}"
    words = ", ".join([server, *origins])
    ignored = ignored_choices(
        flags=context.options.settings, environ=context.environ, cwd=context.cwd
    )
    if ignored is not None:
        path, choices = ignored
        return warn(
            f"{words}; {path} names another {' and '.join(choices)} and is not trusted",
            "review it, then run: fnt config trust",
        )
    return ok(words)


def terminal(target: DoctorContext) -> Outcome:
    """Report what the terminal can display."""
    screen = target.context.terminal
    encoding = getattr(screen.err, "encoding", None) or "unknown encoding"
    if not screen.has_glyphs:
        return warn(
            f"{encoding} cannot show every character; ASCII is used instead",
            "set PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8",
        )
    color = "color" if screen.has_color(screen.err) else "no color"
    if not screen.can_animate:
        return ok(f"{encoding}, {color}; plain lines instead of the live view")
    size = shutil.get_terminal_size()
    words = f"{encoding}, {color}, {size.columns}x{size.lines}"
    if size.columns < NARROW:
        return warn(f"{words}: names will be truncated", "make the window wider, or use --plain")
    return ok(words)


def folder(target: DoctorContext) -> Outcome:
    """Write a test file where results would be saved."""
    output = target.folder
    standing = next((path for path in (output, *output.parents) if path.exists()), output)
    try:
        with tempfile.TemporaryFile(dir=standing) as file:
            file.write(b"\0" * 4096)
            file.flush()
        free_bytes = shutil.disk_usage(standing).free
    except OSError as error:
        return fail(
            f"{output} cannot be written: {error.strerror}",
            "choose another folder with -o, or free some space",
            exit_code=ExitCode.USAGE,
        )
    words = f"{output}, {data_size(free_bytes)} free"
    return ok(words) if free_bytes >= LOW_BYTES else warn(words, "free some space for results")


def keyring(target: DoctorContext) -> Outcome:
    """Read from the keyring; a locked one may not respond."""
    known, store = target.settings, target.connection.store
    if known.no_keyring:
        return skip("not used: FNT_NO_KEYRING is set")
    if known.token:
        return skip(f"not used: {target.connection.token_source} overrides it")
    if store.is_in_file:
        return skip("not used: the token is stored in a file, as chosen at login")
    where = store.keyring()
    if where is None:
        return warn(
            "no secure keyring found",
            "set FNT_TOKEN, or run: fnt login --insecure-storage",
        )
    store.load()
    return ok(where)
