"""nginx on loopback with the project's own example, its addresses changed."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from e2e.harness import wait_for

EXAMPLE = Path(__file__).parents[2] / "docs" / "deploy" / "nginx.conf"
NAME = "fnt.example.org"
MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/fnt.conf;
}}
"""


def find_nginx() -> str | None:
    """Return the program, which may lie where only root looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def adapted(folder: Path, *, port: int, plain_port: int, upstreams: Sequence[int]) -> str:
    """Return the example with addresses and paths of this test; fails when one is not there."""
    text = EXAMPLE.read_text()
    for number, upstream in enumerate(upstreams):
        text = _changed(text, rf"10\.0\.0\.1{number + 1}:5000", f"127.0.0.1:{upstream}")
    text = _changed(text, r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    text = _changed(text, r"listen 80", f"listen 127.0.0.1:{plain_port}")
    text = _changed(text, r"/etc/ssl/fnt", str(folder))
    return _changed(text, r"/var/log/nginx", str(folder))


def _changed(text: str, pattern: str, new: str) -> str:
    changed, times = re.subn(pattern, new, text)
    assert times, pattern
    return changed


def make_certificate(folder: Path) -> Path:
    """Make a certificate for localhost that signs itself; returns its file."""
    certificate = folder / "fullchain.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(folder / "privkey.pem"), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate


@contextlib.contextmanager
def balanced(
    program: str, folder: Path, *, port: int, plain_port: int, upstreams: Sequence[int]
) -> Iterator[str]:
    """Run nginx before web processes on these ports; yields the URL."""
    folder.mkdir()
    folder.chmod(0o755)
    make_certificate(folder)
    site = adapted(folder, port=port, plain_port=plain_port, upstreams=upstreams)
    (folder / "fnt.conf").write_text(site)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        url = f"https://localhost:{port}"
        wait_for(lambda: _answers(url), within_s=10, what="nginx answers")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, verify=False, trust_env=False).status_code == 404
    except httpx.HTTPError:
        return False
