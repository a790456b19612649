"""Public randomness: what may be named, when it is due, and what counts as its revelation."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_index.draw.beacon import (
    Announced,
    announced,
    drand_round,
    drand_round_at,
    is_signature,
    round_due,
    too_early,
)
from risk_index.draw.errors import DrawError
from risk_index.draw.records import moment
from tests.spec.draw_rounds import RANDOMNESS, ROUND, SIGNATURE

DUE = "2026-07-01T20:00:00Z"
FAST = "9391bf57538cf1c0012fabc0d933408d21f785324bcbb4f9850503e5a31e268f6e523e1c1db91ab4bf950752474e1580"
"""Signature of round 5713537 of another drand network (fastnet), from the same documentation."""


def event(form: str) -> Announced:
    return announced("lottery 87 of 2026-07-01, numbers in rising order", form, DUE)


def test_the_recorded_round_holds():
    revealed = drand_round(ROUND).reveal(SIGNATURE)
    assert revealed.randomness.hex() == RANDOMNESS
    assert revealed.value == SIGNATURE
    assert drand_round(ROUND).reveal(f"  {SIGNATURE.upper()}\n") == revealed


@pytest.mark.parametrize("number", [1, ROUND - 1, ROUND + 1, 2**31])
def test_a_signature_is_of_one_round_only(number):
    with pytest.raises(DrawError, match=f"not the signature of drand quicknet round {number}"):
        drand_round(number).reveal(SIGNATURE)


@pytest.mark.parametrize(
    "value",
    [
        FAST,
        "c0" + "00" * 47,  # the point at infinity
        "00" * 48,
        "ff" * 48,
        SIGNATURE[:-2] + "7c",
        "93" + SIGNATURE[2:],  # the same x, the other root: the negative of the signature
    ],
)
def test_other_points_are_no_signature(value):
    assert not is_signature(ROUND, bytes.fromhex(value))
    with pytest.raises(DrawError, match="not the signature"):
        drand_round(ROUND).reveal(value)


@pytest.mark.parametrize("value", ["", RANDOMNESS, SIGNATURE[:-1], SIGNATURE[:-1] + "g", "０" * 96])
def test_what_has_not_the_form_of_a_signature_is_refused(value):
    with pytest.raises(DrawError, match="96 hex digits"):
        drand_round(ROUND).reveal(value)


@given(st.integers(0, 95), st.integers(1, 15))
def test_one_changed_digit_breaks_the_signature(place, step):
    digit = format((int(SIGNATURE[place], 16) + step) % 16, "x")
    assert not is_signature(
        ROUND, bytes.fromhex(SIGNATURE[:place] + digit + SIGNATURE[place + 1 :])
    )


def test_rounds_are_due_every_three_seconds():
    assert round_due(1) == "2023-08-23T15:09:27Z"
    assert round_due(ROUND) == "2023-09-15T11:00:03Z"


@given(st.integers(2, 10**8))
def test_a_time_names_the_first_round_from_then_on(number):
    due = moment(round_due(number), "due")
    second = dt.timedelta(seconds=1)
    assert drand_round_at(due).round == number
    assert drand_round_at(due - second).round == number
    assert drand_round_at(due + second).round == number + 1


def test_before_the_first_round_it_is_the_first():
    assert drand_round_at(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).round == 1


@pytest.mark.parametrize("number", [0, -1, 2**32])
def test_rounds_that_are_none(number):
    with pytest.raises(DrawError, match="does not exist"):
        drand_round(number)


def test_a_round_with_another_time_is_a_problem():
    named = drand_round(ROUND).model_copy(update={"due": DUE})
    assert named.problems() == [f"round {ROUND} is due 2023-09-15T11:00:03Z, not {DUE}"]
    assert drand_round(ROUND).problems() == event("text").problems() == []


@pytest.mark.parametrize(
    ("form", "spellings", "value"),
    [
        (
            "numbers",
            ["03 11 19 24 30 33 + 07", "3,11,19,24,30,33,7", "３ １１ 19 24 30 33; 007"],
            "3 11 19 24 30 33 7",
        ),
        ("numbers", ["000000 123456", "0 123456"], "0 123456"),
        ("hex", ["0xABCDEF0123456789", "abcdef01 23456789\n"], "abcdef0123456789"),
        ("text", ["  red   six\tgreen ", "red six green", "ｒｅｄ six green"], "red six green"),
    ],
)
def test_layout_leaves_nothing_to_choose(form, spellings, value):
    for spelling in spellings:
        revealed = event(form).reveal(spelling)
        assert revealed.value == value
        assert revealed.randomness == sha256(value.encode()).digest()
        assert event(form).reveal(revealed.value) == revealed


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("numbers", "none"),
        ("numbers", "1 2 3 4 5"),
        ("numbers", "000000000000001"),
        ("hex", "abcdef012345678"),
        ("hex", "g" * 20),
        ("hex", ""),
        ("text", "red"),
        ("text", "  \n "),
    ],
)
def test_too_little_or_of_another_form_is_refused(form, value):
    with pytest.raises(DrawError, match=f"not of the announced form '{form}'"):
        event(form).reveal(value)


def test_order_of_numbers_counts():
    assert event("numbers").reveal("12 34 56") != event("numbers").reveal("34 12 56")


def test_an_announcement_says_enough_and_when():
    with pytest.raises(DrawError, match="too short to say what is published, by whom"):
        announced("lottery", "numbers", DUE)
    with pytest.raises(DrawError, match="The announced time is 'tonight'; it is written in UTC"):
        announced("lottery 87 of 2026-07-01, numbers", "numbers", "tonight")


@pytest.mark.parametrize(
    ("committed", "early"),
    [
        ("2026-07-01T19:50:00Z", False),
        ("2026-07-01T19:50:01Z", True),
        ("2026-07-01T20:00:00Z", True),
        ("2026-07-02T00:00:00Z", True),
        ("2025-07-02T00:00:00Z", False),
    ],
)
def test_ten_minutes_lie_between_commit_and_randomness(committed, early):
    assert (too_early(DUE, committed) is not None) is early
