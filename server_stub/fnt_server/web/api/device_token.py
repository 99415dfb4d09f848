"""Device login endpoints (RFC 8628): `code` and `token`, with the field names of the RFC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request

from fnt.wire import paths
from fnt.wire.device import GRANT_TYPE, DeviceError, shown_code
from fnt.wire.requests import DeviceCodeRequest, DeviceTokenRequest
from fnt.wire.responses import DeviceCodes, DeviceErrorAnswer
from fnt.wire.structs import WireError
from fnt_server.auth.device_logins import DeviceRefused
from fnt_server.config.token_lifetimes import DEVICE_CODE_TTL_S
from fnt_server.logs import escaped
from fnt_server.web.api import rate_limits
from fnt_server.web.api.auth import token_pair
from fnt_server.web.api.rate_limits import limiter
from fnt_server.web.api.request_parsing import MAX_JSON_BYTES, json_object
from fnt_server.web.services import services

bp = Blueprint("device", __name__, url_prefix="/auth/device")

MAX_HOST_CHARS = 60


class _BadParameter(Exception):  # noqa: N818 -- a request, not this program, is wrong
    """A parameter that is missing, repeated or invalid."""


@bp.errorhandler(DeviceRefused)
def _refused(refused: DeviceRefused) -> tuple[dict[str, Any], int]:
    return DeviceErrorAnswer(error=refused.code).to_wire(), 400


@bp.errorhandler(WireError)
@bp.errorhandler(_BadParameter)
def _bad(error: Exception) -> tuple[dict[str, Any], int]:
    answer = DeviceErrorAnswer(error=DeviceError.INVALID_REQUEST, error_description=str(error))
    return answer.to_wire(), 400


@bp.post("/code")
@limiter.limit(rate_limits.DEVICE_CODES)
def code() -> dict[str, Any]:
    """Return the two codes of a device, and where to type the short one."""
    asked = DeviceCodeRequest.from_wire(_parameters())
    codes = services().devices.request_codes(
        client=asked.client_id,
        host=escaped(asked.host[:MAX_HOST_CHARS])[:MAX_HOST_CHARS],
        address=request.remote_addr or "",
    )
    return DeviceCodes(
        device_code=codes.device,
        user_code=shown_code(codes.user),
        verification_uri=f"{request.scheme}://{request.host}{request.script_root}{paths.DEVICE_PAGE}",
        expires_in=DEVICE_CODE_TTL_S,
        interval=services().devices.interval_s,
    ).to_wire()


@bp.post("/token")
@limiter.limit(rate_limits.DEVICE_POLLS)
def token() -> dict[str, Any]:
    """Answer a poll: tokens, once, or why there are none."""
    asked = DeviceTokenRequest.from_wire(_parameters())
    if asked.grant_type != GRANT_TYPE:
        raise DeviceRefused(DeviceError.UNSUPPORTED_GRANT_TYPE)
    if not asked.device_code:
        raise _BadParameter("device_code is missing")
    pair = services().devices.redeem(asked.device_code, client=asked.client_id)
    return token_pair(pair, token_type="Bearer").to_wire()  # noqa: S106 -- no secret


def _parameters() -> Mapping[str, str]:
    """Return the parameters of a form or of a JSON object; raises _BadParameter, WireError."""
    if request.mimetype == "application/json":
        content = json_object()
        if not all(isinstance(value, str) for value in content.values()):
            raise _BadParameter("every parameter must be a string")
        return content
    request.max_content_length = MAX_JSON_BYTES
    lists = request.form.to_dict(flat=False)
    if any(len(values) > 1 for values in lists.values()):
        raise _BadParameter("a parameter is given twice")
    return {name: values[0] for name, values in lists.items()}
