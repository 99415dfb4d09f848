"""Network checks: proxy, DNS, connection, certificate."""

from __future__ import annotations

import http.client
import socket
import ssl
import time

from fnt.api.tls import make_ssl_context
from fnt.config.settings import is_loopback
from fnt.config.settings.proxy import find_proxy
from fnt.doctor.context import DoctorContext
from fnt.doctor.outcome import Outcome, fail, ok, skip, warn
from fnt.errors import ExitCode
from fnt.output.formatting import plural

CONNECT_S = 4.0
SOON_DAYS = 14

EXPIRED, NOT_YET_VALID = 10, 9
UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
WRONG_NAME = frozenset({62, 64})
"""OpenSSL's X509_V_ERR_… codes."""


def proxy(target: DoctorContext) -> Outcome:
    """Report the effective proxy, if any."""
    scheme = "https" if target.is_encrypted else "http"
    proxies = target.proxies()
    if is_loopback(target.host):
        named = proxies.get(scheme) or proxies.get("all")
        return ok("not used for a server on this machine" if named else "none")
    target.proxy = found = find_proxy(proxies, server=target.settings.server)
    if found is None:
        return ok("none")
    variable = f"{scheme if proxies.get(scheme) else 'all'}_proxy".upper()
    return ok(f"{found.host}:{found.port}, from {variable} or the system settings")


def name(target: DoctorContext) -> Outcome:
    """Resolve the server's name, or the proxy's if there is one."""
    host, port = target.first_hop
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return fail(
            f"cannot resolve {host}",
            "check the name (fnt config list --show-origin) and the network connection",
            exit_code=ExitCode.TEMPORARY,
        )
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    return ok(f"{host} resolves to {', '.join(addresses[:4])}")


def tcp(target: DoctorContext) -> Outcome:
    """Connect to the server or proxy."""
    host, port = target.first_hop
    what = "the proxy" if target.proxy else "the server"
    try:
        socket.create_connection((host, port), timeout=CONNECT_S).close()
    except ConnectionRefusedError:
        return fail(
            f"nothing is listening on {host}:{port}",
            f"start {what} (fnt-server run), or fix the port",
            exit_code=ExitCode.TEMPORARY,
        )
    except OSError as error:
        why = "no answer" if isinstance(error, TimeoutError) else error.strerror or "no route"
        return fail(
            f"cannot reach {host}:{port}: {why}",
            f"check that {what} is running and no firewall blocks it",
            exit_code=ExitCode.TEMPORARY,
        )
    return ok(f"{host}:{port} accepts connections")


def tls(target: DoctorContext) -> Outcome:
    """Perform a TLS handshake as REST does, and check when the certificate expires."""
    if not target.is_encrypted:
        if is_loopback(target.host):
            return skip("plain http:// on this machine")
        return warn("plain http:// exposes your token to the network", "use https://")
    if target.proxy is not None and target.proxy.scheme != "http":
        return skip(f"not checked through a {target.proxy.scheme} proxy")
    try:
        certificate = _certificate(target)
    except ssl.SSLCertVerificationError as error:
        return fail(
            f"the certificate of {target.host} is not trusted: {error.verify_message}",
            _certificate_hint(error.verify_code),
            exit_code=ExitCode.USAGE,
        )
    except ssl.SSLError:
        return fail(
            f"{target.host}:{target.port} does not speak TLS",
            "is it an http:// address?",
            exit_code=ExitCode.USAGE,
        )
    except (OSError, http.client.HTTPException):
        return fail(
            "the connection was closed during the handshake",
            "a proxy or firewall may be closing it; try again",
            exit_code=ExitCode.TEMPORARY,
        )
    return _expiry(certificate)


def _certificate(target: DoctorContext) -> dict[str, object]:
    context = make_ssl_context(target.settings.server, target.settings.ca_file)
    host, port = target.first_hop
    connection = http.client.HTTPSConnection(host, port, timeout=CONNECT_S, context=context)
    if target.proxy is not None:
        connection.set_tunnel(target.host, target.port, target.proxy.headers)
    try:
        connection.connect()
        return dict(connection.sock.getpeercert() or {})
    finally:
        connection.close()


def _expiry(certificate: dict[str, object]) -> Outcome:
    until = str(certificate.get("notAfter", ""))
    try:
        days = (ssl.cert_time_to_seconds(until) - time.time()) / 86400
    except ValueError:
        return ok("the certificate is trusted")
    if days < SOON_DAYS:
        left = plural(round(days), "day")
        return warn(f"the certificate expires in {left} ({until})", "renew it on the server")
    return ok(f"the certificate is trusted, valid until {until}")


def _certificate_hint(code: int) -> str:
    if code in (EXPIRED, NOT_YET_VALID):
        return "renew it on the server; if it is valid, this machine's clock is wrong"
    if code in WRONG_NAME:
        return "pass the name in the certificate as --server"
    if code in UNKNOWN_AUTHORITY:
        return "to trust your own CA, pass --ca-file FILE"
    return "check the server's certificate"
