"""The folder of the personal server, which belongs to its user alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from fnt.config.settings import data_folder
from fnt.errors import SetupError
from fnt.files import BINARY, NO_FOLLOW, reason_of
from fnt.wire import local_server as names
from fnt.wire.local_server import ServerState

MAX_FILE_BYTES = 65_536
VARIABLE = "FNT_LOCAL_DIR"
ELSEWHERE = f"choose another folder with {VARIABLE}, or name a server with --server URL"


class LocalFolder:
    """Paths in the folder, and files that are trusted only if no other user can write them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path / names.DATA_FOLDER
        self.token_file = path / names.TOKEN_FILE
        self.state_file = path / names.STATE_FILE
        self.in_use_lock = path / names.IN_USE_LOCK
        self.server_lock = path / "server.lock"
        self.log = path / "server.log"
        self.earlier_log = path / "server.log.1"

    @classmethod
    def of_user(
        cls,
        environ: Mapping[str, str],
        *,
        find_data: Callable[[Mapping[str, str]], Path] = data_folder,
    ) -> LocalFolder:
        """Return the user's folder; raises SetupError if there is no home to find it in."""
        if chosen := environ.get(VARIABLE):
            return cls(Path(chosen).absolute())
        try:
            folder = find_data(environ).absolute()
        except RuntimeError:  # neither HOME nor an entry for this user
            folder = Path("~")
        if "~" in folder.parts:
            raise SetupError(
                "this user has no home folder for a personal server",
                hint=f"set {VARIABLE}, or name a server with --server URL",
            )
        return cls(folder / names.NAME)

    @property
    def is_set_up(self) -> bool:
        """Whether a personal server has run here before."""
        return os.path.lexists(self.token_file)

    def prepare(self) -> None:
        """Create the folder, and make sure that it is the user's alone; raises SetupError."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
            found = self.path.lstat()
            if not stat.S_ISDIR(found.st_mode) or not _is_mine(found):
                raise SetupError(f"{self.path} is not a folder you own", hint=ELSEWHERE)
            if found.st_mode & 0o022:
                raise SetupError(
                    f"others can write to {self.path}",
                    hint=f"inspect it, then remove it or run: chmod 700 {self.path}",
                )
            if stat.S_IMODE(found.st_mode) != 0o700:
                self.path.chmod(0o700)
        except OSError as error:
            raise SetupError(
                f"cannot write to {self.path}: {reason_of(error)}", hint=ELSEWHERE
            ) from error

    def token(self) -> str:
        """Return the token of the only user; raises SetupError."""
        text = self._read(self.token_file).strip()
        if not text or not text.isascii() or not text.isprintable():
            raise SetupError(f"{self.token_file} holds no token", hint="run: fnt local stop")
        return text

    def state(self) -> ServerState | None:
        """Return what the server told last, or None; it means nothing unless the server runs."""
        try:
            return ServerState.from_json(self._read(self.state_file))
        except SetupError:
            return None

    def server_pid(self) -> int:
        """Return the process that was started with the lock, or 0; it may be gone."""
        try:
            return int(self._read(self.server_lock))
        except (SetupError, ValueError):
            return 0

    def _read(self, path: Path) -> str:
        """Read a private file, not through a link."""
        try:
            descriptor = os.open(path, os.O_RDONLY | NO_FOLLOW | BINARY)
            with open(descriptor, encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
                found = os.fstat(descriptor)
                is_private = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077
                if not is_private or not _is_mine(found):
                    raise SetupError(
                        f"{path} can be read or written by others",
                        hint=f"remove it, then run: fnt {names.NAME} stop",
                    )
                return file.read(MAX_FILE_BYTES)
        except (OSError, ValueError) as error:
            raise SetupError(
                f"{path} cannot be read: {reason_of(error)}", hint=ELSEWHERE
            ) from error


def _is_mine(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid()
