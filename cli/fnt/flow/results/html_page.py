"""One page to read and print, which loads nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fnt.flow.results.chapters import iter_chapters
from fnt.flow.results.paragraph_groups import by_paragraph
from fnt.flow.results.result_formats import Sentences
from fnt.output.sanitize import harmless
from fnt.wire.chapters import ChapterCounter

_HEAD: Final = """\
<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.15rem/1.6 Georgia, serif; max-width: 38em; margin: 2em auto; padding: 0 1em }}
h1, h2 {{ line-height: 1.25; break-after: avoid }}
h2 {{ margin-top: 2.5em }}
nav ol {{ padding-left: 1.5em }}
p {{ margin: 0 0 1em; break-inside: avoid }}
p span {{ display: block; padding-left: 1.5em; text-indent: -1.5em }}
@media print {{
  body {{ font-size: 11pt; margin: 0; max-width: none }}
  nav {{ break-after: page }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
"""


def write(sentences: Sentences, target: Path, title: str) -> None:
    """Write the contents, if there are chapters, and the text: a sentence a line."""
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD.format(title=_escaped(title)))
        file.writelines(_contents(sentences))
        file.writelines(_text(sentences))
        file.write("</body>\n</html>\n")


def _contents(sentences: Sentences) -> Iterator[str]:
    chapters = [chapter for chapter in iter_chapters(sentences()) if chapter.heading is not None]
    if not chapters:
        return
    yield '<nav aria-label="Table des matières">\n<ol>\n'
    for chapter in chapters:
        heading = _escaped(chapter.heading or "")
        yield f'<li><a href="#chapter-{chapter.number}">{heading}</a></li>\n'
    yield "</ol>\n</nav>\n"


def _text(sentences: Sentences) -> Iterator[str]:
    counter, last = ChapterCounter(), 0
    for paragraph in by_paragraph(sentences()):
        is_heading = paragraph[0].kind == "heading"
        number = counter.add(chapter=paragraph[0].chapter, is_heading=is_heading)
        anchor = f' id="chapter-{number}"' if number != last and paragraph[0].chapter else ""
        last = number
        if is_heading:
            text = _escaped(" ".join(one.text for one in paragraph))
            yield f"<h2{anchor}>{text}</h2>\n"
        else:
            lines = "".join(f"<span>{_escaped(one.text)}</span>" for one in paragraph)
            yield f"<p{anchor}>{lines}</p>\n"


def _escaped(text: str) -> str:
    return html.escape(" ".join(harmless(text).split()))
