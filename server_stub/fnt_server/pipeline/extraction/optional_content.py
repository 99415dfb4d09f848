"""Optional content (layers) that is off by default, which PDFium extracts regardless."""

from __future__ import annotations

import io
from typing import Any, Final

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ContentStream, NameObject, StreamObject

_MAX_DEPTH: Final = 6
"""Maximum nesting of form objects; deeper ones are not processed."""
_NOT_TEXT: Final = ("/Annots", "/B", "/AA", "/Metadata", "/PieceInfo", "/Thumb")
"""Entries of a page that are not copied: links would take all pages along with each."""


class HiddenLayers:
    """The layers of one file that are off by default (PDF 32000-1, 8.11)."""

    def __init__(self, file: bytes) -> None:
        """Read the file's default configuration; if pypdf cannot read it, nothing is hidden."""
        self._off: frozenset[int] = frozenset()
        try:
            self._reader = PdfReader(io.BytesIO(file))
            if self._reader.is_encrypted:
                self._reader.decrypt("")
            self._off = _groups_off(self._reader)
        except Exception:  # pypdf raises arbitrary exceptions for a broken file
            return

    def page_without(self, index: int) -> bytes | None:
        """Return a PDF of this page without its hidden content, or None if it has none."""
        if not self._off:
            return None
        try:
            writer = PdfWriter()
            page = writer.add_page(self._reader.pages[index], excluded_keys=_NOT_TEXT)
            self._strip_page(page, self._reader.pages[index], writer)
            written = io.BytesIO()
            writer.write(written)
        except Exception:  # as above
            return None
        return written.getvalue()

    def _strip_page(self, page: Any, original: Any, writer: PdfWriter) -> None:
        contents = page.get_contents()
        if contents is None:
            return
        stream = ContentStream(contents, writer)
        self._strip(stream, page.get("/Resources"), original.get("/Resources"), writer, depth=0)
        page[NameObject("/Contents")] = writer._add_object(stream)

    def _strip(
        self, stream: ContentStream, resources: Any, original: Any, writer: PdfWriter, *, depth: int
    ) -> None:
        """Remove hidden operations; `original` are the resources with the file's object numbers."""
        kept: list[Any] = []
        hidden = 0
        for operands, operator in stream.operations:
            if hidden:
                hidden += (operator in (b"BDC", b"BMC")) - (operator == b"EMC")
            elif operator == b"BDC" and self._hides(operands, original):
                hidden = 1
            elif operator != b"Do" or self._keeps_object(
                operands[0], resources, original, writer, depth
            ):
                kept.append((operands, operator))
        stream.operations = kept

    def _hides(self, operands: Any, resources: Any) -> bool:
        return operands[0] == "/OC" and self._is_off(_entry(resources, "/Properties", operands[1]))

    def _keeps_object(
        self, name: Any, resources: Any, original: Any, writer: PdfWriter, depth: int
    ) -> bool:
        found = _resolved(_entry(original, "/XObject", name))
        if found is None:
            return True
        if self._is_off(found.raw_get("/OC") if "/OC" in found else None):
            return False
        if found.get("/Subtype") == "/Form" and depth < _MAX_DEPTH:
            self._strip_form(_entry(resources, "/XObject", name), found, writer, depth)
        return True

    def _strip_form(self, reference: Any, original: Any, writer: PdfWriter, depth: int) -> None:
        form = _resolved(reference)
        stream = ContentStream(form, writer)
        self._strip(
            stream, form.get("/Resources"), original.get("/Resources"), writer, depth=depth + 1
        )
        if isinstance(form, StreamObject):
            form.set_data(stream.get_data())

    def _is_off(self, group: Any) -> bool:
        """Return whether a group, or a membership of groups, is off (8.11.2.2: `/P`)."""
        found = _resolved(group)
        if found is None:
            return False
        if found.get("/Type") != "/OCMD":
            return getattr(group, "idnum", None) in self._off
        members = found.raw_get("/OCGs") if "/OCGs" in found else None
        if members is None:
            return False
        resolved = _resolved(members)
        groups = list(resolved) if isinstance(resolved, list) else [members]
        off = [getattr(member, "idnum", None) in self._off for member in groups]
        if not off:
            return False
        policy = found.get("/P", "/AnyOn")
        shown = {
            "/AllOn": not any(off),
            "/AnyOff": any(off),
            "/AllOff": all(off),
        }.get(policy, not all(off))
        return not shown


def _groups_off(reader: PdfReader) -> frozenset[int]:
    """Return the object numbers of the groups that are off in the default configuration."""
    properties = _resolved(reader.root_object.get("/OCProperties"))
    if properties is None:
        return frozenset()
    default = _resolved(properties.get("/D")) or {}
    off = {group.idnum for group in _resolved(default.get("/OFF")) or ()}
    if default.get("/BaseState") == "/OFF":
        on = {group.idnum for group in _resolved(default.get("/ON")) or ()}
        off |= {group.idnum for group in _resolved(properties.get("/OCGs")) or ()} - on
    return frozenset(off)


def _entry(resources: Any, category: str, name: Any) -> Any:
    """Return an entry of the resources, unresolved, or None."""
    entries = _resolved((_resolved(resources) or {}).get(category))
    return entries.raw_get(name) if entries is not None and name in entries else None


def _resolved(reference: Any) -> Any:
    return reference.get_object() if hasattr(reference, "get_object") else reference
