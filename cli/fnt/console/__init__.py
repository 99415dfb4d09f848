"""The terminal: its streams, what they can show, and `clean()` for text from elsewhere."""

from fnt.output.modes import ColorMode, OutputFormat, wants_color
from fnt.output.sanitize import clean
from fnt.output.terminal import Terminal

__all__ = ["ColorMode", "OutputFormat", "Terminal", "clean", "wants_color"]
