"""Tokens: what we wrote is read, and nothing else."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from fnt.wire.error_codes import ErrorCode
from fnt_server.auth.tokens import TokenProblem, TokenSigner, load_key
from fnt_server.config.environment import ConfigError
from server.forgery import forgeries, good_claims, sign
from server.records import at_once

KEY = b"k" * 64


def write(kind: str = "access", ttl_s: float = 60) -> str:
    return TokenSigner(KEY).write(user_id=7, login_id="s", jti="j", kind=kind, ttl_s=ttl_s)


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_read_gives_what_was_written(kind: str) -> None:
    claims = TokenSigner(KEY).read(write(kind), kind=kind)

    assert (claims.user_id, claims.login_id, claims.jti) == (7, "s", "j")
    assert 58 < claims.ends_at - time.time() <= 61


def test_token_lives_at_least_as_long_as_promised() -> None:
    began = time.time()

    assert TokenSigner(KEY).read(write(ttl_s=60), kind="access").ends_at >= began + 60


@pytest.mark.parametrize(("kind", "other"), [("access", "refresh"), ("refresh", "access")])
def test_read_refuses_the_other_kind(kind: str, other: str) -> None:
    with pytest.raises(TokenProblem) as problem:
        TokenSigner(KEY).read(write(kind), kind=other)

    assert problem.value.code is ErrorCode.TOKEN_INVALID


def test_read_tells_expired_from_invalid() -> None:
    with pytest.raises(TokenProblem) as problem:
        TokenSigner(KEY).read(write(ttl_s=-10), kind="access")

    assert problem.value.code is ErrorCode.TOKEN_EXPIRED


def test_read_bears_with_a_signer_whose_clock_is_ahead() -> None:
    ahead = TokenSigner(KEY, clock=lambda: time.time() + 30)

    theirs = ahead.write(user_id=7, login_id="s", jti="j", kind="access", ttl_s=60)

    assert TokenSigner(KEY).read(theirs, kind="access").user_id == 7


def test_the_forger_of_these_tests_can_write_a_good_one() -> None:
    assert TokenSigner(KEY).read(sign(KEY, good_claims()), kind="access").user_id == 1


@pytest.mark.parametrize("name", forgeries(KEY, good_claims()))
def test_read_refuses_forgeries(name: str) -> None:
    token = forgeries(KEY, good_claims())[name]
    started = time.thread_time()

    with pytest.raises(TokenProblem) as problem:
        TokenSigner(KEY).read(token, kind="access")

    assert problem.value.code in {ErrorCode.TOKEN_INVALID, ErrorCode.TOKEN_EXPIRED}
    assert time.thread_time() - started < 0.05


def test_load_key_makes_one_key_for_all_that_start_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret.key"

    keys = at_once([lambda: load_key(path)] * 10)

    assert len(set(keys)) == 1
    assert len(keys[0]) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"]


def test_load_key_refuses_a_short_key(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"short\n")

    with pytest.raises(ConfigError, match="shorter"):
        load_key(path)


def test_load_key_reads_no_file_without_an_end() -> None:
    with pytest.raises(ConfigError, match="/dev/zero is longer than 4096 bytes"):
        load_key(Path("/dev/zero"))


def test_load_key_waits_for_no_writer_of_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "secret.key"
    os.mkfifo(pipe)

    with pytest.raises(ConfigError, match="shorter than 32 bytes"):
        load_key(pipe)


def test_load_key_that_cannot_be_read_is_a_config_error(tmp_path: Path) -> None:
    folder = tmp_path / "secret.key"
    folder.mkdir()

    with pytest.raises(ConfigError, match=r"cannot use the key .* Is a directory"):
        load_key(folder)
