"""Manipulation: who can move a tier with how many fake events, told by hand on a model of one line."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from risk_index.fairness.burden import Budget
from risk_index.fairness.config import Attack, Thresholds, load_fairness
from risk_index.fairness.lineage import DirectUse
from risk_index.fairness.manipulation import (
    EVERY,
    after_reviews,
    changed,
    manipulations,
    shrunken,
)

N = 1000
LIMITS = Thresholds(
    false_discovery=0.05,
    audits_a_year=4,
    burden_falls=0.02,
    harm_lost=0.01,
    movable_share=0.01,
    least_events=5,
    least_firms=100,
    least_outcomes=100,
)


@dataclass(frozen=True)
class Line:
    """A model that is the exponential of a weighted sum of its columns."""

    weights: dict[str, float]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.exp(sum(w * X[name].to_numpy(float) for name, w in self.weights.items()))


@dataclass(frozen=True)
class Model:
    likelihood: Line
    severity: Line = field(default_factory=lambda: Line({"risk": 0.0}))


def firms() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({
        "risk": rng.normal(size=N), "complaint_visits": 0.0, "employees": rng.gamma(2, 5, N),
        "size_class": rng.integers(1, 5, N), "sector_rate": rng.choice([0.05, 0.1, 0.3], N),
        "sector_harm_seen": 1.0,
    }).astype("float32")  # fmt: skip


def attack(**given: object) -> Attack:
    base = {
        "name": "complaints",
        "title": "complaints",
        "by": "outsider",
        "changes": {"complaint_visits": "add"},
        "amounts": [1, 5, 10, 50],
        "if_failed": "red",
    }
    return Attack.model_validate(base | given)


def tried(weights: dict[str, float], direct: tuple[DirectUse, ...] = (), **given: object):
    (found,) = manipulations(
        [attack(**given)], Model(Line({"risk": 1.0, **weights})), firms(), Budget(), direct, LIMITS
    )
    return found


def up(found, amount: float) -> float:
    return next(r["up"] for r in found.moved if r["amount"] == amount and r["size"] == EVERY)


def test_an_input_that_the_model_lacks_cannot_be_reached() -> None:
    found = tried({})
    assert not found.reachable
    assert found.passed
    assert found.said == "Not reachable: no input of the model moves with complaints."


def test_an_input_without_weight_moves_nobody() -> None:
    found = tried({"complaint_visits": 0.0})
    assert found.reachable
    assert found.passed
    assert up(found, 50) == 0


def test_a_heavy_input_fails_and_more_events_move_more_firms() -> None:
    found = tried({"complaint_visits": 0.05})
    assert not found.passed
    assert up(found, 1) < up(found, 10) < up(found, 50)
    assert "Failed: 5 events or fewer raise the tier of" in found.said


def test_few_events_that_move_one_firm_fail_even_where_ten_move_few() -> None:
    found = tried({"complaint_visits": 0.0008})
    assert 0 < up(found, 5) <= up(found, 10) <= LIMITS.movable_share
    assert not found.passed


def test_least_amounts_add_up_to_those_that_ever_rise() -> None:
    found = tried({"complaint_visits": 0.05})
    everyone = next(row for row in found.least if row["size"] == EVERY)
    shares = [everyone[f"{amount:g}"] for amount in (1, 5, 10, 50)]
    assert sum(shares) == pytest.approx(up(found, 50))
    assert shares[0] == pytest.approx(up(found, 1))


def test_sizes_are_shown_apart_and_cover_everybody() -> None:
    found = tried({"complaint_visits": 0.05})
    parts = [row for row in found.moved if row["amount"] == 1 and row["size"] != EVERY]
    assert [row["size"] for row in parts] == ["micro", "small", "medium", "large"]
    assert sum(row["n"] for row in parts) == N


def test_a_firm_that_states_less_than_it_has_is_whitewashing() -> None:
    given = {"name": "employees", "by": "self", "changes": {"employees": "times"}}
    found = tried({"employees": 0.1}, amounts=[0.1, 2], if_failed="amber", **given)
    assert not found.passed
    assert "could lower their tier through employees" in found.said
    harmless = tried({"employees": 0.0}, amounts=[0.1, 2], if_failed="amber", **given)
    assert harmless.passed


def test_a_function_of_reviews_fails_without_a_trial() -> None:
    use = DirectUse("risk", "sentiment", "function of the attribute", "")
    found = tried({}, (use,), name="fake", changes={}, reads=["sentiment"])
    assert not found.passed
    assert found.inputs == ("risk",)
    other = DirectUse("risk", "region", "function of the attribute", "basis")
    assert tried({}, (other,), name="fake", changes={}, reads=["sentiment"]).passed


def test_what_follows_from_the_attack_and_is_not_moved_by_it_fails() -> None:
    """The trial moves an input without weight; another one follows from the reviews themselves."""
    use = DirectUse("risk", "sentiment", "function of the attribute", "")
    found = tried({"complaint_visits": 0.0}, (use,), reads=["sentiment"])
    assert not found.passed
    assert found.inputs == ("complaint_visits", "risk")
    assert found.said.startswith("Failed: risk follow from sentiment, which anybody can write.")
    assert "Of the others: Passed" in found.said
    assert found.moved
    moved = tried({"complaint_visits": 0.0}, (use,), reads=["sentiment"],
                  changes={"complaint_visits": "add", "risk": {"set": 0}}, by="self")  # fmt: skip
    assert "follow from" not in moved.said


def test_an_outsider_is_not_judged_by_amounts_that_were_not_tried() -> None:
    with pytest.raises(ValueError, match="must hold 10 and one of 5 or fewer"):
        attack(amounts=[20, 50])
    with pytest.raises(ValueError, match="one at least"):
        attack(amounts=[], by="self")


@pytest.mark.parametrize(
    ("how", "amount", "expected"),
    [("add", 5, 7.0), ("times", 0.5, 1.0), ({"set": 30}, 9, 30.0)],
)
def test_changes_of_an_input(how: object, amount: float, expected: float) -> None:
    X = pd.DataFrame({"complaint_visits": [2.0]}, dtype="float32")
    found = changed(X, attack(changes={"complaint_visits": how}), amount)
    assert found.complaint_visits.tolist() == [expected]
    assert X.complaint_visits.tolist() == [2.0]
    assert found.complaint_visits.dtype == "float32"


def test_the_safest_sector_is_taken_whole() -> None:
    X = firms()
    given = {"sector_rate": {"lowest": "sector"}, "sector_harm_seen": {"lowest": "sector"}}
    found = changed(X, attack(changes=given), 1)
    assert found.sector_rate.unique().tolist() == pytest.approx([0.05])
    assert found.drop(columns=["sector_rate", "sector_harm_seen"]).equals(
        X.drop(columns=["sector_rate", "sector_harm_seen"])
    )


def test_attacks_as_shipped_name_inputs_of_the_catalogue() -> None:
    from features.catalogue import in_use

    config = load_fairness()
    named = {name for a in config.manipulation for name in a.changes}
    assert named <= {feature.name for feature in in_use()}
    assert {"complaint_visits", "registered_capital", "employees", "sector_rate"} <= named


# ---- shrunken sentiment --------------------------------------------------------------------------


def test_few_reviews_say_little_and_many_say_what_they_say() -> None:
    few = shrunken(np.array([-1.0]), np.array([1.0]), 0.2, 20)
    many = shrunken(np.array([-1000.0]), np.array([1000.0]), 0.2, 20)
    assert few == pytest.approx([(-1 + 4) / 21])
    assert many == pytest.approx([-0.9765], abs=1e-3)


def test_fake_reviews_move_small_firms_most_and_the_prior_holds_them() -> None:
    honest = np.array([0.5, 0.5, np.nan])
    n = np.array([5.0, 500.0, 0.0])
    before = after_reviews(honest, n, 0, -1.0, 0.2, 20)
    after = after_reviews(honest, n, 10, -1.0, 0.2, 20)
    fall = before - after
    assert fall[0] > 5 * fall[1]
    assert before[2] == pytest.approx(0.2)
    unsteadied = after_reviews(honest, n, 10, -1.0, 0.2, 0.0001)
    assert honest[0] - unsteadied[0] > 2 * fall[0]
