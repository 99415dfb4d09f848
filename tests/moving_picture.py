"""Frames of a terminal as one SVG that moves, and shows the last frame where nothing may move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.style import Style
from rich.terminal_theme import MONOKAI, TerminalTheme

FONT_PX, CELL_PX, LINE_PX = 14.0, 8.4, 19.0
PADDING_PX, BAR_PX = 16.0, 34.0
APART_S = 0.25
"""Frames closer to the one before are left out, to keep the picture small."""
HOLD_S = 5.0
"""How long the last frame stays."""
BUTTONS = ("#ff5f57", "#febc2e", "#28c840")

Row = Sequence[tuple[str, Style]]
"""The runs of one style in a line of a terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a terminal shows from a moment on, in seconds."""

    at_s: float
    rows: Sequence[Row]


def thinned(frames: Sequence[Frame]) -> list[Frame]:
    """Return frames that differ and stand apart; the first and the last in any case."""
    kept = [frames[0]]
    for frame in frames[1:-1]:
        if frame.at_s - kept[-1].at_s >= APART_S and frame.rows != kept[-1].rows:
            kept.append(frame)
    return [*kept, frames[-1]]


def moving_svg(
    frames: Sequence[Frame], *, columns: int, alt: str, theme: TerminalTheme = MONOKAI
) -> str:
    """Draw frames as a strip that is moved behind a window, one frame at a time."""
    lines: dict[str, int] = {}
    height = max(len(frame.rows) for frame in frames) * LINE_PX
    strip = [_frame(frame, number * height, lines, theme) for number, frame in enumerate(frames)]
    drawn = [f'<g id="l{number}">{line}</g>' for line, number in lines.items()]
    width = columns * CELL_PX
    outer_width, outer_height = width + 2 * PADDING_PX, height + BAR_PX + PADDING_PX
    buttons = [
        f'<circle cx="{20 + 20 * number}" cy="17" r="6" fill="{color}"/>'
        for number, color in enumerate(BUTTONS)
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {outer_width:.0f} '
        f'{outer_height:.0f}" role="img" aria-label="{escape(alt)}">',
        f"<title>{escape(alt)}</title>",
        _style_sheet(frames, height, theme),
        f"<defs>{''.join(drawn)}</defs>",
        f'<rect width="100%" height="100%" rx="8" fill="{theme.background_color.hex}"/>',
        *buttons,
        f'<svg x="{PADDING_PX}" y="{BAR_PX}" width="{width:.0f}" height="{height:.0f}">',
        f'<g class="strip" transform="translate(0 {-(len(frames) - 1) * height:.0f})">',
        *strip,
        "</g></svg></svg>",
    ]) + "\n"  # fmt: skip


def _style_sheet(frames: Sequence[Frame], height: float, theme: TerminalTheme) -> str:
    start, total = frames[0].at_s, frames[-1].at_s - frames[0].at_s + HOLD_S
    steps = [
        f"{100 * (frame.at_s - start) / total:.2f}%"
        f"{{transform:translateY({-number * height:.0f}px)}}"
        for number, frame in enumerate(frames)
    ]
    return (
        "<style>text{white-space:pre}"
        f".strip{{font:{FONT_PX:.0f}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',"
        f"monospace;fill:{theme.foreground_color.hex};"
        f"animation:strip {total:.1f}s step-end infinite}}"
        f"@keyframes strip{{{''.join(steps)}}}"
        "@media (prefers-reduced-motion:reduce){.strip{animation:none}}</style>"
    )


def _frame(frame: Frame, top: float, lines: dict[str, int], theme: TerminalTheme) -> str:
    uses = []
    for number, row in enumerate(frame.rows):
        if drawn := _line(row, theme):
            line = lines.setdefault(drawn, len(lines))
            uses.append(f'<use href="#l{line}" y="{top + number * LINE_PX + FONT_PX:.0f}"/>')
    return "".join(uses)


def _line(row: Row, theme: TerminalTheme) -> str:
    """Draw the runs of a line; each has its exact width, whatever the font."""
    drawn, column = [], 0
    for text, style in row:
        if shown := text.strip():
            x = (column + text.index(shown[0])) * CELL_PX
            width = len(shown) * CELL_PX
            drawn.append(
                f'<text x="{x:.1f}" textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"'
                f"{_attributes(style, theme)}>{escape(shown)}</text>"
            )
        column += len(text)
    return "".join(drawn)


def _attributes(style: Style, theme: TerminalTheme) -> str:
    color = "" if style.color is None else f' fill="{style.color.get_truecolor(theme).hex}"'
    return color + (' font-weight="bold"' if style.bold else "")
