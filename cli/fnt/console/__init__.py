"""The terminal: its streams, what they can show, and `clean()` for text from elsewhere."""

from fnt.console.modes import ColorMode, OutputFormat, wants_color
from fnt.console.terminal import Terminal
from fnt.console.text import clean

__all__ = ["ColorMode", "OutputFormat", "Terminal", "clean", "wants_color"]
