"""Support for gevent, which must patch before anything else is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

GEVENT = "gevent"
THREADS = "threads"


def gevent_requested(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether `--worker-class` or `FNT_WORKER_CLASS` selects gevent for `web`.

    Parsed by hand, because importing the option parser would come before the patch.
    """
    if list(arguments[:1]) != ["web"]:
        return False
    asked = environ.get("FNT_WORKER_CLASS")
    for here, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = here.partition("=")
        if name == "--worker-class":
            asked = value or following
    return asked == GEVENT


def patch() -> None:
    """Replace threads with greenlets in everything imported from now on."""
    from gevent import monkey  # noqa: PLC0415 -- an extra

    monkey.patch_all()


def gevent_active() -> bool:
    """Return whether threads are greenlets in this process."""
    monkey = sys.modules.get("gevent.monkey")
    return bool(monkey and monkey.is_module_patched("threading"))


def in_native_thread(function: Callable[..., T], *args: Any) -> T:
    """Run a blocking call in a native thread, so that other greenlets keep running.

    Without gevent, this is a plain call.
    """
    if not gevent_active():
        return function(*args)
    import gevent  # noqa: PLC0415 -- an extra

    found, error = gevent.get_hub().threadpool.apply(_outcome, (function, args))
    if error is not None:
        raise error
    result: T = found
    return result


def _outcome(function: Callable[..., T], args: Sequence[Any]) -> tuple[T | None, Exception | None]:
    """Return result or exception: the pool would print an exception raised in it."""
    try:
        return function(*args), None
    except Exception as error:
        return None, error
