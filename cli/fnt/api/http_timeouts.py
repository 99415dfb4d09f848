"""Timeouts of HTTP requests."""

from __future__ import annotations

import httpx

TIMEOUT = httpx.Timeout(connect=5, read=15, write=15, pool=5)
"""Without progress."""
UPLOAD_TIMEOUT = httpx.Timeout(connect=5, read=60, write=30, pool=5)
"""Of a request that sends a file."""
REFRESH_TIMEOUT = httpx.Timeout(3)
"""Of the renewal of a login, which others wait for."""
MAX_ANSWER_S = 180.0
"""For the whole body of a response that is not a result."""
SLOW_WINDOW_S = 30.0
"""Of waiting for an answer; time in which nobody reads does not count."""
SLOW_WINDOW_BYTES = 8 * 1024
"""The least that must arrive in each window, once an answer has begun and until it ends."""
SIGNAL_CHECK_S = 0.5
"""Longest blocking read, and so the longest that Ctrl-C can go unnoticed."""
