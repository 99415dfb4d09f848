"""The server where something is odd or missing: it starts, or says in one line what it is."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.harness import clean_environ
from requirements import absent

SERVER = f"{sys.executable} -m fnt_server"
READY_WITHIN_S = 90.0


def shell(script: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell script that ends by itself."""
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=clean_environ(**environ), capture_output=True,
        timeout=READY_WITHIN_S, check=False,
    )  # fmt: skip


def mounted(script: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell script in a mount namespace of its own."""
    if os.geteuid() != 0 or shell("unshare -m true", folder).returncode:
        absent("mounting needs root")
    quoted = script.replace("'", "'\\''")
    return shell(f"unshare -m bash -c '{quoted}'", folder, **environ)


def starts(script: str, folder: Path, **environ: str) -> bool:
    """Whether `run` gets ready; it is stopped then."""
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            ["bash", "-c", script], cwd=folder, env=clean_environ(**environ),
            stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        assert process.stdout
        line = process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
        process.stdout.read()
    return line.startswith(b"ready http://")


@pytest.mark.parametrize(
    ("mounts", "reason"),
    [
        (
            "mount -t tmpfs -o ro none /dev/shm",
            b"cannot create a semaphore (Read-only file system)",
        ),
        pytest.param(
            "mount -t tmpfs -o ro none data", b"cannot write to ", marks=pytest.mark.faults
        ),
        (
            "mount -t tmpfs -o size=64k none data; head -c 65536 /dev/zero > data/full",
            b"No space left",
        ),
        ("ulimit -n 64", b"only 64 open files are allowed, 256 are needed"),
    ],
)
@pytest.mark.parametrize(
    "command", ["run --port 0", pytest.param("check", marks=pytest.mark.faults)]
)
def test_what_is_missing_is_one_line(
    tmp_path: Path, mounts: str, reason: bytes, command: str
) -> None:
    assert_told_in_one_line(tmp_path, mounts, reason, command)


@pytest.mark.faults
def test_check_names_what_is_missing_too(tmp_path: Path) -> None:
    """One of them; the others with `make test-faults`."""
    reason = b"only 64 open files are allowed, 256 are needed"
    assert_told_in_one_line(tmp_path, "ulimit -n 64", reason, "check")


def assert_told_in_one_line(tmp_path: Path, mounts: str, reason: bytes, command: str) -> None:
    (tmp_path / "data").mkdir()
    done = mounted(f"{mounts}; exec {SERVER} {command} --data-dir data", tmp_path)

    assert done.returncode == 2
    if command == "check":
        assert b"FAIL" in done.stdout
        assert reason in done.stdout
        assert done.stderr == b""
    else:
        assert done.stdout == b""
        assert reason in done.stderr
        lines = done.stderr.splitlines()
        assert len([line for line in lines if line.startswith(b"fnt-server: ")]) == 1
        assert b"Traceback" not in done.stderr


@pytest.mark.faults
def test_no_folder_for_temporary_files(tmp_path: Path) -> None:
    (tmp_path / "ro").mkdir()
    script = (
        "for folder in /tmp /var/tmp /usr/tmp ro; do [ -d $folder ] && "
        f"mount -t tmpfs -o ro none $folder; done; cd /proc; exec {SERVER} check --data-dir /x"
    )
    done = mounted(script, tmp_path, TMPDIR="/dev/null")

    assert (
        b"FAIL temporary files: no folder for temporary files is writable: set TMPDIR"
        in done.stdout
    )


def test_a_user_without_name_and_home(tmp_path: Path) -> None:
    """It used a folder named ~ in the current one."""
    if os.geteuid() != 0:
        absent("changing the user needs root")
    user = (
        "setpriv --reuid 54321 --regid 54321 --clear-groups "
        "--inh-caps +dac_override --ambient-caps +dac_override"
    )
    if shell(f"{user} {sys.executable} -c 1", tmp_path).returncode:
        absent("no setpriv that keeps a capability")

    done = shell(f"exec env -u HOME -u XDG_DATA_HOME {user} {SERVER} check", tmp_path)

    assert done.returncode == 2
    assert done.stderr == (
        b"fnt-server: this user has no home folder: set FNT_DATA_DIR, or pass --data-dir\n"
    )
    assert list(tmp_path.iterdir()) == []
    done = shell(f"exec env -u HOME {user} {SERVER} migrate --data-dir data", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.faults
@pytest.mark.parametrize("name", [b"d.\xff\xfe", b"\xe9t\xe9"], ids=["noise", "latin-1"])
def test_a_name_that_is_no_text(tmp_path: Path, name: bytes) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
    done = subprocess.run(
        [sys.executable, "-m", "fnt_server", "check", "--data-dir", folder],
        env=clean_environ(), capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr == b"fnt-server: FNT_DATA_DIR is not valid UTF-8: choose another name\n"


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param("0<&-", marks=pytest.mark.faults),
        pytest.param("2>&-", marks=pytest.mark.faults),
        "0<&- 2>&-",
    ],
)
def test_run_with_closed_streams(tmp_path: Path, closed: str) -> None:
    assert starts(f"exec {SERVER} run --port 0 --data-dir data {closed}", tmp_path)


@pytest.mark.faults
@pytest.mark.parametrize(
    "closed",
    [
        pytest.param("1>&-", marks=pytest.mark.faults),
        pytest.param("2>&-", marks=pytest.mark.faults),
        "0<&- 1>&- 2>&-",
    ],
)
def test_a_command_with_closed_streams(tmp_path: Path, closed: str) -> None:
    done = shell(f"exec {SERVER} migrate --data-dir data {closed}", tmp_path)

    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "data" / "fnt.db").stat().st_size > 0


def test_odd_surroundings_at_once(tmp_path: Path) -> None:
    """A bad TZ, no locale, umask 000, and a long path through a symbolic link."""
    real = tmp_path / ("l" * 200)
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    script = f"umask 000; exec {SERVER} run --port 0 --data-dir link"

    assert starts(script, tmp_path, TZ="Nowhere/Bad", LANG="C", LC_ALL="POSIX")

    made = [path for path in real.rglob("*") if not path.is_symlink()]
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.faults
@pytest.mark.parametrize(
    "name",
    ["a b#100%\né?;&=:@"]
    + [pytest.param(n, marks=pytest.mark.faults) for n in ("a b", "#", "100%", "a\nb", "é?;&=:@")],
)
def test_names_of_data_folder_and_storage(tmp_path: Path, name: str) -> None:
    for environ in ({}, {"FNT_STORAGE_URL": (tmp_path / "s" / name).as_uri()}):
        folder = tmp_path / "d" / name
        folder.parent.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "fnt_server", "migrate", "--data-dir", str(folder)],
            env=clean_environ(**environ), capture_output=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        assert [path.name for path in (tmp_path / "d").iterdir()] == [name]
        assert (folder / "fnt.db").is_file()
