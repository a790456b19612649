"""What officers hold against firms shows where they choose whom to visit, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_index.world import PLANTED, load_world_settings, write_world
from risk_index.world.firms import draw_firms, reviews

STEADY = {"young_log_odds": 0.0, "deterrence_log_odds": 0.0, "theta_yearly_correlation": 1.0}


def _read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A planted world whose truth is the same in every year."""
    out = tmp_path_factory.mktemp("planted") / "world"
    settings = load_world_settings(**{**PLANTED, **STEADY, "change_share": 0.0})
    write_world(out, 6000, 5, settings)
    return out


@pytest.fixture(scope="module")
def seen(world: Path) -> pd.DataFrame:
    """Visits with an outcome, the firm's truth and its attributes."""
    visits = _read(world / "records", "inspections")
    visits = visits[visits.violation.notna()].merge(_read(world, "truth"), on="firm_id")
    visits = visits[visits.likelihood > 0].merge(_read(world, "attributes"), on="firm_id")
    age = load_world_settings().as_of.year - visits.legal_rep_birth_year
    return visits.assign(
        older=age >= load_world_settings().older_rep_age,
        bad=visits.sentiment_score < 0,
        off=visits.violation - visits.likelihood,
    )


@pytest.mark.parametrize("group", ["older", "bad"])
def test_random_visits_find_the_truth_in_every_group(seen: pd.DataFrame, group: str) -> None:
    random = seen[seen.selection == "random"]
    for _, part in random.groupby(group):
        spread = np.sqrt((part.likelihood * (1 - part.likelihood)).sum())
        assert abs(part.off.sum()) < 3.5 * spread


@pytest.mark.parametrize("group", ["older", "bad"])
def test_chosen_visits_cite_the_group_more_than_is_true(seen: pd.DataFrame, group: str) -> None:
    chosen = seen[seen.selection.isin(["routine", "directed"])]
    excess = chosen.groupby(group).off.mean()
    assert excess[True] > excess[False] + 0.08


def test_a_firm_of_neither_group_is_cited_as_is_true(seen: pd.DataFrame) -> None:
    chosen = seen[seen.selection.isin(["routine", "directed"]) & ~seen.older & ~seen.bad]
    spread = np.sqrt((chosen.likelihood * (1 - chosen.likelihood)).sum())
    assert abs(chosen.off.sum()) < 3.5 * spread


def test_capital_goes_with_age_within_a_size_class(world: Path) -> None:
    firms = _read(world / "records", "firms").drop_duplicates("firm_id")
    both = firms.merge(_read(world, "attributes"), on="firm_id", suffixes=("", "_again"))
    micro = both[both.size_class == "micro"]
    older = micro.legal_rep_birth_year <= 1974
    log = np.log(micro.registered_capital.clip(lower=1000))
    assert log[older].mean() < log[~older].mean() - 0.8


def test_complaints_go_with_bad_reviews_and_hardly_with_risk(world: Path) -> None:
    visits = _read(world / "records", "inspections")
    complained = visits[visits.selection == "complaint"].firm_id.value_counts()
    firms = _read(world, "attributes").merge(_read(world, "truth"), on="firm_id")
    firms["complaints"] = firms.firm_id.map(complained).fillna(0)
    reviewed = firms[firms.n_reviews > 0]
    assert reviewed.complaints[reviewed.sentiment_score < 0].mean() > 3 * (
        reviewed.complaints[reviewed.sentiment_score >= 0].mean()
    )
    assert abs(reviewed.complaints.corr(reviewed.likelihood, method="spearman")) < 0.12


def test_what_is_held_against_firms_changes_no_truth(tmp_path: Path) -> None:
    knobs = {**STEADY, "state_leniency": 0.0}
    for name, held in (("none", 0.0), ("much", 2.0)):
        settings = load_world_settings(
            **knobs, older_rep_suspicion=held, bad_reviews_suspicion=held
        )
        write_world(tmp_path / name, 500, 4, settings)
    for name in ("truth", "attributes"):
        same = [_read(tmp_path / world, name) for world in ("none", "much")]
        pd.testing.assert_frame_equal(*same)
    visits = [_read(tmp_path / world / "records", "inspections") for world in ("none", "much")]
    random = [v[(v.selection == "random") & v.violation.notna()].violation.sum() for v in visits]
    chosen = [v[v.selection == "routine"].violation.sum() for v in visits]
    assert abs(random[0] - random[1]) < 30
    assert chosen[1] > 1.3 * chosen[0]


def test_every_planted_knob_is_a_knob_and_off_by_default() -> None:
    default, planted = load_world_settings(), load_world_settings(**PLANTED)
    for name, value in PLANTED.items():
        assert getattr(planted, name) == value
        assert getattr(default, name) != value
    for name in ("older_rep_suspicion", "bad_reviews_suspicion", "rep_age_capital"):
        assert getattr(default, name) == 0
    assert default.complaint_sentiment == 0


def test_reviews_are_those_of_the_attributes(world: Path) -> None:
    settings = load_world_settings(**{**PLANTED, **STEADY, "change_share": 0.0})
    count, score, _ = reviews(draw_firms(settings, 5, 0, 6000), settings, 5, settings.history_years)
    attributes = _read(world, "attributes")
    np.testing.assert_array_equal(attributes.n_reviews, count)
    np.testing.assert_array_equal(attributes.sentiment_score, score)
    assert np.isnan(score[count == 0]).all()
