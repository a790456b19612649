"""A batch is made while the one before is scored: in order, with its errors, and nothing outlives the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from risk_index.scoring import ahead


def test_all_items_come_in_their_order() -> None:
    assert list(ahead(iter("abc"))) == ["a", "b", "c"]
    assert list(ahead(iter(()))) == []


def test_the_next_item_is_made_before_it_is_asked_for() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    found = ahead(items())
    assert next(found) == 1
    assert made.wait(10)
    assert list(found) == [2]


def test_an_error_comes_where_its_item_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no space left")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(OSError, match="no space left"):
        next(found)


def test_what_is_broken_off_has_ended_its_thread() -> None:
    def items() -> Iterator[int]:
        yield from range(9)

    before = threading.active_count()
    with closing(ahead(items())) as found:
        assert next(found) == 0
        assert threading.active_count() > before
    assert threading.active_count() == before
