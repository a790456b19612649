"""The synthetic registry: what is recorded follows from the truth, and says nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest
from stdnum.cn import uscc

from features.records import open_records
from features.schema import BY_NAME
from risk_index.world import EVENT_TABLES, load_world_settings, write_world
from risk_index.world.firms import draw_firms, log_odds, severity, year_start
from risk_index.world.history import cited, reporting_rates, strictness

AS_OF = dt.date(2026, 6, 30)
NO_TREND = {"young_log_odds": 0.0, "deterrence_log_odds": 0.0}
"""Without these the mean likelihood is the same in every year, though each firm's theta moves."""


def _with(settings, table, **changes):
    """Settings with columns of a table of knobs set to one value in all rows."""
    rows = tuple(row.model_copy(update=changes) for row in getattr(settings, table))
    return settings.model_copy(update={table: rows})


def _hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def _read(folder, name):
    return pd.read_parquet(folder / f"{name}.parquet")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A world of 3,000 firms by the settings as they stand."""
    out = tmp_path_factory.mktemp("world") / "default"
    write_world(out, 3000, 11, load_world_settings())
    return out


@pytest.fixture(scope="module")
def records(world):
    return {name: _read(world / "records", name) for name in BY_NAME}


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    """A world where no firm's likelihood moves: last year's visits show next year's truth.

    Inspectors differ as by default; nearly all firms are drawn at random each year.
    """
    settings = load_world_settings(
        theta_yearly_correlation=1.0, change_share=0.0, harm_missing=0.0, **NO_TREND
    )
    out = tmp_path_factory.mktemp("world") / "steady"
    write_world(out, 3000, 12, _with(settings, "sizes", random_share=0.95))
    return out


def _last_year(folder):
    """Random visits with an outcome in the year before as_of, with the firm's truth."""
    visits = _read(folder / "records", "inspections")
    recent = pd.to_datetime(visits.inspected_on) >= "2025-07-01"
    visits = visits[recent & (visits.selection == "random") & visits.violation.notna()]
    return visits.merge(_read(folder, "truth"), on="firm_id")


# ---- the truth shows in the records --------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_visits_find_violations_at_the_true_rate(tmp_path, seed):
    settings = _with(load_world_settings(**NO_TREND), "sizes", random_share=0.95)
    write_world(tmp_path / "w", 2000, seed, settings)
    seen = _last_year(tmp_path / "w")
    spread = np.sqrt((seen.likelihood * (1 - seen.likelihood)).sum())
    assert len(seen) > 1500
    assert abs((seen.violation - seen.likelihood).sum()) < 3 * spread


def test_random_visits_are_calibrated_in_every_fifth_of_true_likelihood(steady):
    seen = _last_year(steady)
    seen["fifth"] = pd.qcut(seen.likelihood, 5, labels=False)
    for _, part in seen.groupby("fifth"):
        spread = np.sqrt((part.likelihood * (1 - part.likelihood)).sum())
        assert abs((part.violation - part.likelihood).sum()) < 3.3 * spread


def test_harm_found_has_the_severity_as_its_mean(steady):
    visits = _read(steady / "records", "inspections").merge(_read(steady, "truth"), on="firm_id")
    ratio = (visits.harm / visits.severity)[visits.violation == 1]
    assert len(ratio) > 2000
    assert abs(ratio.mean() - 1) < 3 * ratio.std() / np.sqrt(len(ratio))


def test_no_harm_without_violation(records):
    visits = records["inspections"]
    assert (visits.harm[visits.violation == 0] == 0).all()
    assert (visits.harm[visits.violation == 1].dropna() > 0).all()
    assert visits.harm[visits.violation.isna()].isna().all()


