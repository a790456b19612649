"""Draw, inspect, estimate, fit again: what visits found comes back with the chance of the visit.

A small world is ranked, two rounds are drawn and visited by its truth, and their visits join the records.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from features.records import open_records
from models.selection import fitting_weights
from risk_index.cli import main
from risk_index.settings import load_sectors, load_settings
from risk_index.training import TrainingSet, training_set
from risk_index.world import load_world_settings, write_world
from tests.truth.world_inspections import records_with, visit

pytestmark = pytest.mark.slow
FIRMS, VISITS, SEED = 2500, 300, 5
RANKED_ON, REFITTED_ON = dt.date(2025, 6, 30), dt.date(2026, 1, 15)
ROUNDS = {
    "0001": (dt.date(2025, 7, 1), dt.date(2025, 9, 30)),
    "0002": (dt.date(2025, 10, 1), dt.date(2025, 12, 31)),
}
SETTINGS = f"""
grid_months: 6
history_years: 3
group_folds: 2
refits: 0
capacity_per_round: {VISITS}
max_inspections_per_year: 4
floor_per_year: 0.08
exponent: 1.5
"""


@dataclass(frozen=True)
class Trip:
    """A world before and after two rounds."""

    truth: pd.DataFrame
    frames: dict[str, pd.DataFrame]
    visits: pd.DataFrame
    estimates: pd.DataFrame
    later: TrainingSet
    earlier: TrainingSet
    refitted: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """The firms that both rounds could have drawn."""
        return self.frames["0001"].merge(self.frames["0002"][["firm_id"]], on="firm_id")


def call(*words: object) -> None:
    """Run a command that must succeed."""
    done = CliRunner(catch_exceptions=False).invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.stderr


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Trip:
    """Rank, commit, draw and visit twice; then estimate and fit again, by the commands alone."""
    folder = tmp_path_factory.mktemp("trip")
    world = load_world_settings().model_copy(update={"as_of": RANKED_ON})
    write_world(folder / "world", FIRMS, SEED, world)
    truth = pd.read_parquet(folder / "world" / "truth.parquet")
    settings = folder / "settings.yaml"
    settings.write_text(SETTINGS, encoding="utf-8")
    records = folder / "world" / "records"
    learn(records, RANKED_ON, folder / "fit", settings)
    rng, visits, frames = np.random.default_rng(SEED), [], {}
    for name, (start, end) in ROUNDS.items():
        frames[name] = draw(records, start, folder, name, settings)
        drawn = pd.read_csv(folder / "draws" / name / "drawn.csv", dtype={"firm_id": str})
        visits.append(visit(drawn, truth, start, end, rng, name, missing=0.05))
        records = records_with(records, visits[-1], folder / f"after-{name}")
    told = folder / "estimates.csv"
    windows = [
        word
        for name, (start, end) in ROUNDS.items()
        for word in ("--draw", folder / "draws" / name, "--from", start, "--to", end)
    ]
    call("estimate", records, *windows, "--as-of", REFITTED_ON, "--out", told)
    learn(records, REFITTED_ON, folder / "refit", settings)
    call("rank", records, "--as-of", REFITTED_ON, "--model", folder / "refit", "--out",
         folder / "again.csv", "--settings", settings)  # fmt: skip
    return Trip(
        truth,
        frames,
        pd.concat(visits, ignore_index=True),
        pd.read_csv(told, dtype={"round": str, "value": str}, keep_default_na=True).fillna(
            {"note": ""}
        ),
        examples(records, REFITTED_ON, settings),
        examples(records, RANKED_ON, settings),
        pd.read_csv(folder / "again.csv", dtype={"firm_id": str}, encoding="utf-8-sig"),
    )


def learn(records: Path, as_of: dt.date, out: Path, settings: Path) -> None:
    """Fit."""
    call("fit", records, "--as-of", as_of, "--out", out, "--settings", settings)


def draw(records: Path, start: dt.date, folder: Path, name: str, settings: Path) -> pd.DataFrame:
    """Rank with what is known the day before the round, commit, and draw; return the frame."""
    ranked = folder / f"ranked-{name}.csv"
    call("rank", records, "--as-of", start - dt.timedelta(days=1), "--model", folder / "fit",
         "--out", ranked, "--settings", settings)  # fmt: skip
    secret = folder / "secret"
    secret.write_text("ab" * 32, encoding="utf-8")
    due = f"{start}T08:00:00Z"
    call("draw", "commit", ranked.with_suffix(".frame.csv"), "--ledger", folder / "draws",
         "--round", name, "--announced", "numbers of the lottery", "--announced-at", due,
         "--secret", secret, "--committed-at", f"{start - dt.timedelta(days=1)}T08:00:00Z")  # fmt: skip
    call("draw", "run", folder / "draws" / name, "--randomness", "03 11 17 23 30 31 07")
    call("draw", "verify", folder / "draws", "--at", f"{start}T09:00:00Z")
    return pd.read_csv(ranked.with_suffix(".frame.csv"), dtype={"firm_id": str})


def examples(records: Path, as_of: dt.date, settings: Path) -> TrainingSet:
    """Return what a fit learns from."""
    chosen = load_settings(as_of, settings)
    with open_records(records, today=REFITTED_ON) as opened:
        return training_set(opened, as_of, chosen.plan, chosen.law, load_sectors())


def test_both_rounds_are_found_again_whole(trip: Trip) -> None:
    told = trip.estimates
    every = told[(told.scope == "all") & (told.arm == "both") & (told.quantity == "violation rate")]
    each = every[every.estimator == "Hajek"].set_index("round")
    assert each.loc["all", "n_planned"] == 2 * VISITS
    assert each.loc[["0001", "0002"], "n_visited"].tolist() == [VISITS, VISITS]
    assert each.loc["all", "n_outcome"] == trip.visits.violation.notna().sum() < 2 * VISITS
    assert each.loc["all", "n_firms"] == len(trip.frame)


@pytest.mark.parametrize("estimator", ["Horvitz-Thompson", "Hajek", "difference"])
@pytest.mark.parametrize("arm", ["both", "floor"])
def test_estimates_meet_the_truth_that_visits_alone_miss(
    trip: Trip, estimator: str, arm: str
) -> None:
    truth = trip.truth[trip.truth.firm_id.isin(trip.frame.firm_id)]
    told = trip.estimates[
        (trip.estimates.scope == "all")
        & (trip.estimates["round"] == "all")
        & (trip.estimates.arm == arm)
    ]
    for quantity, true in (
        ("violation rate", truth.likelihood.mean()),
        ("harm per firm", truth.expected_harm.mean()),
    ):
        row = told[(told.quantity == quantity) & (told.estimator == estimator)].iloc[0]
        if row.note.startswith("insufficient data"):
            assert (arm, quantity) == ("floor", "harm per firm")
            continue
        assert abs(row.estimate - true) < 4 * row.standard_error
    naive = trip.estimates.query("estimator == 'naive' and quantity == 'harm per firm'")
    naive = naive[(naive.scope == "all") & (naive["round"] == "all") & (naive.arm == "both")]
    known = trip.visits[trip.visits.violation.notna()]
    assert naive.estimate.item() == pytest.approx(known.harm.mean(), rel=1e-5)
    chances = pd.concat(trip.frames.values()).merge(truth, on="firm_id", suffixes=("", "_true"))
    expected = np.average(chances.expected_harm_true, weights=chances.probability_ppb)
    print(f"expected {expected / truth.expected_harm.mean():.3f} x the mean")
    assert expected > 1.1 * truth.expected_harm.mean()  # whatever single harms came out


def test_the_next_fit_learns_from_every_outcome_with_its_chance(trip: Trip) -> None:
    """Every judged visit of the rounds that is a firm's next one is an example; its chance is the draw's."""
    learnt = trip.later.labels
    ours = learnt[learnt.inspection_id.str.startswith("000")]
    judged = trip.visits[trip.visits.violation.notna()]
    first = judged.sort_values("inspected_on").drop_duplicates("firm_id")
    assert set(ours.inspection_id) <= set(judged.inspection_id)
    assert len(set(ours.inspection_id)) > 0.9 * len(first)
    firm = trip.visits.set_index("inspection_id").firm_id
    for name, frame in trip.frames.items():
        rows = ours[ours.inspection_id.str.startswith(name)]
        committed = frame.set_index("firm_id").probability_ppb / 1e9
        assert rows.inclusion_probability.to_numpy() == pytest.approx(
            committed[firm[rows.inspection_id]].to_numpy(), abs=1e-12
        )


def test_rarely_drawn_firms_weigh_more_in_the_next_fit(trip: Trip) -> None:
    labels_, examples = trip.later.labels, trip.later.examples
    ours = labels_.inspection_id.str.startswith("000").to_numpy()
    shared = labels_.groupby("inspection_id").inspection_id.transform("size").to_numpy()
    weight, pi = (examples.weight * shared)[ours], labels_.inclusion_probability.to_numpy()[ours]
    design = labels_.inclusion_probability.to_numpy(float)
    none = np.full(len(design), np.nan)
    assert weight == pytest.approx(fitting_weights(design, none, examples.as_of)[ours])
    untrimmed = weight < weight.max() * (1 - 1e-9)
    assert untrimmed.sum() > 0.5 * ours.sum()
    product = weight[untrimmed] * pi[untrimmed]
    assert product == pytest.approx(product[0])


def test_the_next_fit_orders_firms_by_their_true_risk(trip: Trip) -> None:
    both = trip.refitted.merge(trip.truth, on="firm_id", suffixes=("", "_true"))
    assert both.likelihood.corr(both.likelihood_true, method="spearman") > 0.4
    assert both.expected_harm.corr(both.expected_harm_true, method="spearman") > 0.6


def test_a_fit_on_the_day_of_the_ranking_knows_nothing_of_the_rounds(trip: Trip) -> None:
    assert not trip.earlier.labels.inspection_id.str.startswith("000").any()
    assert len(trip.later.examples) > len(trip.earlier.examples)
