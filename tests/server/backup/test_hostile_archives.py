"""Archives that no backup is: refused as a whole, before anything is written."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fnt_server.backup import creation, restoration
from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from server.processes import Deployment

Change = Callable[[dict[str, bytes], tarfile.TarFile], None]


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, bytes]:
    """The files of a real backup, by name."""
    deployment = Deployment(tmp_path / "data")
    user_id, _token = deployment.add_user()
    deployment.add_job(user_id)
    creation.create_backup(deployment.config, tmp_path / "real", overwrite=False)
    deployment.close()
    with tarfile.open(tmp_path / "real") as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]


def pack(parts: dict[str, bytes], path: Path, *, mode: str = "w:") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in parts.items():
            add(tar, name, content)
    return path


def add(tar: tarfile.TarFile, name: str, content: bytes = b"", **header: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in header.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(content))


def refusal(path: Path) -> str:
    """Return why it is refused; nothing may be left behind."""
    folder = path.parent / "target"
    config = Config.from_env({"FNT_DATA_DIR": str(folder)})
    with pytest.raises(ConfigError) as refused:
        restoration.restore_backup(config, path, replace=False)
    assert not folder.exists() or [p.name for p in folder.iterdir()] == ["run.lock"]
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "files/../../evil", "files/./x", "files//x", ".restore/x", "run.lock",
     "files/jobs/1/.hidden", "files/a\nb", "fnt.db-wal", "backup.json/x", "files/" + "d" * 500],
)  # fmt: skip
def test_a_name_that_no_backup_has(parts: dict[str, bytes], tmp_path: Path, name: str) -> None:
    path = pack({name: b"evil", **parts}, tmp_path / "hostile")

    assert "which does not belong in a backup" in refusal(path)


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE,
     tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"Z"],
)  # fmt: skip
def test_anything_but_a_plain_file(parts: dict[str, bytes], tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "hostile"
    with tarfile.open(path, "w:") as tar:
        add(tar, "files/jobs/1/x", type=kind, linkname="/etc/passwd")
        for name, content in parts.items():
            add(tar, name, content)

    assert refusal(path)


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_compression_is_not_undone(parts: dict[str, bytes], tmp_path: Path, mode: str) -> None:
    assert "is not a backup" in refusal(pack(parts, tmp_path / "bomb", mode=mode))


def test_a_header_that_asks_for_all_memory(parts: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    with path.open("wb") as file:
        info = tarfile.TarInfo("././@PaxHeader")
        info.type, info.size = tarfile.XHDTYPE, 8 << 30
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(9 << 30)  # sparse

    assert "is not a backup" in refusal(path)


def test_the_same_name_twice_and_a_file_after_the_end(
    parts: dict[str, bytes], tmp_path: Path
) -> None:
    for index, name in enumerate(("fnt.db", "backup.json", "files/jobs/1/late")):
        path = pack(parts, tmp_path / f"hostile{index}")
        with tarfile.open(path, "a:") as tar:
            add(tar, name, b"other")
        assert "which does not belong in a backup" in refusal(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_part_of_a_backup(parts: dict[str, bytes], tmp_path: Path, share: float) -> None:
    path = pack(parts, tmp_path / "half")
    os.truncate(path, int(path.stat().st_size * share))

    assert refusal(path)


@pytest.mark.parametrize("content", [b"", b"noise" * 1000, b"\0" * 10240])
def test_no_archive_at_all(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "noise").write_bytes(content)

    assert refusal(tmp_path / "noise")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    opened = os.open(tmp_path / "fifo", os.O_RDWR)
    try:
        assert "not a regular file" in refusal(tmp_path / "fifo")
    finally:
        os.close(opened)
    assert "No such file" in refusal(tmp_path / "none")
    (tmp_path / "folder").mkdir()
    assert "Is a directory" in refusal(tmp_path / "folder")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "newer version"),
        ({"format": "1"}, "not a backup"),
        ({"file_count": 7}, "not a backup"),
        ({"has_key": False}, "not a backup"),
    ],
)
def test_a_manifest_that_says_something_else(
    parts: dict[str, bytes], tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    manifest = json.loads(parts["backup.json"]) | change
    path = pack({**parts, "backup.json": json.dumps(manifest).encode()}, tmp_path / "odd")

    assert reason in refusal(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '9999'",
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN DELETE FROM jobs; END",
        "CREATE VIEW v AS SELECT 1",
        "UPDATE jobs SET file_key = 'jobs/../../secret.key'",
        "UPDATE jobs SET result_key = '/etc/passwd'",
        "DROP TABLE jobs",
    ],
)
def test_a_database_that_is_none_of_ours(
    parts: dict[str, bytes], tmp_path: Path, statement: str
) -> None:
    file = tmp_path / "fnt.db"
    file.write_bytes(parts["fnt.db"])
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)

    assert refusal(pack({**parts, "fnt.db": file.read_bytes()}, tmp_path / "odd"))


def test_a_database_or_key_that_is_damaged(parts: dict[str, bytes], tmp_path: Path) -> None:
    half = parts["fnt.db"][: len(parts["fnt.db"]) // 2]
    for name, content in {"fnt.db": half, "secret.key": b"short"}.items():
        assert refusal(pack({**parts, name: content}, tmp_path / f"odd-{name}"))
