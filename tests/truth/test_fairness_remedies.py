"""A registry whose officers held age against firms: found, remedied, and paid for with next to no harm.

Age has no effect on violations. Officers cite older representatives more often where they choose whom to
visit; random draws do not. Capital goes with age and with nothing else; experience goes with age and
does bear on violations.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from models.examples import Examples
from models.fitted import FittedModel
from models.folds import later_folds
from models.likelihood import fit_likelihood
from models.severity import fit_severity
from models.trees import TreeSettings
from risk_index.fairness.burden import Budget, equal_mass, ratio
from risk_index.fairness.case import Case, Firms, open_case
from risk_index.fairness.config import Thresholds, load_fairness
from risk_index.fairness.counterfactuals import Effect, Remedies, cheapest
from risk_index.fairness.evidence import Attribute, contrasts
from risk_index.fairness.flags import (
    AMBER,
    DISPARATE,
    RED_CONFIRMED,
    RED_SUSPECTED,
    Flag,
    Remedy,
)
from risk_index.fairness.groups import (
    BURDEN,
    CAPTURE,
    COVERAGE,
    HIGH_SAID,
    INTERCEPT,
    LOW_SAID,
    RATE,
    SAID,
    SLOPE,
    outcomes,
)
from risk_index.fairness.legs import exempted, flags_of, looks_of, settled
from risk_index.fairness.trials import dropped, watched
from risk_index.training import Calendar, TrainingSet

N, HELD_AGAINST = 9000, 1.2
DAY = np.datetime64("2026-06-30")
SETTINGS = TreeSettings(learning_rate=0.1, num_leaves=8, max_depth=4, num_threads=1)
DIRECTIONS = {"risk": 1, "capital": 0, "experience": 0, "hazard": 0, "noise": 0}
LIMITS = load_fairness().thresholds(dt.date(2026, 6, 30))
LEAST = LIMITS.least_firms


@dataclass(frozen=True)
class Known:
    """A case with what is true of its rows."""

    case: Case
    model: FittedModel
    older: np.ndarray
    age: Attribute
    chance: np.ndarray


def _true_chance(X: pd.DataFrame) -> np.ndarray:
    odds = -2.1 + 0.8 * X.risk - 0.4 * X.experience
    return 1 / (1 + np.exp(-odds.to_numpy(float)))


def _firms(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    older = rng.random(N) < 0.35
    X = pd.DataFrame({
        "risk": rng.normal(size=N), "capital": rng.normal(size=N) - 1.5 * older,
        "experience": rng.normal(size=N) + 0.5 * older, "hazard": rng.random(N),
        "noise": rng.normal(size=N),
    }).astype("float32")  # fmt: skip
    return X, older


def _training(X: pd.DataFrame, older: np.ndarray, rng: np.random.Generator) -> TrainingSet:
    """Every firm is visited once: half by a draw of known chance, half by officers' choice."""
    random = rng.random(N) < 0.5
    odds = np.log(_true_chance(X) / (1 - _true_chance(X))) + HELD_AGAINST * (older & ~random)
    violation = (rng.random(N) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    harm = np.exp(2 * X.hazard.to_numpy(float)) * rng.lognormal(-0.125, 0.5, N)
    as_of = DAY - rng.integers(100, 1400, N).astype("timedelta64[D]")
    examples = Examples(
        X=X,
        violation=violation,
        harm=np.where(violation == 1, harm, np.nan),
        weight=np.ones(N),
        as_of=as_of,
        known_on=as_of + np.timedelta64(30, "D"),
        controller=np.arange(N),
    )
    labels = pd.DataFrame({
        "firm_key": np.arange(N), "inspection_id": [f"V{n}" for n in range(N)],
        "selection": np.where(random, "random", "directed"),
        "inclusion_probability": np.where(random, 0.05, np.nan),
    })  # fmt: skip
    day = dt.date(2026, 6, 30)
    return TrainingSet(examples, labels, Calendar(day, (day,), 365, 200, day))


@pytest.fixture(scope="module")
def known() -> Known:
    rng = np.random.default_rng(7)
    X, older = _firms(rng)
    training = _training(X, older, rng)
    folds = later_folds(training.examples, DAY - np.timedelta64(400, "D"), 30, 3, seed=0)
    likelihood = fit_likelihood(training.examples, DIRECTIONS, folds, SETTINGS, 0)
    severity = fit_severity(training.examples, {"hazard": 1, "noise": 0}, folds, SETTINGS, 0)
    model = FittedModel(likelihood, severity)
    firms = Firms(X, np.arange(N), np.arange(N))
    case = open_case(training, firms, model, Budget(), seed=3)
    of_rows = older[case.firms.firm_key]
    values = np.where(of_rows, "older", "younger").astype(object)
    age = Attribute("age", "categorical", values, ("older",))
    return Known(case, model, of_rows, age, _true_chance(case.firms.X))


@pytest.fixture(scope="module")
def effects(known: Known) -> list[Effect]:
    return Remedies(known.case, LIMITS).tried("capital", contrasts(known.age)[0])


def test_rows_are_the_draws_and_then_the_registry(known: Known) -> None:
    case = known.case
    assert (case.drawn == ~case.registry).all()
    assert case.registry.sum() == N
    assert 0.45 * N < case.drawn.sum() < 0.55 * N
    assert np.isfinite(case.sample.violation[case.drawn]).all()
    assert (case.sample.weight[case.drawn] == 20).all()
    explained = case.sample.base + case.sample.phi.sum(axis=1)
    np.testing.assert_allclose(explained, case.sample.margin, atol=1e-9)
    assert np.corrcoef(known.model.likelihood.margin(case.firms.X), case.sample.margin)[0, 1] > 0.95


def test_the_honest_risk_is_nearer_to_the_truth_than_the_release(known: Known) -> None:
    rows, older = known.case.registry, known.older
    gap = {}
    for name, said in (("honest", known.case.risk), ("release", known.case.sample.likelihood)):
        off = np.log(said / known.chance)[rows]
        gap[name] = off[older[rows]].mean() - off[~older[rows]].mean()
    assert gap["release"] > 0.2
    assert abs(gap["honest"]) < 0.5 * gap["release"]


def test_capital_is_flagged_for_age_and_what_earns_its_weight_is_not(known: Known) -> None:
    flags = {flag.input: flag for flag in flags_of(known.case, [known.age], 0.05, LEAST)}
    assert flags["capital"].verdict in (RED_CONFIRMED, RED_SUSPECTED)
    assert {"F1", "F2", "F4"} <= set(flags["capital"].legs)
    assert flags["capital"].gap.value > 0.1
    assert flags["capital"].null_band < 0.05
    for name in ("risk", "experience", "hazard", "noise"):
        assert not flags[name].red, flags[name]


def _drawn_often(known: Known, n: int, times: int) -> Case:
    """Return a case in which each of n firms was drawn several times and stands in the registry."""
    case = known.case
    firms = np.flatnonzero(case.registry)[:n]
    rows = np.r_[np.tile(firms, times), firms]
    drawn = np.arange(len(rows)) < times * n
    chance = known.chance[rows]
    found = (np.random.default_rng(5).random(len(rows)) < chance).astype(float)
    blank = {
        "drawn": np.zeros(len(case.sample), bool),
        "violation": np.full(len(case.sample), np.nan),
    }
    sample = replace(case.sample, **blank).take(rows)
    sample = replace(
        sample, drawn=drawn, violation=np.where(drawn, found, np.nan), weight=np.where(drawn, 20.0, np.nan)
    )  # fmt: skip
    return replace(case, sample=sample, registry=~drawn, firms=case.firms.take(rows))


def test_a_firm_drawn_often_counts_once_and_tells_no_placebo(known: Known) -> None:
    """A group drawn by lot, the same in all five rows of a firm: inputs tell firms, not the group."""
    n, times = 2000, 4
    case = _drawn_often(known, n, times)
    rng = np.random.default_rng(11)
    lots = [np.where(rng.random(n) < 0.4, "in", "out").astype(object) for _ in range(20)]
    placebos = [
        Attribute(f"lot {k}", "categorical", np.tile(lot, times + 1), ("in",))
        for k, lot in enumerate(lots)
    ]
    flags = flags_of(case, placebos, 0.05, LEAST)
    assert len(flags) >= 100
    assert {flag.n for flag in flags} == {n}
    assert np.mean(["F1" in flag.legs for flag in flags]) <= 0.05
    assert not any("F2" in flag.legs for flag in flags)
    assert not any(flag.red for flag in flags)


def test_groups_below_the_least_number_of_the_settings_are_left_out(known: Known) -> None:
    older = int((known.older & known.case.registry).sum())
    assert flags_of(known.case, [known.age], 0.05, older)
    assert flags_of(known.case, [known.age], 0.05, older + 1) == []
    assert looks_of(known.case, [known.age], older + 1) == []


def test_draws_are_judged_by_controller(known: Known) -> None:
    """Draws of one owner count together: with few owners a weight is less sure."""
    few = replace(known.case.sample, controller=known.case.firms.controller % 40)
    alone = replace(known.case.sample, controller=None)
    error = {}
    for name, sample in (("each", known.case.sample), ("few", few), ("none", alone)):
        flags = flags_of(replace(known.case, sample=sample), [known.age], 0.05, LEAST)
        (capital,) = [flag for flag in flags if flag.input == "capital"]
        error[name] = capital.weight.high - capital.weight.value
    assert error["each"] == pytest.approx(error["none"], rel=1e-4)
    assert error["few"] != pytest.approx(error["each"], rel=1e-3)


def test_pointers_name_the_input_that_moves_with_age(known: Known) -> None:
    (look,) = looks_of(known.case, [known.age], LEAST)
    assert look.look
    assert look.most_input == "capital"
    assert look.load > 0.02
    assert look.treatment_auc > 0.6


def test_without_the_input_the_burden_is_even_and_no_harm_is_missed(
    known: Known, effects: list[Effect]
) -> None:
    (dropped,) = [effect for effect in effects if effect.kind == "drop"]
    assert dropped.before.value > 1.1
    assert dropped.before.low > 1.05
    assert 0.96 < dropped.after.value < 1.04
    assert dropped.harm_lost < 0.01
    assert dropped.works
    assert 0.5 < dropped.overlap < 1
    assert 0 < dropped.tiers_changed < 0.3


def test_the_burden_is_that_at_equal_true_risk(known: Known, effects: list[Effect]) -> None:
    """The audit knows no truth; the truth, where it is known, agrees."""
    case, rows = known.case, known.case.registry
    stratum = equal_mass((known.chance * case.severity)[rows], n=20)
    frequency = case.frequencies(case.sample.likelihood)[rows]
    everyone = np.ones(rows.sum(), bool)
    true = ratio(
        frequency, known.older[rows], everyone, stratum, 1 - known.chance[rows], np.arange(N), 0
    )
    assert effects[0].before.value == pytest.approx(true.value, abs=0.05)


def test_the_cheapest_remedy_is_one_that_works_without_the_attribute(
    effects: list[Effect],
) -> None:
    best = cheapest(effects)
    assert best is not None
    assert best.works
    assert not best.needs_attribute
    assert {e.kind for e in effects} >= {"capped", "drop", "one direction", "residualised"}
    assert [e.needs_attribute for e in effects if e.kind == "residualised"] == [True]


def test_leaving_out_what_earns_its_weight_is_no_remedy(known: Known) -> None:
    (age,) = contrasts(known.age)
    remedies = Remedies(known.case, LIMITS)
    tried = remedies.effect(dropped(known.case, ("risk",)), age)
    assert tried.harm_lost > 0.05
    assert not tried.works
    assert cheapest([tried]) is None


def test_a_group_that_carries_less_than_its_part_needs_no_remedy(known: Known) -> None:
    """The younger gain from the same input: leaving it out is no relief for them."""
    values = np.where(known.older, "older", "younger").astype(object)
    (younger,) = contrasts(Attribute("age", "categorical", values, ("younger",)))
    effects = Remedies(known.case, LIMITS).tried("capital", younger)
    assert effects[0].before.value < 0.95
    assert not any(effect.works for effect in effects)
    assert not any(effect.kind == "drop with stand-ins" for effect in effects)
    assert cheapest(effects) is None


def test_a_suspected_flag_is_confirmed_by_a_remedy_that_works(effects: list[Effect]) -> None:
    flag = Flag(input="capital", attribute="age", group="older", verdict=RED_SUSPECTED)
    assert settled(flag).verdict == RED_SUSPECTED
    tried = flag.model_copy(update={"remedies": tuple(Remedy.of(e) for e in effects)})
    assert settled(tried).verdict == RED_CONFIRMED
    assert "F5" in settled(tried).legs


def test_the_adverse_group_of_a_number_is_its_upper_half_or_the_end_named() -> None:
    values = np.arange(1000.0)
    (high,) = contrasts(Attribute("n", "continuous", values, (1,)))
    (low,) = contrasts(Attribute("n", "continuous", values, (-1,)))
    assert watched(high)[0].sum() == 500
    assert watched(high)[0][-1]
    assert watched(low)[0][0]
    assert not (watched(high)[0] & watched(low)[0]).any()


def test_without_random_draws_the_audit_says_that_it_cannot_tell(known: Known) -> None:
    rng = np.random.default_rng(7)
    X, older = _firms(rng)
    training = _training(X, older, rng)
    chosen = training.labels.assign(selection="directed", inclusion_probability=np.nan)
    blind = TrainingSet(training.examples, chosen, training.calendar)
    case = open_case(blind, Firms(X, np.arange(N), np.arange(N)), known.model, Budget(), seed=3)
    assert not case.drawn.any()
    assert "strata of risk are those of the model itself" in case.notes[0]
    age = Attribute("age", "categorical", np.where(older, "older", "younger").astype(object))
    (flag,) = flags_of(case, [age], 0.05, LEAST)
    assert flag.verdict == AMBER
    assert flag.said.startswith("Inconclusive: the random draw has 0 outcomes")
    effect = Remedies(case, LIMITS).tried("capital", contrasts(age)[0])[0]
    assert np.isnan(effect.drawn_lost)
    table = outcomes(case, known.model, [age], LIMITS)
    assert table.value.isna().all()


def test_an_exempt_input_is_disparate_and_never_red(known: Known) -> None:
    config = load_fairness()
    base = Flag(input="size_class", attribute="size", group="micro", verdict=RED_CONFIRMED)
    assert exempted(base, config).verdict == DISPARATE
    assert "State Council Order 746" in exempted(base, config).said
    block = base.model_copy(update={"input": "employees + size_class"})
    assert exempted(block, config).verdict == DISPARATE
    wider = base.model_copy(update={"input": "registered_capital + size_class"})
    assert exempted(wider, config).red
    other = base.model_copy(update={"attribute": "legal_rep_age"})
    assert exempted(other, config).red


# ---- outcomes by group ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_group(known: Known) -> pd.DataFrame:
    values = known.age.values.copy()
    values[known.case.firms.firm_key % 10 == 0] = None
    values[known.case.firms.firm_key % 101 == 0] = "few"
    age = Attribute("age", "categorical", values)
    table = outcomes(known.case, known.model, [age], LIMITS)
    return table.set_index(["group", "measure"])


def test_random_draws_show_that_older_firms_are_said_more_than_is_found(
    by_group: pd.DataFrame,
) -> None:
    for group in ("older", "younger"):
        rate, said = by_group.loc[(group, RATE)], by_group.loc[(group, SAID)]
        assert rate.low < rate.value < rate.high
        assert rate.n_eff > 300
        assert by_group.loc[(group, LOW_SAID)].value <= said.value
        assert said.value <= by_group.loc[(group, HIGH_SAID)].value
    older, younger = (
        by_group.loc[(g, SAID)].value / by_group.loc[(g, RATE)].value for g in ("older", "younger")
    )
    assert older > 1.1 * younger
    assert by_group.loc[("older", INTERCEPT)].value < by_group.loc[("younger", INTERCEPT)].value


def test_every_measure_is_there_with_its_interval(by_group: pd.DataFrame) -> None:
    shown = by_group.loc["older"]
    assert set(shown.index) == {
        BURDEN, RATE, SAID, LOW_SAID, HIGH_SAID, SLOPE, INTERCEPT, CAPTURE, COVERAGE,
    }  # fmt: skip
    assert (shown.low <= shown.value).all()
    assert (shown.value <= shown.high).all()
    assert shown.loc[BURDEN].value > 1.1
    assert 0.8 < shown.loc[COVERAGE].value < 0.98
    assert shown.loc[CAPTURE].value > 1


def test_unknown_firms_are_a_group_of_their_own_and_few_firms_are_not_shown(
    by_group: pd.DataFrame,
) -> None:
    assert by_group.loc[("unknown", RATE)].n > 300
    few = by_group.loc["few"]
    assert few.value.isna().all()
    assert "firms of the registry, 100 needed" in few.note.iloc[0]


def test_few_draws_are_insufficient_data(known: Known) -> None:
    more = LIMITS.model_copy(update={"least_outcomes": 100_000})
    table = outcomes(known.case, known.model, [known.age], Thresholds(**more.model_dump()))
    assert table.value.isna().all()
    assert table.note.str.startswith("insufficient data:").all()
