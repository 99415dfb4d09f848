"""Forged tokens, each invalid in one way."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt


def good_claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"sub": "1", "sid": "s", "jti": "j", "type": "access", "iat": now, "exp": now + 900}
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def sign(key: bytes, claims: Mapping[str, Any], headers: dict[str, Any] | None = None) -> str:
    """Sign whatever is asked for: the library refuses to write some of it."""
    head = _part({"alg": "HS256", "typ": "JWT", **(headers or {})})
    body = f"{head}.{_part(claims)}"
    algorithm = jwt.get_algorithm_by_name("HS256")
    return f"{body}.{_text(algorithm.sign(body.encode(), key))}"


def unsigned(alg: str, claims: Mapping[str, Any]) -> str:
    return f"{_part({'alg': alg, 'typ': 'JWT'})}.{_part(claims)}."


def forgeries(key: bytes, good: Mapping[str, Any]) -> dict[str, str]:
    """Return the set by name; `good` are the claims of a token that would be authenticated."""

    def signed(**changes: Any) -> str:
        return sign(key, {k: v for k, v in {**good, **changes}.items() if v is not ...})

    real = sign(key, good)
    head, body, signature = real.split(".")
    now = int(time.time())
    set_ = {f"alg {alg}": unsigned(alg, good) for alg in ("none", "None", "nOnE", "HS256", "RS256")}
    set_ |= {f"key {k!r}": sign(k, good) for k in (b"", b"secret", b"dev", b"change-me")}
    set_ |= {f"no {name}": signed(**{name: ...}) for name in good}
    set_ |= {
        "exp string": signed(exp=str(now + 900)),
        "exp list": signed(exp=[now + 900]),
        "exp null": signed(exp=None),
        "exp true": signed(exp=True),
        "exp float": signed(exp=now + 900.5),
        "exp beyond all numbers": signed(exp=10**400),
        "nbf future": signed(nbf=now + 900),
        "iat future": signed(iat=now + 900),
        "sub int": signed(sub=1),
        "sub list": signed(sub=["1"]),
        "sub negative": signed(sub="-1"),
        "sub not a number": signed(sub="1 OR 1=1"),
        "sub too long": signed(sub="9" * 40),
        "sub not ascii": signed(sub="\u0661"),
        "sub null": signed(sub=None),
        "sid list": signed(sid=["s"]),
        "sid null": signed(sid=None),
        "jti object": signed(jti={}),
        "type refresh": signed(type="refresh"),
        "type unknown": signed(type="root"),
        "type list": signed(type=["access"]),
        "kid path": sign(b"", good, {"kid": "../../../../dev/null"}),
        "jku": sign(b"x" * 32, good, {"jku": "http://127.0.0.1:1/keys"}),
        "jwk": sign(b"x" * 32, good, {"jwk": {"kty": "oct", "k": _text(b"x" * 32)}}),
        "crit": sign(key, good, {"crit": ["exp"], "exp": 1}),
        "signature cut": f"{head}.{body}.{signature[:-2]}",
        "signature of another": f"{head}.{_part({**good, 'sub': '2'})}.{signature}",
        "100 kB": signed(pad="x" * 100_000),
        "100 kB of dots": "." * 100_000,
        "three empty parts": "..",
        "not base64": "é.é.é",
        "claims a list": f"{head}.{_part([1])}.{signature}",
    }
    return set_


def _part(content: object) -> str:
    return _text(json.dumps(content).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
