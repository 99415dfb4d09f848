"""The audit log of a real server, read by the real command."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx

from e2e.harness import PASSWORD, ClientHome, RestClient, ServerProcess
from e2e.test_tokens import NEW_PASSWORD, email_of, manage, with_token

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


def test_who_did_what_from_where(shared_server: ServerProcess, make_client: MakeClient) -> None:
    home, rest = make_client(shared_server)
    email = email_of(home)
    httpx.post(f"{shared_server.url}/api/v1/auth/login", json={"email": email, "password": "guess"})
    token = home.run_ok("tokens", "create", "nightly").strip()
    for _ in range(2):
        with_token(home, token).run_ok("whoami")
    home.run_ok("tokens", "revoke", "nightly")
    home.run_ok("passwd", "--password-stdin", stdin=f"{PASSWORD}\n{NEW_PASSWORD}\n")
    home.run_ok("logout", "--all")
    assert manage(shared_server, "remove", email).returncode == 0

    out = manage(shared_server, "audit", email, "--json").stdout
    text = manage(shared_server, "audit", email).stdout

    found = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in found] == [
        "login", "login", "login_failed", "token_created", "token_first_used", "token_revoked",
        "password_changed", "logout", "user_removed",
    ]  # fmt: skip
    assert [line["address"] for line in found] == [
        "127.0.0.1", rest.address, *["127.0.0.1"] * 6, "command",
    ]  # fmt: skip
    assert {line["email"] for line in found} == {email}
    assert len(text.splitlines()) == len(found)
    for secret in (token, PASSWORD, NEW_PASSWORD, "guess"):
        assert secret not in out + text
