"""Hosts with addresses of their own: network namespaces on a bridge, which can be cut off.

Needs root and iproute2. A host that is cut off keeps its address and its connections, but no packet
goes in or out and nobody is told: what a pulled cable, a dead switch or a firewall does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from requirements import require_tool

NETWORK = f"10.177.{os.getpid() % 256}"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One namespace."""

    name: str
    address: str
    port: str
    """Its end of the cable on the bridge."""
    bridge: str

    @property
    def prefix(self) -> list[str]:
        """The words before a command that runs on this host."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Pull the cable."""
        ip("link", "set", self.port, "nomaster")

    def heal(self) -> None:
        """Put the cable back."""
        ip("link", "set", self.port, "master", self.bridge)


@contextlib.contextmanager
def hosts(*names: str) -> Iterator[dict[str, Host]]:
    """Make a host for each name, and a bridge through which the tests reach them."""
    _require()
    mark = secrets.token_hex(2)
    bridge = f"fnt{mark}"
    with contextlib.ExitStack() as stack:
        ip("link", "add", bridge, "type", "bridge")
        stack.callback(ip, "link", "del", bridge)
        ip("addr", "add", f"{NETWORK}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        found = {}
        for number, name in enumerate(names, 10):
            host = Host(
                name=f"fnt{mark}-{name}",
                address=f"{NETWORK}.{number}",
                port=f"fnt{mark}v{number}",
                bridge=bridge,
            )
            ip("netns", "add", host.name)
            stack.callback(ip, "netns", "del", host.name)
            cable = ("link", "add", host.port, "type", "veth", "peer", "name", "eth0")
            ip(*cable, "netns", host.name)
            ip("link", "set", host.port, "master", bridge, "up")
            ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", host.name, "link", "set", device, "up")
            found[name] = host
        yield found


def _require() -> None:
    if os.getuid() != 0:
        pytest.skip("network namespaces need root")
    require_tool("ip")
    tried = subprocess.run(
        ["unshare", "--net", "ip", "link", "add", "fnt", "type", "bridge"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"this system allows no network namespaces: {tried.stderr.strip()}")


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def clock_off_by(minutes: int) -> dict[str, str]:
    """Return the environment of a process whose clock is wrong; skips without libfaketime."""
    if not Path(FAKETIME).exists():
        pytest.skip("there is no libfaketime")
    return {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME": f"{minutes:+d}m",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FNT_PACE_MS": "0",  # the library breaks time.sleep
    }
