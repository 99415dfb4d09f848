"""`fnt.Client` without a server: errors are FntErrors, and the host's logging is untouched."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from fnt import Client
from fnt.api.auth import StaticAuth
from fnt.errors import AuthError, NotFoundError, UsageError


def make_client() -> Client:
    return Client("http://127.0.0.1:9", token="t0ken")


def test_the_root_logger_is_left_alone() -> None:
    before = list(logging.getLogger().handlers)

    make_client().close()

    assert logging.getLogger().handlers == before


def test_wrong_arguments_are_errors_of_ours(tmp_path: Path) -> None:
    with make_client() as client:
        with pytest.raises(UsageError, match="unknown status 'bogus'"):
            client.jobs(status="bogus")
        with pytest.raises(UsageError, match="format"):
            client.download(1, format="docx")
        with pytest.raises(NotFoundError):
            client.upload(tmp_path / "none.pdf")


def test_a_token_passed_in_is_named_as_such() -> None:
    with pytest.raises(UsageError, match="token passed to Client"):
        Client("http://127.0.0.1:9", token="no token")
    with pytest.raises(AuthError, match="rejected the token passed to Client"):
        StaticAuth("t", source="the token passed to Client").renewed_token("t")
