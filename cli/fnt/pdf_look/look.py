"""The look itself. Run as a program, it looks at the PDF on its standard input."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any, BinaryIO

PAGES_LOOKED_AT = 5
CHILD_MEMORY_BYTES = 768 * 1024 * 1024
CHILD_CPU_S = 10
CHILD_OPEN_FILES = 64


def limit_resources() -> None:
    """Limit memory, CPU time, open files, and processes, where the system supports it."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 -- POSIX only

    limits = {
        resource.RLIMIT_AS: CHILD_MEMORY_BYTES,
        resource.RLIMIT_CPU: CHILD_CPU_S,
        resource.RLIMIT_NOFILE: CHILD_OPEN_FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in limits.items():
        with contextlib.suppress(OSError, ValueError):  # macOS does not support all
            resource.setrlimit(kind, (value, value))


def load_pypdf() -> Any:
    """Import and return pypdf; raises ImportError.

    Without what it would use if it is there: none of it is needed to look for text, it takes a
    quarter of the time, and it would read fonts and images that nobody has checked.
    """
    absent = dict.fromkeys(("PIL", "fontTools"))
    sys.modules.update(absent)  # type: ignore[arg-type]  # None marks a module as absent
    import pypdf  # noqa: PLC0415 -- takes 55 ms, only in the child process

    return pypdf


def look(file: BinaryIO) -> dict[str, Any]:
    """Return what pypdf finds: pages, whether they have text, whether a password is needed."""
    try:
        pypdf = load_pypdf()
    except ImportError:
        return {"not_checked": "pypdf is not installed"}
    try:
        return _facts(pypdf.PdfReader(file))
    except MemoryError:
        return {"not_checked": "it needs too much memory"}
    except Exception:  # pypdf raises arbitrary exceptions for a broken file
        return {"damaged": True}


def _facts(reader: Any) -> dict[str, Any]:
    if reader.is_encrypted and not reader.decrypt(""):
        return {"needs_password": True}
    pages = reader.pages
    texts = (pages[n].extract_text() for n in range(min(PAGES_LOOKED_AT, len(pages))))
    return {"pages": len(pages), "has_text": any(text.strip() for text in texts)}


def _main() -> None:
    limit_resources()
    json.dump(look(sys.stdin.buffer), sys.stdout)


if __name__ == "__main__":
    _main()
