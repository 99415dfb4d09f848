"""nginx before a server, stopped and started as an operator would."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from e2e.balancer import MAIN, find_nginx
from e2e.harness import wait_for
from requirements import absent

SITE = """
server {{
    listen 127.0.0.1:{port};
    {directives}
    location {path} {{
        proxy_pass {upstream};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        {headers}
    }}
}}
"""


class Nginx:
    """A reverse proxy on a port of its own."""

    def __init__(
        self, folder: Path, upstream: str, *, directives: str = "", path: str = "/",
        headers: str = "",
    ) -> None:  # fmt: skip
        program = find_nginx()
        if program is None:
            absent("nginx is not installed")
        assert program
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{path.rstrip('/')}"
        folder.mkdir()
        folder.chmod(0o755)
        site = SITE.format(
            port=self.port, upstream=upstream, directives=directives, path=path, headers=headers
        )
        (folder / "fnt.conf").write_text(site)
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
        self._command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        wait_for(self._listens, within_s=10, what="nginx listens")

    def stop(self) -> None:
        """Stop it at once."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False


@contextlib.contextmanager
def nginx(folder: Path, upstream: str, **options: str) -> Iterator[Nginx]:
    """Run nginx for as long as the block runs."""
    proxy = Nginx(folder, upstream, **options)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
