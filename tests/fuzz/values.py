"""Values that programs forget: for every fuzzer to choose from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

NUMBERS: tuple[int | float, ...] = (
    0, 1, -1, 2, 7, 255, 256, 65535, 2**31 - 1, 2**31, -(2**31), 2**53 + 1, 2**63, -(2**64),
    10**30, 0.5, -0.0, 1e-300, 1e300, float("inf"), float("nan"),
)  # fmt: skip
TEXTS = (
    "", " ", "a", "A. ", "é", "\0", "\n", "\r\n", "\x1b[31m", "\x1b]0;x\x07", "\u202e", "\u2028",
    "\ud800", "\U0001f600", "%00", "%", "../../etc/passwd", "..", "/", "\\", "'", '"', "{}", "[]",
    "null", "true", "NaN", "1e999", "-1", "0x10", "١", "=1+1", "<b>", "$(id)", "${HOME}", "a\tb",
    "\xa0", "\ufeff", "\x9b31m", "fnt_x", "2026-01-01T00:00:00Z",
)  # fmt: skip
LONG = 100_000


def text(random: Random) -> str:
    """Return a short odd text, seldom a long one."""
    kind = random.random()
    if kind < 0.02:
        return random.choice(TEXTS) * LONG
    if kind < 0.7:
        return random.choice(TEXTS)
    return "".join(chr(_code(random)) for _ in range(random.randrange(12)))


def _code(random: Random) -> int:
    return random.choice(
        (random.randrange(128), random.randrange(0x500), random.randrange(0x11000))
    )


def scalar(random: Random) -> Any:
    return random.choice((None, True, False, random.choice(NUMBERS), text(random), text(random)))


def value(random: Random, depth: int = 3) -> Any:
    """Return any JSON value."""
    kind = random.random()
    if depth == 0 or kind < 0.6:
        return scalar(random)
    size = random.randrange(4)
    if kind < 0.8:
        return [value(random, depth - 1) for _ in range(size)]
    return {text(random)[:50]: value(random, depth - 1) for _ in range(size)}


def changed(random: Random, known: Any) -> Any:
    """Return a JSON value like a valid one, with a few parts left out, added or replaced."""
    if random.random() < 0.08:
        return value(random)
    if isinstance(known, dict):
        parts = {k: changed(random, v) for k, v in known.items() if random.random() > 0.04}
        return parts | ({text(random)[:50]: value(random)} if random.random() < 0.05 else {})
    if isinstance(known, list):
        return [changed(random, part) for part in known for _ in range(_times(random))]
    return known


def _times(random: Random) -> int:
    return random.choices((1, 0, 2, 50), weights=(90, 4, 5, 1))[0]


def json_bytes(random: Random, content: Any) -> bytes:
    """Return the JSON of a value, as it is or damaged."""
    written = json.dumps(content, ensure_ascii=random.random() < 0.5)
    data = written.encode("utf-8", "surrogatepass")
    if random.random() < 0.1:
        return b"[" * 100_000 if random.random() < 0.2 else mutated(random, data)
    return data


def mutated(random: Random, data: bytes, dictionary: Sequence[bytes] = ()) -> bytes:
    """Return bytes with a few parts removed, repeated, replaced or overwritten."""
    changes: list[Callable[[Random, bytearray], None]] = [_flip, _remove, _repeat, _number, _cut]
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        if dictionary and random.random() < 0.5:
            at = random.randrange(len(out) + 1)
            out[at : at + random.choice((0, 0, 4))] = random.choice(dictionary)
        elif out:
            random.choice(changes)(random, out)
    return bytes(out)


def _flip(random: Random, out: bytearray) -> None:
    out[random.randrange(len(out))] = random.randrange(256)


def _remove(random: Random, out: bytearray) -> None:
    at = random.randrange(len(out))
    del out[at : at + random.randrange(1, 40)]


def _repeat(random: Random, out: bytearray) -> None:
    at = random.randrange(len(out))
    part = out[at : at + random.randrange(1, 200)]
    out[at:at] = part * random.choice((1, 1, 3, 100))


def _number(random: Random, out: bytearray) -> None:
    places = [at for at, byte in enumerate(out) if 48 <= byte <= 57]
    if places:
        at = random.choice(places)
        out[at : at + 1] = str(random.choice(NUMBERS)).encode()


def _cut(random: Random, out: bytearray) -> None:
    if random.random() < 0.3:
        del out[random.randrange(len(out)) :]
