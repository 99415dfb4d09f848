"""Makes PDF files that are mostly well formed and never like a book."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from random import Random

from growth import UNITS

NUMBERS = (
    "0", "1", "-1", "12", "0.05", "600", "800", "14400", "1e9", "-99999", "2147483648", "1e400",
    "99999999999999999999", ".", "--5", "0.0000001", "null", "(x)", "/N", "[]", "1 0 R", "5 0 R",
)  # fmt: skip
MOST_REPEATS = 20_000
FONTS = 6
FORMS = 5
FIRST = 3
"""Number of the first object after catalog and page tree."""

Chooser = Callable[[Random], bytes]


class _File:
    """Objects by number; what has no number yet gets the next."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.objects: dict[int, bytes] = {}
        self._next = FIRST

    def add(self, body: bytes) -> int:
        number = self._next
        self._next += 1
        self.objects[number] = body
        return number

    def add_stream(self, data: bytes, entries: bytes = b"") -> int:
        return self.add(_stream(self.random, data, entries))

    def any_reference(self) -> bytes:
        """Return a reference to an object, often one that does not fit or does not exist."""
        return b"%d 0 R" % self.random.randrange(self._next + 1)


def make_odd_pdf(random: Random) -> bytes:
    """Return a file of one seed."""
    file = _File(random)
    resources = _resources(file)
    pages = [_page(file, resources) for _ in range(random.choice((1, 1, 1, 2, 5, 40)))]
    _page_tree(file, pages)
    layers = _layers(file) if random.random() < 0.4 else b""
    file.objects[1] = b"<</Type/Catalog/Pages 2 0 R%s>>" % layers
    return _written(file)


def number(random: Random, usual: str = "12") -> str:
    return usual if random.random() < 0.75 else random.choice(NUMBERS)


def _box(random: Random) -> bytes:
    usual = ("0", "0", "600", "800")
    return " ".join(number(random, value) for value in usual).encode()


def _page_tree(file: _File, pages: Sequence[int]) -> None:
    """Hang the pages into a flat tree, a deep one, or one that leads back to itself."""
    random = file.random
    kids, count = b" ".join(b"%d 0 R" % page for page in pages), len(pages)
    kind = random.random()
    if kind < 0.1:
        kids += b" 2 0 R"
    elif kind < 0.3:
        for _ in range(random.choice((1, 50, 600, 3000))):
            inner = file.add(b"<</Type/Pages/Count %d/Kids[%s]/Parent 2 0 R>>" % (count, kids))
            kids = b"%d 0 R" % inner
    elif kind < 0.4:
        times = random.choice((2, 100, 4990))
        kids, count = b" ".join([kids] * times), count * times
    said = number(random, str(count)).encode()
    file.objects[2] = b"<</Type/Pages/Count %s/Kids[%s]/MediaBox[0 0 600 800]>>" % (said, kids)


def _page(file: _File, resources: bytes) -> int:
    random = file.random
    content = file.add_stream(_content(random))
    contents = b"%d 0 R" % content
    if random.random() < 0.1:
        contents = b"[%s]" % b" ".join([contents] * random.choice((0, 3, 2000)))
    entries = b"/MediaBox[%s]" % _box(random) if random.random() < 0.4 else b""
    if random.random() < 0.2:
        entries += b"/CropBox[%s]" % _box(random)
    if random.random() < 0.2:
        entries += b"/Rotate %s" % random.choice((b"90", b"-270", b"37", b"1e9", b"null"))
    if random.random() < 0.2:
        entries += b"/UserUnit %s" % number(random).encode()
    return file.add(
        b"<</Type/Page/Parent 2 0 R/Contents %s/Resources %s%s>>" % (contents, resources, entries)
    )


def _resources(file: _File) -> bytes:
    """Return resources whose fonts and forms are odd, and whose forms use each other."""
    random = file.random
    fonts = b"".join(b"/F%d %d 0 R" % (k, _font(file)) for k in range(FONTS))
    shared = b"<</Font<<%s>>" % fonts
    named = b""
    previous = b""
    for k in range(FORMS):
        inner = b"/XObject<<%s>>" % previous
        if random.random() < 0.2:
            inner = b"/XObject<</X0 %s>>" % file.any_reference()
        entries = b"/Type/XObject/Subtype/Form/BBox[%s]/Matrix[%s]/Resources %s%s>>" % (
            _box(random), _matrix(random), shared, inner,
        )  # fmt: skip
        if random.random() < 0.2:
            entries += b"/OC %s" % file.any_reference()
        form = file.add_stream(_content(random), entries)
        previous = b"/X0 %d 0 R/X1 %d 0 R" % (form, form)
        named += b"/X%d %d 0 R" % (k, form)
    groups = b"/Properties<</L0 %s/L1 %s>>" % (file.any_reference(), file.any_reference())
    return b"%s/XObject<<%s>>%s>>" % (shared, named, groups)


