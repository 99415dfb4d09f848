"""Small PDF files written byte by byte: valid, quick to make, of one kind each."""

from __future__ import annotations

import re
import textwrap
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from pypdf import PdfWriter

TEXT = """\
Le vieux passeur détacha la barque, qui dansait sur l’eau grise, et regarda longtemps l’autre rive.

— Vous venez de loin ? demanda-t-il.

La femme ne répondit pas ; elle serrait contre elle une lampe éteinte, et le vent, qui montait de \
la mer avec la nuit, soulevait son châle."""

LINE_CHARS = 68
LINES_A_PAGE = 44


def make_pdf(*, pages: int = 1, text: str = TEXT) -> bytes:
    """Return a PDF with the same text on each page; the text must fit one page and cp1252."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>"
    return _document(
        _text_commands(text), pages=pages, resources=b"<</Font<</F1 3 0 R>>>>", extra=font
    )


def make_scan_pdf(*, pages: int = 1) -> bytes:
    """Return a PDF like a scanner's: an image on each page and no text."""
    image = _stream(
        b"/Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8",
        b"\xff\xc0\xc0\xff",
    )
    return _document(
        b"595 0 0 842 0 0 cm /I1 Do",
        pages=pages,
        resources=b"<</XObject<</I1 3 0 R>>>>",
        extra=image,
    )


def make_encrypted_pdf(*, pages: int = 1, user_password: str = "secret") -> bytes:
    """Return a PDF that opens with the password alone; an empty one opens without asking."""
    writer = PdfWriter(clone_from=BytesIO(make_pdf(pages=pages)))
    writer.encrypt(user_password=user_password, owner_password="owner", algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def make_bomb() -> bytes:
    """Return a small PDF whose one page draws 10^9 letters, one form inside another."""
    forms = 9
    objects = [
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
        "2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 595 842]>>endobj",
        "3 0 obj<</Type/Page/Parent 2 0 R/Contents 9 0 R"
        "/Resources<</XObject<</X 10 0 R>>>>>>endobj",
        "4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>endobj",
        "9 0 obj<</Length 5>>stream\n/X Do\nendstream endobj",
    ]
    for number in range(10, 10 + forms):
        resources = f"/XObject<</X {number + 1} 0 R>>/Font<</F 4 0 R>>"
        drawn = "/X Do " * 10 if number < 9 + forms else "BT /F 9 Tf (a) Tj ET " * 10
        objects.append(
            f"{number} 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 595 842]"
            f"/Resources<<{resources}>>/Length {len(drawn)}>>stream\n{drawn}\nendstream endobj"
        )
    return ("%PDF-1.4\n" + "\n".join(objects) + "\ntrailer<</Root 1 0 R>>\n%%EOF").encode()


def make_long_line() -> bytes:
    """Return 1.4 KB of PDF: a line of a million dots after a few words."""
    drawn = b"BT /F 0.05 Tf 10 800 Td (Il vint la nuit) Tj " + (b"(%s) Tj " % (b"." * 31250)) * 32
    content = zlib.compress(drawn + b"ET", 9)
    return b"\n".join(
        [
            b"%PDF-1.4",
            b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj",
            b"2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 14400 842]>>endobj",
            b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R"
            b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>>>>>>>endobj",
            b"4 0 obj<</Filter/FlateDecode/Length %d>>stream" % len(content),
            content,
            b"endstream endobj",
            b"trailer<</Root 1 0 R>>",
            b"%%EOF",
        ]
    )


def write_large_pdf(path: Path, *, size_bytes: int) -> Path:
    """Write a PDF of one page, with a large stream that no page uses added to its end."""
    page = make_pdf()
    begins = re.search(rb"startxref\n(\d+)", page)
    assert begins
    number = page.count(b" 0 obj") + 1
    with path.open("wb") as file:
        file.write(page)
        file.write(b"%d 0 obj\n<</Length %d>>stream\n" % (number, size_bytes))
        for _ in range(size_bytes // 1_000_000):
            file.write(b"0" * 1_000_000)
        file.write(b"\nendstream\nendobj\n")
        table_at = file.tell()
        file.write(b"xref\n%d 1\n%010d 00000 n \n" % (number, len(page)))
        trailer = b"trailer\n<</Size %d/Root 1 0 R/Prev %s>>\n"
        file.write(trailer % (number + 1, begins[1]))
        file.write(b"startxref\n%d\n%%%%EOF\n" % table_at)
    return path


def make_page_pdf(
    content: str,
    *,
    page: str = "/MediaBox[0 0 600 800]",
    resources: str = "",
    fonts: str = "",
    catalog: str = "",
    pages: str = "",
    extra: Sequence[tuple[str, str | None]] = (),
) -> bytes:
    """Return a PDF of one page with this content, and entries added to its dictionaries.

    Font /F is Times. `extra` are objects from number 6 on: entries, and the data of a stream.
    """
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>"
    added = [
        f"<<{entries}>>".encode()
        if data is None
        else _stream(entries.encode(), data.encode("cp1252"))
        for entries, data in extra
    ]
    return _file(
        [
            f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode(),
            f"<</Type/Pages/Count 1/Kids[5 0 R]{pages}>>".encode(),
            font,
            _stream(b"", content.encode("cp1252")),
            f"<</Type/Page/Parent 2 0 R/Contents 4 0 R{page}"
            f"/Resources<</Font<</F 3 0 R{fonts}>>{resources}>>>>".encode(),
            *added,
        ]
    )


def _text_commands(text: str) -> bytes:
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        lines += textwrap.wrap(
            " ".join(paragraph.split()), LINE_CHARS, initial_indent="   ", break_on_hyphens=False
        )
    if len(lines) > LINES_A_PAGE:
        raise ValueError(f"the text has {len(lines)} lines, a page {LINES_A_PAGE}")
    shown = b"".join(b"(" + _escaped(line) + b") ' " for line in lines)
    return b"BT /F1 12 Tf 16 TL 72 780 Td " + shown + b"ET"


def _escaped(line: str) -> bytes:
    escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return escaped.encode("cp1252")


def _document(content: bytes, *, pages: int, resources: bytes, extra: bytes) -> bytes:
    """Build a file of equal pages; object 3 is what the resources refer to, 4 the content."""
    kids = b" ".join(b"%d 0 R" % (5 + number) for number in range(pages))
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"
    tree = b"<</Type/Pages/Count %d/MediaBox[0 0 595 842]/Resources %s/Kids[%s]>>"
    return _file(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            tree % (pages, resources, kids),
            extra,
            _stream(b"", content),
            *[page] * pages,
        ]
    )


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def _file(objects: Sequence[bytes]) -> bytes:
    """Number the objects from 1, the catalog first, and add the table of their offsets."""
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table_at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % table_at
    return bytes(out)
