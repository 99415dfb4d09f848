"""The memory of unsaved jobs: what is damaged, hostile or not there costs no more than itself."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from builders import MOMENT, make_snapshot
from fnt.config.unsaved_jobs import KEPT_S, Place, UnsavedJobs, is_same
from fnt.errors import AuthError

CREATED = "2026-03-01T12:00:00.000Z"
HERE = Place(folder="/out", below="a/b/", created_at=CREATED)


def memory(folder: Path, *, server: str = "https://a.org", account: str = "me") -> UnsavedJobs:
    return UnsavedJobs(folder, server=server, account=lambda: account)


def with_jobs(folder: Path, *numbers: int) -> UnsavedJobs:
    unsaved = memory(folder)
    for number in numbers:
        unsaved.add(make_snapshot(id=number), folder="/out", below="a/b/")
    return unsaved


def file_of(folder: Path, number: int) -> Path:
    [path] = folder.glob(f"unsaved/*/{number}.json")
    return path


def test_a_job_is_remembered_until_it_is_forgotten(tmp_path: Path) -> None:
    unsaved = with_jobs(tmp_path, 12, 3)
    assert list(memory(tmp_path).places().items()) == [(3, HERE), (12, HERE)]

    unsaved.discard(12)

    assert memory(tmp_path).places() == {3: HERE}
    assert memory(tmp_path).place(12) is None


def test_servers_and_accounts_are_kept_apart(tmp_path: Path) -> None:
    with_jobs(tmp_path, 12)

    for other in (memory(tmp_path, server="https://b.org"), memory(tmp_path, account="you")):
        assert other.places() == {}
        other.discard(12)
    assert memory(tmp_path).places() == {12: HERE}


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    with_jobs(tmp_path, 12)

    assert file_of(tmp_path, 12).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "unsaved").stat().st_mode & 0o777 == 0o700


def test_an_earlier_job_of_the_same_number_is_another_one() -> None:
    again = make_snapshot(created_at=MOMENT + timedelta(days=1))

    assert is_same(HERE, make_snapshot())
    assert not is_same(HERE, again)
    assert is_same(Place(), again)  # not known


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"{", b"[]", b"null", b"[" * 50_000, b'{"folder": 1}',
        b'{"folder": "out", "below": "../../etc/", "created_at": 7}',
        b'{"folder": "/o\\u0000", "below": "/etc/", "created_at": null}',
        b'{"folder": null, "below": "a\\u0000/", "created_at": null}',
    ],
)  # fmt: skip
def test_a_damaged_file_costs_the_place_of_its_job(tmp_path: Path, content: bytes) -> None:
    unsaved = with_jobs(tmp_path, 12, 13)
    file_of(tmp_path, 12).write_bytes(content)

    assert unsaved.places() == {12: Place(), 13: HERE}
    assert unsaved.place(12) == Place()
    unsaved.discard(12)
    assert list(unsaved.places()) == [13]


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("harm", [_pipe, _folder, _loop])
def test_what_is_no_file_is_passed_over(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    unsaved = with_jobs(tmp_path, 12, 13)
    harm(file_of(tmp_path, 12))

    assert unsaved.places() == {13: HERE}
    unsaved.place(12)
    unsaved.discard(12)


def test_names_that_are_no_jobs_are_passed_over(tmp_path: Path) -> None:
    unsaved = with_jobs(tmp_path, 12)
    for name in ("x.json", "-1.json", "٣.json", f"{'9' * 40}.json", ".12.json", "13"):
        file_of(tmp_path, 12).with_name(name).write_text("{}")

    assert list(unsaved.places()) == [12]


def _a_file(root: Path) -> None:
    root.write_text("")


def _a_pipe(root: Path) -> None:
    os.mkfifo(root)


def _nothing_there(root: Path) -> None:
    root.parent.rmdir()
    root.parent.write_text("")


@pytest.mark.parametrize("harm", [_a_file, _a_pipe, _nothing_there])
def test_a_place_that_cannot_be_used_never_fails(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    (tmp_path / "data").mkdir()
    harm(tmp_path / "data" / "unsaved")
    unsaved = with_jobs(tmp_path / "data", 12)

    assert (unsaved.places(), unsaved.place(12)) == ({}, None)
    unsaved.discard(12)


def test_an_account_that_is_not_known_is_asked_for_once(tmp_path: Path) -> None:
    asked = []

    def account() -> str:
        asked.append(1)
        raise AuthError("not logged in")

    unsaved = UnsavedJobs(tmp_path, server="https://a.org", account=account)
    unsaved.discard(12)
    assert asked == []  # nothing is remembered of anybody

    for number in (12, 13):
        unsaved.add(make_snapshot(id=number), folder=None, below="")
    assert (unsaved.places(), asked) == ({}, [1])


def test_after_three_months_a_job_is_dropped(tmp_path: Path) -> None:
    unsaved = with_jobs(tmp_path, 12, 13)
    old = time.time() - KEPT_S - 10
    os.utime(file_of(tmp_path, 12), (old, old))

    assert list(unsaved.places()) == [13]
    assert not list(tmp_path.glob("unsaved/*/12.json"))


def test_what_another_process_removes_meanwhile_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaved = with_jobs(tmp_path, *range(1, 11))
    [folder] = (tmp_path / "unsaved").iterdir()
    *others, last = folder.iterdir()
    now = time.time()

    def meanwhile() -> float:
        for path in others:
            path.unlink(missing_ok=True)
        return now

    monkeypatch.setattr(time, "time", meanwhile)

    assert list(unsaved.places()) == [int(last.stem)]


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda number: with_jobs(tmp_path, number), range(1, 101)):
            pass

    assert list(memory(tmp_path).places()) == list(range(1, 101))
    assert all(json.loads(path.read_text()) for path in tmp_path.glob("unsaved/*/*.json"))
