"""Input of a bulk import: the lines of a manifest, or the books in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fnt.errors import NotFoundError, UsageError
from fnt.files import open_list
from fnt.flow.inputs.discovery import find_files
from fnt.flow.inputs.manifest_parser import LineError, read_records
from fnt.flow.ledger import Wanted
from fnt.flow.results.file_names import extension, safe_stem
from fnt.flow.results.result_formats import LOCAL_FORMATS
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.results import FORMATS

SETTINGS = {
    "words": "sentence_length_limit",
    "stretch": "stretch_words",
    "min_words": "min_sentence_length",
    "engine": "engine",
    "ignore_dialogue": "ignore_dialogue",
    "pages": "pages",
    "chapter": "chapters",
    "keep_front_matter": "keep_front_matter",
}
"""Columns that are settings, by wire name."""
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
TOLD = 10
"""Maximum number of invalid lines reported individually."""
ENDINGS = tuple(f".{extension(name)}" for name in (*FORMATS, *LOCAL_FORMATS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the list of books comes from: a manifest, a folder, or stdin."""

    name: str
    """The path as given."""
    folder: Path
    """Base folder of relative paths."""
    include: Sequence[str] = ()
    """Patterns for files to take from a folder, as for uploads."""
    exclude: Sequence[str] = ()

    @property
    def is_stdin(self) -> bool:
        """Whether it is stdin."""
        return self.name == "-"

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of books."""
        return not self.is_stdin and Path(self.name).is_dir()

    @classmethod
    def of(cls, name: str, *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Source:
        """Return the source of that name; raises NotFoundError if it does not exist."""
        path = Path(name)
        if (include or exclude) and (name == "-" or path.is_file()):
            raise UsageError("--include and --exclude apply to a folder, not to a manifest")
        if name == "-":
            return cls(name=name, folder=Path())
        if not path.exists():
            raise NotFoundError(f"manifest {path} not found")
        folder = path if path.is_dir() else path.parent
        return cls(name=name, folder=folder, include=include, exclude=exclude)


def read_source(
    source: Source, stdin: IO[str], *, defaults: ProcessingSettings, tell: Callable[[str], None]
) -> Iterator[Wanted]:
    """Yield the books of a source, one line at a time.

    Reports all invalid lines, then raises UsageError if there were any.
    """
    if source.is_folder:
        yield from _found_below(source, defaults, tell=tell)
    elif source.is_stdin:
        yield from _checked(source, _binary(stdin), defaults=defaults, tell=tell)
    else:
        try:
            with open_list(Path(source.name), tell=tell) as file:
                yield from _checked(source, file, defaults=defaults, tell=tell)
        except OSError as error:
            raise UsageError(f"{source.name} cannot be read: {error.strerror}") from error


def _binary(stdin: IO[str]) -> Iterable[bytes]:
    return stdin.buffer if hasattr(stdin, "buffer") else (line.encode() for line in stdin)


def _found_below(
    source: Source, defaults: ProcessingSettings, *, tell: Callable[[str], None]
) -> Iterator[Wanted]:
    files = find_files(
        [source.folder],
        recursive=True,
        include=source.include,
        exclude=source.exclude,
        tell=tell,
    )
    for number, found in enumerate(files, start=1):
        parts = [safe_stem(part) for part in found.relative.parts]
        if None in parts:
            raise UsageError(
                f"{found.given} has a name that cannot be used for a result; rename it"
            )
        yield Wanted(
            path=_storable(str(found.relative)),
            file=found.path,
            filename=_storable(found.relative.name),
            settings=defaults,
            stem="/".join(part for part in parts if part is not None),
            line=number,
        )


def _checked(
    source: Source,
    lines: Iterable[bytes],
    *,
    defaults: ProcessingSettings,
    tell: Callable[[str], None],
) -> Iterator[Wanted]:
    broken: list[LineError] = []
    count = 0
    for record in read_records(source.name, lines):
        if isinstance(record, LineError):
            broken.append(record)
            if len(broken) <= TOLD:
                tell(f"{source.name}: line {record.line}: {record.why}")
            continue
        count += 1
        try:
            yield _wanted(source, *record, defaults=defaults)
        except LineError as error:
            broken.append(error)
            if len(broken) <= TOLD:
                tell(f"{source.name}: line {error.line}: {error.why}")
    if broken:
        noun = "1 invalid line" if len(broken) == 1 else f"{len(broken)} invalid lines"
        first = f"line {broken[0].line}: {broken[0].why}"
        raise UsageError(f"{source.name}: {noun}, nothing was sent; {first}")
    if not count:
        raise UsageError(f"{source.name} lists no books")


def _wanted(
    source: Source, line: int, values: Mapping[str, Any], *, defaults: ProcessingSettings
) -> Wanted:
    path = _text(line, values, "path")
    if not path:
        raise LineError(line, "no path")
    name = _text(line, values, "name") or Path(path).name
    if not name or len(name) > 255:
        raise LineError(line, "the name must have 1 to 255 characters")
    stem = _stem(line, _text(line, values, "output"), name=name)
    return Wanted(
        path=path,
        file=source.folder / path,
        filename=name,
        settings=_settings(line, values, defaults),
        stem=stem,
        line=line,
    )


def _text(line: int, values: Mapping[str, Any], name: str) -> str:
    value = values.get(name, "")
    if not isinstance(value, str):
        raise LineError(line, f"{name} must be a string")
    if "\0" in value or not _is_text(value):
        raise LineError(line, f"{name} contains invalid characters")
    return value


def _settings(
    line: int, values: Mapping[str, Any], defaults: ProcessingSettings
) -> ProcessingSettings:
    given = {
        wire: _value(line, name, values[name]) for name, wire in SETTINGS.items() if name in values
    }
    try:
        settings = ProcessingSettings.from_wire({**defaults.to_wire(), **given})
    except ValueError as error:
        raise LineError(line, _in_columns(str(error))) from error
    if settings.min_sentence_length > settings.sentence_length_limit:
        raise LineError(line, "min_words is greater than words")
    return settings


def _value(line: int, name: str, value: Any) -> Any:
    """Convert a CSV cell to its type; JSON values are already typed."""
    if not isinstance(value, str) or name in ("engine", "pages", "chapter"):
        return value
    if name in ("ignore_dialogue", "keep_front_matter"):
        if value.strip().lower() not in BOOLEANS:
            raise LineError(line, f"{name} must be true or false")
        return BOOLEANS[value.strip().lower()]
    if not (value.strip().isascii() and value.strip().isdigit()) or len(value) > 9:
        raise LineError(line, f"{name} must be a number")
    return int(value)


def _in_columns(message: str) -> str:
    """Replace wire names in a message with the manifest's column names."""
    for name, wire in SETTINGS.items():
        message = message.replace(f"processing_settings.{wire}", name)
    return message


def _stem(line: int, output: str, *, name: str) -> str:
    """Return the result's path below the output folder; raises LineError if it is unsafe."""
    if not output:
        stem = safe_stem(name)
        if stem is None:
            raise LineError(line, f"{name!r} cannot name a result file; set the column output")
        return stem
    path = PurePosixPath(output.replace("\\", "/"))
    if path.suffix.lower() in ENDINGS:
        path = path.with_suffix("")
    parts = path.parts
    if not parts or any(part == ".." or safe_stem(f"{part}.pdf") != part for part in parts):
        raise LineError(line, "output must be a relative path below -o")
    return "/".join(parts)


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _storable(name: str) -> str:
    """Return a name that is not valid Unicode as text that can be stored and sent."""
    return name.encode("utf-8", "replace").decode("utf-8")
