"""Examples: one set of rows, checked at the door."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.examples import (
    Examples,
    ExamplesError,
    MissingColumns,
    NotEnoughLabels,
    matrix,
    require_labels,
)


@pytest.fixture
def four() -> Examples:
    as_of = np.array(["2024-01-01", "2024-01-01", "2024-02-01", "2024-02-01"], "datetime64[D]")
    return Examples(
        X=pd.DataFrame({"a": [1, 2, 3, 4], "b": [0, np.nan, 0, 1]}, dtype="float32"),
        violation=np.array([0, 1, 1, 0], "int8"),
        harm=np.array([np.nan, 3.0, np.nan, np.nan]),
        weight=np.array([1.0, 2.0, 1.0, 1.0]),
        as_of=as_of,
        known_on=as_of + np.timedelta64(10, "D"),
        controller=np.array([7, 7, 8, 9], "int64"),
    )


def test_take_by_mask_and_by_position_agree(four: Examples) -> None:
    mask = np.array([False, True, False, True])
    by_mask, by_position = four.take(mask), four.take(np.array([1, 3]))
    assert by_mask.controller.tolist() == by_position.controller.tolist() == [7, 9]
    assert by_mask.X["a"].tolist() == by_position.X["a"].tolist() == [2.0, 4.0]
    assert len(by_mask) == 2


def test_take_keeps_the_order_asked_for(four: Examples) -> None:
    assert four.take(np.array([3, 0])).X["a"].tolist() == [4.0, 1.0]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("weight", np.ones(3), r"weight has shape \(3,\), but X has 4 rows"),
        ("weight", pd.Series(np.ones(4)), "weight is a Series: give a NumPy array"),
        ("weight", np.array([1.0, 0.0, 1.0, 1.0]), "weight must be finite and above 0: 1 of 4"),
        ("weight", np.array([1.0, np.nan, np.inf, 1.0]), "weight must be finite .*: 2 of 4"),
        ("violation", np.array([0, 1, 2, 0], "int8"), "violation must be 0 or 1: 1 of 4 .*2"),
        ("violation", np.array([0, 1, 1, 0]), "violation is int64: give int8"),
        ("harm", np.array([1.0, 3.0, np.nan, np.nan]), "harm must be NaN where violation is 0"),
        ("harm", np.array([np.nan, -3.0, np.nan, np.nan]), "harm must be finite and not negative"),
        ("harm", np.array([np.nan, np.inf, np.nan, np.nan]), "harm must be finite"),
        ("as_of", np.full(4, "NaT", "datetime64[D]"), "as_of must be a day: 4 of 4"),
        ("as_of", np.full(4, "2025-01-01", "datetime64[D]"), "known_on must not be before"),
        ("as_of", np.full(4, "2024-01-01", "datetime64[ns]"), "give datetime64.D."),
        ("X", pd.DataFrame({"a": np.arange(4.0)}), r"not float32, first: \['a \(float64\)'\]"),
        ("X", pd.DataFrame({"a": np.full(4, np.inf, "float32")}), r"infinite .* first: \['a'\]"),
        ("X", pd.DataFrame(np.zeros((4, 2), "float32"), columns=["a", "a"]), "a column twice"),
    ],
)
def test_refusals_name_the_field_and_the_rule(
    four: Examples, field: str, value: object, says: str
) -> None:
    with pytest.raises(ExamplesError, match=says):
        replace(four, **{field: value})


@pytest.mark.parametrize(("rows", "found"), [(49, 20), (200, 9), (200, 191), (0, 0)])
def test_too_few_labels_are_refused_with_counts(rows: int, found: int) -> None:
    violation = np.zeros(rows, "int8")
    violation[:found] = 1
    with pytest.raises(NotEnoughLabels, match=f"{rows} inspected rows, {found} with a violation"):
        require_labels(violation)


def test_fifty_labels_with_ten_of_each_are_enough() -> None:
    assert require_labels(np.array([1] * 10 + [0] * 40, "int8")) is None


def test_matrix_follows_the_order_asked_for_and_names_what_is_missing(four: Examples) -> None:
    assert matrix(four.X, ["b", "a"])[3].tolist() == [1.0, 4.0]
    with pytest.raises(MissingColumns, match=r"lacks 2 of the model's 3 columns.*'c', 'd'"):
        matrix(four.X, ["c", "a", "d"])
