"""In worlds of known truth the audit flags what burdens a group and spares what does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.fairness.grid import ROOMS, sources
from benchmarks.fairness.measured import audited
from benchmarks.fairness.rates import at_equal_recall, cell_table, false_alarms, share
from benchmarks.fairness.report import gates
from benchmarks.fairness.truth import burden_ratio, effects, learn
from benchmarks.fairness.worlds import KINDS, Cell, make

SEEDS = (5001, 5002)  # neither of tuning nor of the table


@pytest.fixture(scope="module")
def strong() -> pd.DataFrame:
    """Strong bias, strong proxies, 1,500 draws."""
    kinds = ("additive", "joint", "missingness", "reporting")
    return pd.concat([audited(Cell(k, 0.8, 1.5, 0.3, 1500), seed) for k in kinds for seed in SEEDS])


def test_planted_proxies_are_flagged(strong):
    proxies = strong[strong["proxy"]]
    assert len(proxies) >= 8
    assert proxies["red"].mean() >= 0.8


def test_what_does_not_burden_is_spared(strong):
    innocent = strong[
        strong["input"].str.contains("noise|risk") | (strong["attribute"] == "placebo")
    ]
    assert not innocent["red"].any()
    legit = strong[(strong["input"] == "legit") & (strong["attribute"] == "group")]
    assert legit["red"].sum() <= 1
    assert (legit["verdict"] == "legitimate but disparate").sum() >= 5


def test_no_proxy_is_called_clean_on_few_draws():
    """With 300 draws nothing is proven; a proxy must read AMBER or suspected, never none."""
    rows = pd.concat([audited(Cell("additive", 0.8, 1.5, 0.3, 300), seed) for seed in SEEDS])
    proxies = rows[rows["proxy"]]
    assert len(proxies) == 2
    assert set(proxies["verdict"]) <= {"AMBER", "RED-suspected", "RED-confirmed"}
    assert (proxies["needed"][proxies["verdict"] == "AMBER"] > 300).all()


def test_a_mediator_is_legitimate_but_disparate():
    rows = audited(Cell("mediator", 0.4, 1.0, 0.3, 5000), SEEDS[0]).set_index(
        ["attribute", "input"]
    )
    assert rows.loc[("group", "mediator"), "verdict"] == "legitimate but disparate"
    assert not rows.loc[("group", "mediator"), "proxy"]


def test_without_bias_the_group_is_not_burdened():
    world = make(Cell("additive", 0.0, 0.0, 0.0, 1500), SEEDS[0])
    ratio = burden_ratio(world.risk, world.group, world.risk)
    assert ratio == pytest.approx(1, abs=0.01)


def test_dropping_the_proxy_takes_the_burden_away():
    world = make(Cell("additive", 0.8, 1.5, 0.3, 1500), SEEDS[0])
    booster = learn(world, list(world.X))
    true = effects(world, ["proxy", "legit", "noise0"], booster)
    assert true["proxy"].burden > 0.08
    assert true["proxy"].proxy
    assert true["legit"].capture > 0.03
    assert not true["legit"].proxy
    assert abs(true["noise0"].burden) < 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_worlds_are_reproducible_and_their_risk_knows_no_group(kind):
    cell = Cell(kind, 0.8, 1.0, 0.0, 300)
    one, other = make(cell, 1), make(cell, 1)
    pd.testing.assert_frame_equal(one.X, other.X)
    assert np.array_equal(one.recorded, other.recorded)
    gap = one.risk[one.group == 1].mean() - one.risk[one.group == 0].mean()
    if kind == "mediator":
        assert gap > 0.02
    else:
        assert abs(gap) < 0.01
    assert one.drawn.sum() == 300
    assert np.isnan(one.violation[~one.drawn]).all()


class TestTables:
    def rows(self) -> pd.DataFrame:
        """One world: two proxies, one flagged; one noise input flagged."""
        frame = pd.DataFrame(
            {
                "input": ["proxy", "joint_a", "noise0", "legit"],
                "proxy": [True, True, False, False],
                "red": [True, False, True, False],
                "verdict": ["RED-confirmed", "AMBER", "RED-suspected", "legitimate but disparate"],
                "correlation": [0.5, 0.3, 0.1, 0.4],
                "shap_gap": [0.5, 0.1, 0.0, 0.6],
                "gap": [0.5, 0.1, 0.0, 0.6],
                "discovery": [True, True, False, True],
                "equal_treatment": [0.0, 0.0, 0.0, 0.0],
            }
        )
        return frame.assign(
            aequitas=frame["correlation"], attribute="group", kind="additive", bias=0.8,
            strength=1.0, legit=0.3, n_rand=1500, seed=1,
        )  # fmt: skip

    def test_shares_carry_wilsons_interval(self):
        assert share(9, 10) == "0.90 (0.60-0.98)"
        assert share(0, 0) == "-"

    def test_cells(self):
        line = cell_table(self.rows(), ["kind"]).iloc[0]
        assert line["precision"].startswith("0.50")
        assert line["recall"].startswith("0.50")
        assert line["AMBER"].startswith("0.50")

    def test_false_alarms(self):
        line = false_alarms(self.rows(), ["bias"]).iloc[0]
        assert line["any noise input"].startswith("1.00")
        assert line["legitimate factor"].startswith("0.00")

    def test_rivals_are_cut_at_our_recall(self):
        table = at_equal_recall(self.rows()).set_index("rule")
        correlation = table.loc["correlation with the attribute"]
        assert correlation["recall"].startswith("0.50")
        assert correlation["precision"].startswith("1.00")
        assert table.loc["SHAP gap between the groups", "precision"].startswith("0.50")

    def test_a_gate_not_met_is_said(self):
        lines = [gate.line() for gate in gates(self.rows())]
        assert lines[0][""] == "NOT MET"
        assert lines[4][""] == "met"


def test_kept_rows_belong_to_the_code_that_made_them(tmp_path: Path) -> None:
    """A change of any module of the legs or the worlds gives another name to what is kept."""
    rooms = [shutil.copytree(room, tmp_path / room.parent.name / room.name) for room in ROOMS]
    assert sources(rooms) == sources()
    for room, module in zip(rooms, ("worlds.py", "verdicts.py"), strict=True):
        before = sources(rooms)
        with (room / module).open("a", encoding="utf-8") as stream:
            stream.write("# changed\n")
        assert sources(rooms) != before
