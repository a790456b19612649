"""A plan may leave inputs out of both models, by names that exist."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_index.cli import main
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


def test_the_command_refuses_it_before_it_reads_anything(tmp_path: Path) -> None:
    words = ["fit", str(tmp_path / "nowhere"), "--as-of", "2026-06-30", "--out"]
    done = CliRunner().invoke(main, [*words, str(tmp_path / "fit"), "--without", "capital"])
    assert done.exit_code == 1
    assert "--without: 1 of 1 names are no input of a model, first: ['capital']" in done.stderr
    assert list(tmp_path.iterdir()) == []
