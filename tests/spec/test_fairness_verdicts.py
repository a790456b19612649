"""Verdicts as a table of what the legs say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risk_index.fairness.earned import NOTHING, Earned
from risk_index.fairness.evidence import (
    Attribute,
    EvidenceError,
    Sample,
    contrasts,
    normal_scores,
)
from risk_index.fairness.strength import Strength
from risk_index.fairness.verdicts import Legs, Verdict, judge

TELLS, SILENT = Strength(0.65, 0.63, 0.07), Strength(0.51, 0.49, 0.0)


def legs(earned=NOTHING, strength=TELLS, joint=None, gap=0.08, error=0.005, discovery=True) -> Legs:
    return Legs(strength, joint, gap, error, discovery, earned, firms=10_000)


def weight(beta, error, ratio=1.0, n=1500, found=200) -> Earned:
    return Earned(beta, error, ratio, n, found)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (legs(weight(0.0, 0.3)), Verdict.RED_CONFIRMED),  # 0 +- 0.49: below 1
        (legs(weight(0.2, 0.6, ratio=2.0)), Verdict.RED_SUSPECTED),  # up to 1.19
        (legs(weight(0.6, 0.6, ratio=0.5)), Verdict.RED_SUSPECTED),
        (legs(weight(0.6, 0.6, ratio=0.3)), Verdict.AMBER),  # odds of 3 do not outweigh 0.3
        (legs(weight(0.0, 0.95, ratio=0.9)), Verdict.AMBER),  # outcomes say next to nothing
        (legs(weight(0.0, 0.95, ratio=1.1)), Verdict.RED_SUSPECTED),
        (legs(weight(0.2, 0.6, ratio=2.0, found=99)), Verdict.AMBER),  # suspicion needs 100
        (legs(weight(0.0, 0.3, found=99)), Verdict.RED_CONFIRMED),  # proof does not
        (legs(NOTHING), Verdict.AMBER),
        (legs(weight(1.0, 0.2, ratio=0.0)), Verdict.DISPARATE),
        (legs(weight(0.4, 0.2, ratio=0.4)), Verdict.DISPARATE),  # earns a part for certain
        (legs(weight(0.0, 0.3), discovery=False), Verdict.INFO),
        (legs(weight(0.0, 0.3), strength=SILENT), Verdict.INFO),
        (legs(weight(0.0, 0.3), strength=SILENT, joint=TELLS), Verdict.RED_CONFIRMED),
        (legs(strength=SILENT, gap=0.0, discovery=False), Verdict.NONE),
        (
            legs(strength=Strength(0.51, 0.44, 0), gap=0.0, error=0.05, discovery=False),
            Verdict.AMBER,
        ),
        (legs(strength=SILENT, gap=0.0, error=0.05, discovery=False), Verdict.NONE),
    ],
)
def test_verdict(given, verdict):
    assert judge(given).verdict is verdict


def test_only_red_stops_a_release():
    assert {v for v in Verdict if v.red} == {Verdict.RED_CONFIRMED, Verdict.RED_SUSPECTED}


def test_amber_says_how_many_draws_would_settle_it():
    """6.18 x 0.95^2 x 1,500 = 8,370 draws tell a weight of 0 from one of 1."""
    said = judge(legs(weight(0.0, 0.95, ratio=0.9)))
    assert said.draws_needed == pytest.approx(8370, abs=5)
    assert said.verdict is Verdict.AMBER


def test_too_few_firms_is_never_clean():
    """A gap known to 0.05 needs (1.96 x 0.05 / 0.02)^2 times the firms to be known to 0.02."""
    said = judge(legs(strength=Strength(0.51, 0.44, 0), gap=0.0, error=0.05, discovery=False))
    assert said.firms_needed == np.ceil(10_000 * 4.9**2)


def test_overweight_is_said():
    assert "more than it earns" in judge(legs(weight(0.5, 0.15))).reason
    assert "what it earns" in judge(legs(weight(0.9, 0.15))).reason


class TestContrasts:
    def test_each_watched_level_against_all_others(self):
        values = np.array(["a"] * 3 + ["b"] * 4 + [None] * 2 + ["c"], dtype=object)
        found = contrasts(Attribute("who", "categorical", values, ("b",)), least=2)
        assert [c.name for c in found] == ["who=b"]
        assert found[0].a[:7].tolist() == [0, 0, 0, 1, 1, 1, 1]
        assert np.isnan(found[0].a[7:9]).all()

    def test_small_groups_are_left_out(self):
        values = np.array(["a"] * 5 + ["b"] * 5 + ["c"], dtype=object)
        found = contrasts(Attribute("who", "categorical", values), least=2)
        assert [c.level for c in found] == ["a", "b"]
        assert contrasts(Attribute("x", "binary", np.array([1.0, 0, 0, 0]), (1,)), least=2) == []

    @pytest.mark.parametrize(("adverse", "sign"), [((1,), 1), ((0,), -1), ((), 0)])
    def test_binary_direction(self, adverse, sign):
        attribute = Attribute("x", "binary", np.array([0.0, 1, 0, 1]), adverse)
        assert contrasts(attribute, least=1)[0].sign == sign

    @pytest.mark.parametrize(("adverse", "sign"), [((1,), 1), ((-1,), -1), ((), 0)])
    def test_number_direction(self, adverse, sign):
        attribute = Attribute("x", "continuous", np.arange(9.0), adverse)
        assert contrasts(attribute)[0].sign == sign

    def test_a_number_is_scored_by_rank_two_deviations_a_unit(self):
        scores = normal_scores(np.r_[np.exp(np.random.default_rng(1).normal(size=4000)), np.nan])
        assert np.isnan(scores[-1])
        assert np.nanstd(scores) == pytest.approx(0.5, abs=0.01)
        assert len(normal_scores(np.ones(5))) == 0

    def test_taking_rows(self):
        attribute = Attribute("x", "binary", np.array([0.0, 1, 0, 1]), (1,))
        assert contrasts(attribute.take(np.array([True, True, False, False])), 1)[0].a.tolist() == [
            0,
            1,
        ]


class TestSample:
    def make(self, **changed) -> Sample:
        X = pd.DataFrame({"x": np.zeros(3, np.float32)})
        given = {
            "X": X,
            "margin": np.zeros(3),
            "phi": X.astype(float),
            "base": 0.0,
            "likelihood": np.full(3, 0.5),
            "drawn": np.array([True, True, False]),
            "violation": np.array([1.0, 0.0, np.nan]),
            "weight": np.array([1.0, 2.0, np.nan]),
        }
        return Sample(**(given | changed))

    def test_rows_are_taken_in_the_order_asked_for(self):
        taken = self.make(margin=np.arange(3.0)).take(np.array([2, 0]))
        assert taken.margin.tolist() == [2, 0]
        assert taken.drawn.tolist() == [False, True]
        assert taken.inputs == ["x"]

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"margin": np.zeros(2)}, r"margin has shape \(2,\), but X has 3 rows"),
            (
                {"violation": np.array([1.0, 2, np.nan])},
                "violation must be 0 or 1 where drawn: 1 of 2",
            ),
            ({"violation": np.array([1.0, 0, 1])}, "violation must be NaN where not drawn"),
            (
                {"weight": np.array([0.0, 1, np.nan])},
                "weight must be finite and above 0 where drawn",
            ),
            ({"likelihood": np.array([0.5, 1.5, 0])}, "likelihood must be between 0 and 1"),
            ({"margin": np.array([0.0, np.inf, 0])}, "margin must be finite"),
            ({"phi": pd.DataFrame({"y": np.zeros(3)})}, "phi must have the rows and columns of X"),
        ],
    )
    def test_what_is_refused(self, changed, said):
        with pytest.raises(EvidenceError, match=said):
            self.make(**changed)