def _layers(file: _File) -> bytes:
    """Return groups that are off, groups of groups, and groups that are none."""
    random = file.random
    group = file.add(b"<</Type/OCG/Name(L)>>")
    members = b" ".join(random.choice((b"%d 0 R" % group, file.any_reference())) for _ in range(3))
    member = file.add(b"<</Type/OCMD/OCGs[%s]/P/%s>>" % (
        members, random.choice((b"AllOn", b"AnyOff", b"Odd")),
    ))  # fmt: skip
    file.objects[member] = random.choice((file.objects[member], b"%d 0 R" % member))
    off = random.choice((b"[%d 0 R]" % group, b"[%s]" % members, b"%d 0 R" % member, b"7", b"[7]"))
    state = random.choice((b"", b"/BaseState/OFF", b"/ON[%s]" % members))
    return b"/OCProperties<</OCGs[%s]/D<</OFF %s%s>>>>" % (members, off, state)


def _font(file: _File) -> int:
    random = file.random
    kind = random.randrange(6)
    base = b"<</Type/Font/BaseFont/Times-Roman"
    if kind < 2:
        encoding = random.choice((b"/WinAnsiEncoding", b"/Nothing", file.any_reference(),
            b"<</Differences[0/fi 65/Aacute/uni0041/u1F600 -5/x 300/y]>>"))  # fmt: skip
        return file.add(base + b"/Subtype/Type1/Encoding %s>>" % encoding)
    if kind == 2:
        program = file.add_stream(b"0 0 d0 BT /F0 9 Tf (a) Tj ET /X0 Do")
        return file.add(
            b"<</Type/Font/Subtype/Type3/FontBBox[%s]/FontMatrix[%s]/FirstChar 0/LastChar 255"
            b"/Widths[%s]/Encoding<</Differences[65/a/b]>>/CharProcs<</a %d 0 R/b %s>>>>"
            % (_box(random), _matrix(random), _widths(random), program, file.any_reference())
        )
    if kind == 3:
        font = file.add_stream(random.randbytes(200), b"/Length1 200")
        about = file.add(b"<</Type/FontDescriptor/Flags %s/FontFile2 %d 0 R/FontBBox[%s]>>" % (
            number(random, "4").encode(), font, _box(random),
        ))  # fmt: skip
        return file.add(
            base + b"/Subtype/TrueType/FirstChar %s/LastChar 255/Widths[%s]"
            b"/FontDescriptor %d 0 R>>" % (number(random, "0").encode(), _widths(random), about)
        )
    cmap = file.add_stream(_character_map(random))
    inner = file.add(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)"
        b"/Ordering(Identity)/Supplement 0>>/DW %s/W[0[%s]]>>"
        % (number(random, "500").encode(), _widths(random))
    )
    return file.add(
        b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[%d 0 R]"
        b"/ToUnicode %d 0 R>>" % (inner, cmap)
    )


def _widths(random: Random) -> bytes:
    return " ".join(number(random, "500") for _ in range(random.choice((0, 3, 256)))).encode()


def _character_map(random: Random) -> bytes:
    """Return a map to surrogates, controls, private and unassigned characters, and long texts."""
    targets = ("0041", "D800", "DC00D83D", "0000", "0002", "00AD", "FFFE", "E000", "202E", "00B4",
        "FFFD", "1F600", "", "0041" * 200)  # fmt: skip
    rows = "".join(f"<{code:04x}> <{random.choice(targets)}>\n" for code in range(0, 256, 3))
    ranges = f"<0000> <FFFF> <{random.choice(targets)}>" if random.random() < 0.3 else ""
    return (
        f"begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange "
        f"86 beginbfchar {rows} endbfchar 1 beginbfrange {ranges} endbfrange endcmap"
    ).encode()


def _matrix(random: Random) -> bytes:
    return " ".join(number(random, usual) for usual in ("1", "0", "0", "1", "10", "10")).encode()


def _content(random: Random) -> bytes:
    many = random.choice((1, 3, 10, 60))
    return b"\n".join(_operation(random) for _ in range(many))


