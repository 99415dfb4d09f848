from __future__ import annotations

import pytest

from fnt_server.pipeline.text.typography import plain


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("« Où est-il\u202f?\u202f»", '"Où est-il ?"'),
        ("— L’été… – oui", "- L'été... - oui"),
        ("“peut‑être”", '"peut-être"'),
        ("déjà", "déjà"),
    ],
)
def test_plain(printed: str, typed: str) -> None:
    assert plain(printed) == typed
