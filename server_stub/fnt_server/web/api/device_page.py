"""The device login page: sign in, type the code, check the device, approve or refuse."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from fnt.wire.device import read_code
from fnt.wire.paths import DEVICE_PAGE
from fnt.wire.requests import MAX_PASSWORD_CHARS
from fnt_server.auth.device_logins import TooManyCodes
from fnt_server.auth.logins import Identity
from fnt_server.auth.tokens import TokenProblem
from fnt_server.config.token_lifetimes import PAGE_TTL_S
from fnt_server.web.api import rate_limits
from fnt_server.web.api.rate_limits import limited_login, limiter
from fnt_server.web.services import services

bp = Blueprint("page", __name__, template_folder="templates")

MAX_FORM_BYTES = 16 * 1024
STYLE = (Path(__file__).parent / "templates/device.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`, which makes browsers send `Origin: null` with a form.
    "Referrer-Policy": "same-origin",
}


class _FormRefused(Exception):  # noqa: N818 -- an everyday outcome, not a failure
    """A rejected form: which page to show instead, and why."""

    def __init__(self, status: int, problem: str, *, step: str) -> None:
        super().__init__(problem)
        self.status, self.problem, self.step = status, problem, step


def _form(name: str) -> str:
    request.max_content_length = MAX_FORM_BYTES
    return request.form.get(name, "")


def _unless_action(action: str) -> Any:
    return lambda: _form("action") != action


@bp.get(DEVICE_PAGE)
def show() -> Response:
    """Show the first form that is needed."""
    return _page("sign_in" if _page_identity() is None else "code")


@bp.post(DEVICE_PAGE)
@limiter.limit(rate_limits.DEVICE_FORMS)
@limiter.limit(
    rate_limits.WRONG_DEVICE_CODES,
    deduct_when=lambda response: response.status_code == 404,
    exempt_when=_unless_action("code"),
)
def submit() -> Response:
    """Handle a form of this page."""
    _check_csrf()
    action = _form("action")
    if action == "sign_in":
        return _sign_in()
    identity = _page_identity()
    if identity is None:
        raise _FormRefused(403, "You were signed out. Sign in again.", step="sign_in")
    if action == "code":
        return _find(identity)
    return _answer(identity, allows=action == "approve")


def _sign_in() -> Response:
    email, password = _form("email"), _form("password")[:MAX_PASSWORD_CHARS]
    page_token = limited_login(
        email, lambda: services().authenticator.open_page_login(email, password)
    )
    if page_token is None:
        raise _FormRefused(401, "Email or password is wrong.", step="sign_in")
    response = make_response(redirect(request.script_root + DEVICE_PAGE, 303))
    _set_cookie(response, page_token)  # a new one: whoever knew the old one is not signed in
    return response


def _find(identity: Identity) -> Response:
    letters = read_code(_form("code"))
    if letters is None:
        raise _FormRefused(400, "A code has eight letters, like BCDF-GHJK.", step="code")
    try:
        pending = services().devices.find_pending(identity.user_id, letters)
    except TooManyCodes:
        raise _FormRefused(
            429, "Too many wrong codes. Wait ten minutes, then start again.", step="problem"
        ) from None
    if pending is None:
        raise _FormRefused(
            404, "No device is waiting with this code. It may have expired.", step="code"
        )
    user = services().authenticator.get_user(identity.user_id)
    return _page("ask", pending=pending, email=user.email)


def _answer(identity: Identity, *, allows: bool) -> Response:
    answered = services().devices.decide(_form("device"), user_id=identity.user_id, allows=allows)
    if not answered:
        raise _FormRefused(
            409,
            "This device is no longer waiting: it gave up, or was already answered.",
            step="problem",
        )
    services().authenticator.log_out(identity, everywhere=False)
    return _page("approved" if allows else "refused")


@bp.errorhandler(_FormRefused)
def _form_refused(refused: _FormRefused) -> Response:
    return _page(refused.step, status=refused.status, problem=refused.problem)


def _cookie_name() -> str:
    if not request.is_secure:
        return "fnt-device"
    # Browsers accept __Host- for the whole host only, not below a path.
    return "__Secure-fnt-device" if request.script_root else "__Host-fnt-device"


def _page_identity() -> Identity | None:
    """Return who is signed in to this page."""
    try:
        return services().authenticator.identify_page_visitor(
            request.cookies.get(_cookie_name(), "")
        )
    except TokenProblem:
        return None


def _check_csrf() -> None:
    """Reject a form that another site forged (CSRF) or that belongs to another visit."""
    cookie = request.cookies.get(_cookie_name(), "")
    given = _form("csrf").encode("utf-8", "replace")
    is_valid = bool(cookie) and hmac.compare_digest(given, _csrf(cookie).encode())
    if not is_valid or request.headers.get("Origin") != f"{request.scheme}://{request.host}":
        raise _FormRefused(403, "This form is invalid or has expired.", step="sign_in")


def _csrf(cookie: str) -> str:
    return services().signer.digest("csrf", cookie)


def _page(step: str, *, status: int = 200, **values: Any) -> Response:
    cookie = request.cookies.get(_cookie_name()) or secrets.token_urlsafe(24)
    html = render_template("device.html", step=step, style=STYLE, csrf=_csrf(cookie), **values)
    response = make_response(html, status)
    if _cookie_name() not in request.cookies:
        _set_cookie(response, cookie)
    return response


def _set_cookie(response: Response, value: str) -> None:
    response.set_cookie(
        _cookie_name(), value, max_age=PAGE_TTL_S, path=f"{request.script_root}/",
        secure=request.is_secure, httponly=True, samesite="Strict",
    )  # fmt: skip


@bp.after_request
def _render_errors(response: Response) -> Response:
    """Render errors as a page too, because a browser shows them."""
    if response.is_json:
        sentence = response.get_json()["error"]
        problem = f"{sentence[:1].upper()}{sentence[1:]}."
        response.data = render_template("device.html", step="problem", style=STYLE, problem=problem)
        response.mimetype = "text/html"
    response.headers.update(HEADERS)
    return response
