"""Results on disk: safe names and complete files."""

from __future__ import annotations

import errno
import os
import stat
import sys
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import make_snapshot
from fakes import FakeResults
from fnt.errors import NotFoundError, ProtocolError, TargetExistsError, TemporaryError, UsageError
from fnt.flow.results.download import Result, save_result
from fnt.flow.results.file_names import result_name, safe_stem

BROKEN = TemporaryError("the connection broke")


def save(target, *, source=None, name="novel.pdf", overwrite=False):
    job = make_snapshot(original_filename=name)
    source = source or FakeResults(b"Un.\n", b"Deux.\n")
    return save_result(Result(source, job, "txt"), target=target, overwrite=overwrite)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("novel.pdf", "novel"),
        ("Le Père Goriot.PDF", "Le Père Goriot"),
        ("v1.2.pdf", "v1.2"),
        ("../../etc/passwd.pdf", "passwd"),
        ("C:\\Temp\\x.pdf", "x"),
        ("a\x1b[31m\r\nb.pdf", "a[31mb"),
        ("a\u202efdp.pdf", "afdp"),
        ('a<b>:"c|?*.pdf', "a_b___c___"),
        (" .hidden. .pdf", "hidden"),
        ("\udcff.pdf", None),
        (".pdf", None),
        ("..", None),
        ("a/", None),
        ("NUL.pdf", None),
        ("com1.txt.pdf", None),
        ("console.pdf", "console"),
    ],
)
def test_stem_is_safe(name, stem):
    assert safe_stem(name) == stem


@given(st.text(st.characters(), max_size=300))
def test_stem_of_any_name_is_a_plain_short_file_name(name):
    stem = safe_stem(name)

    if stem is not None:
        assert stem == PurePosixPath(stem).name == PureWindowsPath(stem).name
        assert not any(unicodedata.category(c).startswith("C") for c in stem)
        assert 0 < len(stem.encode()) <= 200


def test_name_falls_back_to_the_job():
    assert result_name("..", job_id=7, format="csv") == "job-7.csv"
    assert result_name("..", job_id=None, format="csv") == "result.csv"
    assert result_name("a.pdf", job_id=7, format="csv") == "a.csv"


def test_save_into_a_folder(tmp_path):
    path = save(tmp_path)

    assert path == tmp_path / "novel.txt"
    assert path.read_bytes() == b"Un.\nDeux.\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="no POSIX modes")
def test_save_leaves_the_mode_to_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        path = save(tmp_path)
    finally:
        os.umask(old)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_save_never_leaves_the_folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()

    assert save(folder, name="../../out.pdf").parent == folder


def test_save_second_result_of_a_name_takes_the_job_number(tmp_path):
    (tmp_path / "novel.txt").write_text("mine")

    assert save(tmp_path) == tmp_path / "novel-12.txt"
    assert (tmp_path / "novel.txt").read_text() == "mine"


def test_save_third_time_is_refused(tmp_path):
    save(tmp_path), save(tmp_path)

    with pytest.raises(UsageError, match="exists"):
        save(tmp_path)


def test_save_overwrites_on_request(tmp_path):
    (tmp_path / "novel.txt").write_text("old")

    assert save(tmp_path, overwrite=True).read_bytes() == b"Un.\nDeux.\n"


def test_save_named_file_that_exists_is_refused_before_anything_is_fetched(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("mine")
    source = FakeResults(b"")

    with pytest.raises(UsageError, match="exists") as caught:
        save(path, source=source)

    assert "--overwrite" in caught.value.hint
    assert source.opened == 0


def test_save_file_made_meanwhile_is_not_overwritten(tmp_path):
    class Rival(FakeResults):
        def _iter(self):
            (tmp_path / "x.txt").write_text("theirs")
            yield b"ours"

    with pytest.raises(UsageError, match="exists"):
        save(tmp_path / "x.txt", source=Rival(b""))

    assert (tmp_path / "x.txt").read_text() == "theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_save_link_is_not_written_through(tmp_path):
    (tmp_path / "real").write_text("mine")
    (tmp_path / "novel.txt").symlink_to(tmp_path / "real")

    save(tmp_path, overwrite=True)

    assert (tmp_path / "real").read_text() == "mine"


def test_save_tries_a_broken_download_again(tmp_path):
    source = FakeResults(b"Un.\n", b"Deux.\n", breaks=2, error=BROKEN)

    assert save(tmp_path, source=source).read_bytes() == b"Un.\nDeux.\n"
    assert source.opened == 3


@pytest.mark.parametrize("error", [BROKEN, KeyboardInterrupt()])
def test_save_leaves_nothing_behind(tmp_path, error):
    with pytest.raises(type(error)):
        save(tmp_path, source=FakeResults(b"Un.\n", breaks=9, error=error))

    assert list(tmp_path.iterdir()) == []


def test_save_into_no_folder(tmp_path):
    with pytest.raises(NotFoundError, match=r"folder .* not found"):
        save(tmp_path / "none" / "x.txt")


def test_save_below_a_file(tmp_path):
    (tmp_path / "x").write_text("")

    with pytest.raises(UsageError, match="cannot be written"):
        save(tmp_path / "x" / "y.txt")


def test_save_reports_a_full_disk(tmp_path):
    error = OSError(28, "No space left on device")

    with pytest.raises(UsageError, match="No space left"):
        save(tmp_path, source=FakeResults(b"Un.\n", breaks=9, error=error))


def test_save_takes_over_the_draft_of_one_that_died(tmp_path):
    draft = tmp_path / ".book-7.txt.fnt-part"
    draft.write_bytes(b"half a resu")

    save_result(
        Result(FakeResults(b"whole"), make_snapshot(), "txt"),
        target=tmp_path / "a.txt",
        overwrite=False,
        draft="book-7.txt",
    )

    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"whole"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_left(tmp_path, monkeypatch, links):
    target = tmp_path / "novel.txt"
    real_lexists = os.path.lexists

    def lexists(path):
        """Let another process write between the last look and the move."""
        found = real_lexists(path)
        if not found:
            target.write_text("theirs")
        return found

    monkeypatch.setattr(os.path, "lexists", lexists)
    if not links:
        monkeypatch.setattr(os, "link", no_links)

    with pytest.raises(TargetExistsError):
        save(target)

    assert target.read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["novel.txt"]


def test_a_file_system_without_links_gets_results_too(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)

    assert save(tmp_path / "novel.txt").read_bytes() == b"Un.\nDeux.\n"


def no_links(*_):
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_result_too_large_for_its_job_is_not_kept(tmp_path):
    job = make_snapshot(sentence_count=2)
    source = FakeResults(*[b"x" * 65536] * 64)

    with pytest.raises(ProtocolError, match="too large"):
        save_result(Result(source, job, "txt"), target=tmp_path / "a.txt", overwrite=False)

    assert list(tmp_path.iterdir()) == []
