"""fnt.doctor: order, dependence, limits; and which proxy REST would take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fnt.commands.help_topics import TROUBLE
from fnt.config.settings.proxy import find_proxy
from fnt.doctor import CHECKS, CheckStatus, DoctorContext, Verdict, run_checks
from fnt.doctor.result import fail, ok
from fnt.doctor.run_checks import Check
from fnt.errors import ExitCode, NotFoundError, UsageError
from world import World


def make_patient() -> DoctorContext:
    return DoctorContext(context=World().context(), folder=Path(), proxies=dict)


def check(name: str, said: Verdict | Callable[[], Verdict], *needs: str) -> Check:
    return Check(
        name=name, look=lambda _: said if isinstance(said, Verdict) else said(), needs=needs
    )


def found(*checks: Check, limit_s: float = 5.0) -> dict[str, Verdict]:
    findings = run_checks(make_patient(), checks, clock=lambda: 0.0, limit_s=limit_s)
    return {finding.check: finding.verdict for finding in findings}


def test_what_a_failure_makes_pointless_is_not_tried() -> None:
    bad = fail("gone", "look", exit_code=ExitCode.TEMPORARY)

    verdicts = found(
        check("a", bad), check("b", ok("b"), "a"), check("c", ok("c"), "b"), check("d", ok("d"))
    )

    assert verdicts["b"].message == verdicts["c"].message == "skipped: a failed"
    assert [one.status for one in verdicts.values()] == ["fail", "skip", "skip", "ok"]


def test_a_check_that_never_ends_is_left() -> None:
    never = threading.Event()

    def hang() -> Verdict:
        never.wait(30)
        return ok("late")

    verdicts = found(check("a", hang), check("b", ok("b")), limit_s=0.05)
    never.set()

    assert (verdicts["a"].status, verdicts["b"].status) == (CheckStatus.FAIL, CheckStatus.OK)
    assert verdicts["a"].exit_code is ExitCode.TEMPORARY


def test_errors_are_verdicts_and_bugs_are_bugs() -> None:
    def refuse() -> Verdict:
        raise NotFoundError("no such profile", hint="make one")

    said = found(check("a", refuse))["a"]
    assert (said.message, said.hint, said.exit_code) == ("no such profile", "make one", 3)
    with pytest.raises(ZeroDivisionError):
        found(check("a", lambda: ok(str(1 / 0))))


def test_the_list_for_people_is_the_list_that_is_run() -> None:
    names = [one.name for one in CHECKS]

    assert [row[0].strip("`") for row in TROUBLE.rows] == names
    for number, one in enumerate(CHECKS):
        assert set(one.needs) <= set(names[:number])


PROXIES: list[tuple[dict[str, str], str, bool]] = [
    ({}, "books.example.org", False),
    ({"https": "http://p.example.org:3128"}, "books.example.org", True),
    ({"http": "http://p.example.org:3128"}, "books.example.org", False),
    ({"all": "http://p.example.org:3128"}, "books.example.org", True),
    ({"all": "p.example.org:3128", "no": "example.org"}, "books.example.org", False),
    ({"all": "p.example.org:3128", "no": ".example.org, x"}, "books.example.org", False),
    ({"all": "p.example.org:3128", "no": "*"}, "books.example.org", False),
    ({"all": "p.example.org:3128", "no": "other.org"}, "books.example.org", True),
    ({"all": "p.example.org:3128", "no": "10.1.2.3"}, "10.1.2.3", False),
    ({"all": "p.example.org:3128", "no": "EXAMPLE.org"}, "books.example.org", False),
]


@pytest.mark.parametrize(("proxies", "host", "used"), PROXIES)
def test_the_proxy_is_the_one_that_rest_takes(
    proxies: dict[str, str], host: str, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for scheme, url in proxies.items():
        monkeypatch.setenv(f"{scheme}_proxy", url)

    proxy = find_proxy(proxies, scheme="https", host=host)

    with httpx.Client() as http:
        taken: Any = http._transport_for_url(httpx.URL(f"https://{host}/"))
        assert (proxy is not None, taken is not http._transport) == (used, used)
    if proxy is not None:
        assert (proxy.host, proxy.port) == ("p.example.org", 3128)


def test_a_proxy_tells_no_password() -> None:
    proxy = find_proxy({"all": "http://me:s%3Acret@p:1"}, scheme="https", host="x.org")

    assert proxy is not None
    assert "cret" not in repr(proxy)
    assert proxy.headers == {"Proxy-Authorization": "Basic bWU6czpjcmV0"}


@pytest.mark.parametrize("url", ["http://", "http://p:port", "http://[::1"])
def test_a_proxy_that_is_none_is_told_of(url: str) -> None:
    with pytest.raises(UsageError):
        find_proxy({"https": url}, scheme="https", host="x.org")