def _operation(random: Random) -> bytes:
    kind = random.random()
    if kind < 0.62:
        return _shown_text(random)
    if kind < 0.74:
        return b"/X%d Do " % random.randrange(FORMS) * random.choice((1, 2, 10))
    if kind < 0.8:
        return b"q %s cm" % _matrix(random)
    if kind < 0.86:
        mark = random.choice((b"/OC /L0 BDC", b"/OC /L1 BDC", b"/OC <</X 1>> BDC", b"/A BMC"))
        return mark + b" " + _shown_text(random) + random.choice((b" EMC", b"", b" EMC EMC"))
    if kind < 0.9:
        return b"BI /W %s /H 9 /BPC 8 /CS /G ID abc EI" % number(random).encode()
    odd = (
        b"q" * 500,
        b"Q Q Q",
        b"BT BT ET",
        b"[" * 300,
        b"<<" * 300,
        b"(" * 50,
        b"%",
        b"W n",
        b"0 0 600 800 re W n",
        b"7 Tr",
        b"3 Tr",
        b"/F9 9 Tf",
        b"1 2 3 4 5 6 7 8 9 Tj",
        b"d1",
    )
    return random.choice(odd)


def _shown_text(random: Random) -> bytes:
    """Return text that is long without marks, tiny, huge, repeated in place or spread out."""
    font = b"/F%d %s Tf" % (random.randrange(FONTS), number(random).encode())
    place = b"%s Tm" % _matrix(random) if random.random() < 0.3 else b"%d %d Td" % (
        random.randrange(600), random.randrange(800),
    )  # fmt: skip
    unit = "".join(random.choice(UNITS) for _ in range(random.randrange(1, 4)))
    times = random.choice((1, 1, 5, 5, 60, 60, 1000, MOST_REPEATS // len(unit)))
    shown = _string(random, unit * times)
    line = random.choice((b"%s Tj", b"%s '", b"[%s -2000 (b) 300] TJ", b"(%s) Tj")) % shown
    again = random.choice((1, 1, 1, 3, 300 if times < 60 else 1))
    moves = random.choice((b"", b" 0 -14 Td", b" T*", b" 0.01 0 Td", b" 3 Tr"))
    leading = b"%s TL" % number(random, "14").encode()
    return b"BT %s %s %s %s ET" % (font, leading, place, (line + moves + b" ") * again)


def _string(random: Random, text: str) -> bytes:
    data = text.encode("cp1252", "replace")
    if random.random() < 0.2:
        return b"<%s>" % data.hex().encode()
    return b"(%s)" % data.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _stream(random: Random, data: bytes, entries: bytes = b"") -> bytes:
    """Return a stream behind some filters, or a bomb, with the right length or another."""
    names: list[bytes] = []
    if random.random() < 0.04:
        size = random.choice((1 << 20, 1 << 26, 1 << 28))
        data, names = _bomb(data, size), [b"/FlateDecode"]
    for _ in range(random.choice((0, 0, 1, 1, 2, 30))):
        name, encode = random.choice(_FILTERS)
        data, names = encode(data), [name, *names]
    if random.random() < 0.05:
        names.append(random.choice((b"/Nothing", b"/LZWDecode", b"/DCTDecode", b"/Crypt", b"7")))
    if names:
        entries += b"/Filter[%s]" % b" ".join(names)
    if random.random() < 0.05:
        entries += b"/DecodeParms<</Predictor %s/Columns %s/Colors %s>>" % tuple(
            number(random).encode() for _ in range(3)
        )
    length = number(random, str(len(data))).encode() if random.random() < 0.1 else b"%d" % len(data)
    return b"<</Length %s%s>>stream\n%s\nendstream" % (length, entries, data)


def _bomb(data: bytes, size: int) -> bytes:
    packer = zlib.compressobj(9)
    block = (data + b" ")[:4096] * 16
    packed = b"".join(packer.compress(block) for _ in range(size // len(block)))
    return packed + packer.flush()


def _hex(data: bytes) -> bytes:
    return data.hex().encode() + b">" if len(data) < 1 << 16 else data


_FILTERS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"/FlateDecode", zlib.compress),
    (b"/ASCIIHexDecode", _hex),
)


def _written(file: _File) -> bytes:
    """Return the file with a table, a wrong one, one that leads back to itself, or none."""
    random = file.random
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number_, body in sorted(file.objects.items()):
        places[number_] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number_, body)
    kind = random.random()
    if kind < 0.3:
        return bytes(out) + b"trailer<</Root 1 0 R>>\n%%EOF"
    table_at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (max(places) + 1)
    wrong = random.choice((0, 0, 0, 3))
    for number_ in range(1, max(places) + 1):
        out += b"%010d 00000 n \n" % (places.get(number_, 0) + wrong)
    more = b""
    if kind > 0.8:
        more = random.choice((b"/Prev %d" % table_at, b"/XRefStm %d" % table_at, b"/Prev 1e9",
            b"/Encrypt 3 0 R", b"/Encrypt<</Filter/Standard/V 9/R 9/O()/U()/P 0>>"))  # fmt: skip
    out += b"trailer<</Size %d/Root 1 0 R%s>>\n" % (max(places) + 1, more)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % table_at
