"""Text to read: a sentence a line, a blank line between paragraphs, headings set apart."""

from __future__ import annotations

from pathlib import Path

from fnt.flow.results.paragraph_groups import by_paragraph
from fnt.flow.results.result_formats import Sentences


def write(sentences: Sentences, target: Path, _title: str) -> None:
    """Write the text: two blank lines stand before a heading."""
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for index, paragraph in enumerate(by_paragraph(sentences())):
            if index:
                file.write("\n\n" if paragraph[0].kind == "heading" else "\n")
            file.writelines(" ".join(one.text.split()) + "\n" for one in paragraph)
