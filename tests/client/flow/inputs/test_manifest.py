"""The manifest of a bulk import: all formats and errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fnt.errors import NotFoundError, UsageError
from fnt.flow.inputs.manifest import Source, read_source
from fnt.flow.ledger import Wanted
from fnt.wire.jobs import ProcessingSettings
from pdfs import make_pdf
from world import Stream

Read = Callable[..., list[Wanted]]
DEFAULTS = ProcessingSettings(sentence_length_limit=10)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def read(tmp_path: Path, told: list[str]) -> Read:
    """Return a function that reads a manifest by name, or `-`."""

    def run(text: str | bytes, name: str = "m.csv") -> list[Wanted]:
        content = text.encode() if isinstance(text, str) else text
        stdin = Stream()
        if name == "-":
            stdin = Stream(content.decode())
        else:
            (tmp_path / name).write_bytes(content)
            name = str(tmp_path / name)
        return list(read_source(Source.of(name), stdin, defaults=DEFAULTS, tell=told.append))

    return run


def test_csv_with_every_column(read: Read, tmp_path: Path) -> None:
    (one,) = read(
        "path,name,words,min_words,engine,ignore_dialogue,pages,chapter,keep_front_matter,output\n"
        'b/x.pdf,"Le rouge, et le noir.pdf",12,3,gemini,yes,3-,1,yes,stendhal/rouge.txt\n'
    )

    assert one == Wanted(
        path="b/x.pdf",
        file=tmp_path / "b/x.pdf",
        filename="Le rouge, et le noir.pdf",
        settings=ProcessingSettings(
            sentence_length_limit=12,
            min_sentence_length=3,
            engine="gemini",
            ignore_dialogue=True,
            pages="3-",
            chapters="1",
            keep_front_matter=True,
        ),
        stem="stendhal/rouge",
        line=2,
    )


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_empty_cells_mean_what_the_command_line_says(read: Read, sign: str) -> None:
    (one,) = read(f"\ufeffPath{sign}words\r\na.pdf{sign}\r\n\r\n")

    assert one.settings == DEFAULTS
    assert (one.filename, one.stem, one.line) == ("a.pdf", "a", 2)


def test_json_lines(read: Read) -> None:
    text = '{"path": "a.pdf", "words": 9, "ignore_dialogue": true}\n\n{"path": "/b.pdf"}\n'

    first, second = read(text, "m.jsonl")

    assert (first.settings.sentence_length_limit, first.settings.ignore_dialogue) == (9, True)
    assert (second.file, second.line) == (Path("/b.pdf"), 3)


@pytest.mark.parametrize(
    "text", ["a.pdf\nb c.pdf\n", '{"path": "a.pdf"}\n{"path": "b c.pdf"}', "path\na.pdf\nb c.pdf"]
)
def test_standard_input_format_is_detected(read: Read, text: str) -> None:
    assert [str(one.file) for one in read(text, "-")] == ["a.pdf", "b c.pdf"]


def test_a_folder_keeps_its_tree(tmp_path: Path) -> None:
    for name in ("z.pdf", "hugo/a.pdf", "hugo/.hidden.pdf", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(make_pdf())

    found = read_source(Source.of(str(tmp_path)), Stream(), defaults=DEFAULTS, tell=print)

    assert [(one.path, one.stem) for one in found] == [("hugo/a.pdf", "hugo/a"), ("z.pdf", "z")]


def test_all_invalid_lines_are_reported_with_their_numbers(read: Read, told: list[str]) -> None:
    text = "path,words\na.pdf,8\n,8\nb.pdf,99\nc.pdf,eight\nd.pdf,8,9\n"

    with pytest.raises(UsageError, match="4 invalid lines, nothing was sent; line 3: no path"):
        read(text)

    assert [line.partition("m.csv: ")[2] for line in told] == [
        "line 3: no path",
        "line 4: words must be 3 to 50",
        "line 5: words must be a number",
        "line 6: 3 cells for 2 columns",
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ("[1]", "not an object"),
        ('{"path": 7}', "path must be a string"),
        ('{"path": "a\\u0000b.pdf"}', "contains invalid characters"),
        ('{"path": "\\ud800.pdf"}', "contains invalid characters"),
        ('{"path": "a.pdf", "words": "8"}', None),
        ('{"path": "a.pdf", "words": true}', "words must be an integer"),
        ('{"path": "a.pdf", "words": 3, "min_words": 5}', "min_words is greater than words"),
        ('{"path": "a.pdf", "ignore_dialogue": 1}', "ignore_dialogue must be true or false"),
        ('{"path": "a.pdf", "output": "../../etc/a"}', "output must be a relative path below -o"),
        ('{"path": "a.pdf", "output": "/etc/a"}', "output must be a relative path below -o"),
        ('{"path": "a.pdf", "output": "C:\\\\a"}', "output must be a relative path below -o"),
        ('{"path": "..", "name": "con.pdf"}', "cannot name a result file"),
        ('{"path": "a.pdf", "name": "' + "x" * 256 + '"}', "1 to 255 characters"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_an_invalid_line_gives_the_reason(read: Read, line: str, why: str | None) -> None:
    text = '{"path": "first.pdf"}\n' + line + "\n"
    if why is None:
        assert len(read(text, "m.jsonl")) == 2
        return

    with pytest.raises(UsageError) as caught:
        read(text, "m.jsonl")

    assert f"line 2: {why}" in caught.value.message or why in caught.value.message


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("m.csv", "file\na.pdf\n", "unknown column 'file'"),
        ("m.csv", "path,path\na,b\n", "duplicate column"),
        ("m.csv", "words\n8\n", "no column 'path'"),
        ("m.csv", "path\n", "lists no books"),
        ("m.csv", "", "no column 'path'"),
        ("m.jsonl", '{"path": "a.pdf", "wrods": 8}\n', "unknown column 'wrods'"),
        ("m.csv", b"path\n\xe9t\xe9.pdf\n", "line 2 is not UTF-8"),
        ("novel.pdf", make_pdf(), "is a PDF, not a manifest"),
        ("m.dat", "some words\n", "is not a manifest"),
    ],
)
def test_other_files_are_refused(read: Read, name: str, text: str | bytes, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text, name)

    assert why in caught.value.message


def test_a_manifest_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match=r"manifest .* not found"):
        Source.of("none.csv")


MEASURE = """
import sys, tracemalloc
from fnt.flow.inputs.manifest import Source, read_source
from fnt.wire.jobs import ProcessingSettings

lines = read_source(
    Source.of(sys.argv[1]), sys.stdin, defaults=ProcessingSettings(), tell=print
)
tracemalloc.start()
print(sum(1 for _ in lines), tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    """Runs in a separate process, because the table of interned strings grows in steps of 4 MB."""
    path = tmp_path / "m.csv"
    path.write_text("path\n" + "".join(f"books/{n}.pdf\n" for n in range(20_000)))

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], stdout=subprocess.PIPE, check=True
    )

    count, peak = map(int, done.stdout.split())
    assert count == 20_000
    assert peak < 4_000_000  # a list of them takes 20