def test_base_rate_and_shares_of_visits_are_as_announced(world):
    truth = _read(world, "truth")
    firms = truth[truth.likelihood > 0]
    assert 0.10 <= firms.likelihood.mean() <= 0.15
    visits = _read(world / "records", "inspections")
    random = visits[visits.selection == "random"]
    assert random.inclusion_probability.between(0.04, 0.09).all()
    assert visits[visits.selection != "random"].inclusion_probability.isna().all()


def test_truth_multiplies_and_closed_firms_do_no_harm(world, records):
    truth = _read(world, "truth")
    np.testing.assert_allclose(truth.expected_harm, truth.likelihood * truth.severity)
    closed = set(records["firms"].dropna(subset="closed_on").firm_id)
    assert closed
    assert (truth.set_index("firm_id").likelihood[list(closed)] == 0).all()


def test_an_inspector_finds_at_the_true_chance_on_average():
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    for odds in np.linspace(-5, 2, 15):
        mean = (weights * cited(odds, 0.4 * nodes, 0.4)).sum() / weights.sum()
        assert mean == pytest.approx(1 / (1 + np.exp(-odds)), abs=2e-3)


def test_strictness_averages_out_in_every_region():
    settings = load_world_settings()
    strict = strictness(settings, 5)
    np.testing.assert_allclose(strict.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(strict.std(axis=1), settings.inspector_sd)


# ---- who is on record is another matter ----------------------------------------------------------


def _penalties_per_likelihood(folder):
    """Recorded penalties over true likelihood, by reporting rate of the region."""
    truth = _read(folder, "truth")
    count = _read(folder / "records", "penalties").firm_id.value_counts()
    truth["penalties"] = truth.firm_id.map(count).fillna(0)
    sums = truth.groupby("reporting_rate")[["penalties", "likelihood"]].sum()
    return sums.penalties / sums.likelihood


def test_regions_that_report_well_have_more_penalties_at_equal_likelihood(steady):
    rate = _penalties_per_likelihood(steady)
    assert rate[rate.index >= 0.75].mean() > 2.5 * rate[rate.index <= 0.2].mean()


def test_state_owned_firms_are_left_out_where_leniency_is_full(tmp_path):
    settings = _with(load_world_settings(state_leniency=1.0), "sizes", state_share=0.5)
    write_world(tmp_path / "w", 1000, 3, settings)
    owner = _read(tmp_path / "w", "attributes").set_index("firm_id").ownership
    penalties = _read(tmp_path / "w" / "records", "penalties")
    assert len(penalties) > 50
    assert "state" not in set(owner[penalties.firm_id])


def test_link_audits_estimate_the_reporting_rates(records):
    settings = load_world_settings()
    last = records["sources"].sort_values("recorded_on").groupby(["region", "source"]).last()
    pairs = [(r.code, s.name) for r in settings.regions for s in settings.sources]
    audited, true = last.loc[pairs], reporting_rates(settings).ravel()
    tolerance = 4 * np.sqrt(true * (1 - true) / audited.n_checked) + 1 / audited.n_checked
    assert (abs(audited.reporting_rate - true) < tolerance).all()


def test_the_legacy_policy_visits_regions_that_report(steady):
    visits = _read(steady / "records", "inspections")
    truth = _read(steady, "truth")
    directed = visits[visits.selection == "directed"].merge(truth, on="firm_id")
    assert directed.reporting_rate.mean() > truth.reporting_rate.mean() + 0.03


def test_no_repair_before_the_legal_minimum(records):
    # the credit portal repeats some decisions with another gravity; the first platform's is the decision
    penalties = records["penalties"].query("source != 'credit_portal'").dropna(subset="repaired_on")
    days = (pd.to_datetime(penalties.repaired_on) - pd.to_datetime(penalties.decided_on)).dt.days
    minimum = penalties.gravity.map({"minor": 0, "moderate": 90, "serious": 365})
    assert set(penalties.gravity) == {"minor", "moderate", "serious"}
    assert (days >= minimum).all()


# ---- mechanism -----------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [1.0, 20.0, 75.0])
def test_harm_spreads_over_sectors_as_the_knob_says(spread):
    settings = load_world_settings(harm_spread=spread, firm_harm_sd=0.0, change_share=0.0)
    firms = draw_firms(settings, 1, 0, 3000)
    size = np.array([s.harm for s in settings.sizes])[firms.size]
    harm = severity(firms, settings, year_start(settings, 10)) / size
    assert harm.max() / harm.min() == pytest.approx(spread)


def test_a_violation_found_lowers_the_odds_for_two_years():
    settings = load_world_settings(deterrence_log_odds=0.8)
    firms = draw_firms(settings, 1, 0, 50)
    never = np.zeros((11, 50), dtype=bool)
    once = never.copy()
    once[4, 7] = True
    fall = [
        log_odds(firms, settings, year, never) - log_odds(firms, settings, year, once)
        for year in range(4, 8)
    ]
    np.testing.assert_allclose([year[7] for year in fall], [0, 0.8, 0.4, 0], atol=1e-12)
    assert all(np.delete(year, 7).max() == 0 for year in fall)


@pytest.mark.parametrize(("effect", "moves"), [(0.0, False), (0.7, True)])
def test_age_of_the_representative_moves_violations_only_where_planted(effect, moves):
    settings = load_world_settings(older_rep_log_odds=effect)
    firms = draw_firms(settings, 1, 0, 200)
    older = dataclasses.replace(firms, rep_birth_year=np.full(200, 1950))
    younger = dataclasses.replace(firms, rep_birth_year=np.full(200, 1990))
    none = np.zeros((11, 200), dtype=bool)
    gap = log_odds(older, settings, 10, none) - log_odds(younger, settings, 10, none)
    np.testing.assert_allclose(gap, effect)
    assert (gap.max() > 0) == moves


def test_planted_overcitation_shows_in_outcomes_and_not_in_the_truth(tmp_path):
    settings = load_world_settings(older_rep_overcitation=1.5, **NO_TREND)
    write_world(tmp_path / "w", 1500, 9, _with(settings, "sizes", random_share=0.95))
    seen = _last_year(tmp_path / "w").merge(_read(tmp_path / "w", "attributes"), on="firm_id")
    older = AS_OF.year - seen.legal_rep_birth_year >= settings.older_rep_age
    excess = (seen.violation - seen.likelihood).groupby(older).mean()
    assert excess[True] > 0.1
    assert abs(excess[False]) < 0.04


def test_sentiment_touches_no_record_and_no_truth(tmp_path):
    for name, link in (("weak", -0.1), ("strong", -0.9)):
        write_world(tmp_path / name, 300, 4, load_world_settings(sentiment_theta=link))
    weak, strong = _hashes(tmp_path / "weak"), _hashes(tmp_path / "strong")
    differ = {name for name in weak if weak[name] != strong[name]}
    assert differ == {"attributes.parquet", "world.json"}


def test_firms_of_one_controller_share_risk():
    settings = load_world_settings(group_firms=1.0, group_risk_share=0.5, group_max=2)
    firms = draw_firms(settings, 1, 0, 3000)
    pairs = pd.Series(firms.theta[0]).groupby(firms.group).agg(["first", "last", "size"])
    pairs = pairs[pairs["size"] == 2]
    assert pairs["first"].corr(pairs["last"]) == pytest.approx(0.5, abs=0.07)


# ---- the records are a regulator's ---------------------------------------------------------------


def test_the_records_pass_every_check_on_the_day(world):
    with open_records(world / "records", today=AS_OF) as checked:
        found = checked.quality.failures
        assert {failure.action for failure in found} <= {"noted"}
        rules = {re.sub(r"^credit_portal and \w+ ", "", failure.rule) for failure in found}
        assert rules <= {"disagree on one decision", "one name in one region under several ids"}
        assert checked.n_firms == 3000


def test_record_tables_have_the_columns_of_the_schema_and_no_other(records):
    assert {name: tuple(t.columns) for name, t in records.items()} == {
        name: table.names for name, table in BY_NAME.items()
    }


def test_nothing_is_recorded_after_as_of(records):
    for table in records.values():
        assert table.recorded_on.notna().all()
        assert table.recorded_on.max() <= AS_OF
        for name in table.columns:
            if name.endswith("_on"):
                assert table[name].dropna().max() <= AS_OF


def test_events_become_known_later_than_they_happen(records):
    for name in EVENT_TABLES:
        table = records[name]
        delay = pd.to_datetime(table.recorded_on) - pd.to_datetime(table[BY_NAME[name].event])
        assert (delay.dt.days >= 1).all()


def test_foreign_keys_hold_and_every_firm_is_there_once(world, records):
    ids = set(records["firms"].firm_id)
    assert len(ids) == 3000
    for name in (*EVENT_TABLES, "ratings"):
        assert set(records[name].firm_id) <= ids
    for name in ("attributes", "truth"):
        beside = _read(world, name).firm_id
        assert sorted(beside) == sorted(ids)


def test_firm_ids_are_valid_credit_codes_of_the_place_of_registration(records):
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    firms = records["firms"].sort_values("recorded_on").groupby("firm_id").first()
    for code, region in zip(firms.index, firms.region, strict=True):
        assert uscc.is_valid(code)
        weighted = zip(code[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
        inner = 11 - sum(alphabet.index(char) * weight for char, weight in weighted) % 11
        assert code[16] == {10: "X", 11: "0"}.get(inner, str(inner))
        assert code[2:8] == region


def test_details_of_some_firms_change_and_the_old_version_stays(records):
    firms = records["firms"]
    versions = firms[firms.closed_on.isna()].sort_values("recorded_on").groupby("firm_id")
    changed = versions[["name", "sector", "region", "registered_capital"]].nunique()
    assert 0.02 < (versions.size() == 2).mean() < 0.15
    assert (changed.max() == 2).all()
    assert (versions.registered_on.nunique() == 1).all()


# ---- the same world again ------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(world, tmp_path):
    write_world(tmp_path / "again", 3000, 11, load_world_settings())
    write_world(tmp_path / "other", 3000, 12, load_world_settings())
    again, other = _hashes(tmp_path / "again"), _hashes(tmp_path / "other")
    assert again == _hashes(world)
    assert all(again[name] != other[name] for name in again)


def test_a_larger_world_repeats_the_full_chunks_of_a_smaller_one(tmp_path):
    settings = load_world_settings(chunk_firms=250)
    write_world(tmp_path / "small", 500, 6, settings)
    write_world(tmp_path / "large", 650, 6, settings)
    for name in ("attributes", "truth", *(f"records/{table}" for table in BY_NAME)):
        small, large = _read(tmp_path / "small", name), _read(tmp_path / "large", name)
        pd.testing.assert_frame_equal(small, large.head(len(small)))
    assert len(_read(tmp_path / "large", "truth")) == 650


@pytest.mark.parametrize("wanted", [6.0, 25.0])
def test_events_per_firm_are_met_by_permits_alone(tmp_path, world, wanted):
    summary = write_world(tmp_path / "w", 3000, 11, load_world_settings(), events_per_firm=wanted)
    assert summary.n_events / 3000 == pytest.approx(wanted, rel=0.1)
    ours, default = _hashes(tmp_path / "w"), _hashes(world)
    differ = {name for name in ours if ours[name] != default[name]}
    assert differ == {"records/permits.parquet", "world.json"}


def test_the_description_says_how_to_draw_the_world_again(world):
    described = json.loads((world / "world.json").read_text(encoding="utf-8"))
    assert (described["seed"], described["n_firms"], described["as_of"]) == (11, 3000, str(AS_OF))
    assert described["settings"] == load_world_settings().model_dump(mode="json")
