"""A plan may leave inputs out of both models, by names that exist."""

from __future__ import annotations

import pytest

from risk_index.errors import UserError
from risk_index.training import LIKELIHOOD, SEVERITY, Plan


def test_an_input_left_out_is_in_neither_model() -> None:
    plan = Plan(without=("registered_capital", "size_class"))
    for inputs, before in (
        (plan.likelihood_inputs(), LIKELIHOOD),
        (plan.severity_inputs(), SEVERITY),
    ):
        assert not {"registered_capital", "size_class"} & set(inputs)
        assert inputs.items() <= before.items()
        assert len(inputs) == len(before) - 2


def test_without_anything_left_out_the_inputs_are_those_of_the_catalogue() -> None:
    assert Plan().likelihood_inputs() == LIKELIHOOD
    assert Plan().severity_inputs() == SEVERITY


def test_a_name_that_is_no_input_is_refused() -> None:
    with pytest.raises(UserError, match=r"1 of 2 names are no input .*\['capital'\]"):
        Plan(without=("employees", "capital")).likelihood_inputs()
