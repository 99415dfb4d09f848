"""Commands look at the same few files again and again."""

from looks import look_once

__all__ = ["look_once"]
