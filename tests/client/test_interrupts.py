"""An interrupt stays an interrupt, whatever the interrupted code makes of it."""

from __future__ import annotations

import pytest

from fnt.interrupts import Terminated, interrupts_kept


def interrupted_library() -> None:
    try:
        raise Terminated
    finally:
        raise RuntimeError("release unlocked lock")


def test_an_interrupt_that_became_another_error_is_raised_again() -> None:
    with pytest.raises(Terminated) as raised, interrupts_kept():
        interrupted_library()

    assert str(raised.value.__cause__) == "release unlocked lock"


def test_an_error_without_an_interrupt_is_left_alone() -> None:
    with pytest.raises(RuntimeError), interrupts_kept():
        raise RuntimeError("a bug") from ValueError()


def test_an_interrupt_that_was_given_another_name_is_left_alone() -> None:
    with pytest.raises(TimeoutError), interrupts_kept():
        try:
            raise Terminated
        except Terminated:
            raise TimeoutError from None
