"""The table of estimates: who is in which row, what is left empty, how rounds are put together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risk_index.estimates.quantities import HARM, RATE, TOTAL, Least
from risk_index.estimates.stacked import RoundSample, stack
from risk_index.estimates.table import COLUMNS, estimate_rounds

ANY = Least(outcomes=2, n_eff=1, violations=1)


def a_round(
    name: str = "0001",
    *,
    chances: tuple[float, ...] = (0.5, 0.5, 0.25, 0.25, 0.25, 0.25),
    found: tuple[float, ...] = (1, 0, np.nan, 1, np.nan, np.nan),
    drawn: tuple[int, ...] = (0, 3),
    floor: float = 0.125,
    arms: tuple[str, ...] = ("index", "floor"),
) -> RoundSample:
    """Six firms of one stratum, two of them drawn, in two regions and sectors."""
    ppb = (np.array(chances) * 1e9).astype(np.int64)
    frame = pd.DataFrame({
        "firm_id": [f"F{k}" for k in range(6)],
        "stratum": "all",
        "region": ["north"] * 3 + ["south"] * 3,
        "sector": ["C2710", "C2720", "C2710", "F5219", "F5219", None],
        "probability_ppb": ppb,
        "floor_ppb": np.minimum(ppb, int(floor * 1e9)),
        "likelihood": [0.4, 0.2, 0.1, 0.1, 0.1, 0.1],
        "expected_harm": [4.0, 2.0, 1.0, 1.0, 1.0, 1.0],
    })  # fmt: skip
    outcome = np.array(found, float)[list(drawn)]
    visits = pd.DataFrame({
        "firm_id": frame.firm_id[list(drawn)],
        "arm": list(arms),
        "visited": True,
        "violation": outcome,
        "harm": np.where(outcome == 1, 6.0, 0.0),
        "replaced": False,
    })  # fmt: skip
    return RoundSample(name, frame, visits)


def row(table: pd.DataFrame, quantity: str, estimator: str, **where: str) -> pd.Series:
    place = {"scope": "all", "value": "", "arm": "both", **where}
    kept = table[(table.quantity == quantity) & (table.estimator == estimator)]
    for column, value in place.items():
        kept = kept[kept[column] == value]
    assert len(kept) == 1
    return kept.iloc[0]


def test_the_registry_by_hand() -> None:
    """F0 stands for 2 firms, F3 for 4; both violate, with 6 harm units each."""
    table = estimate_rounds([a_round()], least=ANY)
    assert tuple(table.columns) == COLUMNS
    assert row(table, RATE, "Horvitz-Thompson").estimate == pytest.approx(6 / 6)
    assert row(table, HARM, "Horvitz-Thompson").estimate == pytest.approx(36 / 6)
    assert row(table, TOTAL, "Horvitz-Thompson").estimate == pytest.approx(36)
    expected = 10 / 6 + (2 * (6 - 4) + 4 * (6 - 1)) / 6
    assert row(table, HARM, "difference").estimate == pytest.approx(expected)
    assert row(table, RATE, "naive").estimate == 1.0
    counts = row(table, RATE, "Hajek")
    assert (counts.n_firms, counts.n_planned, counts.n_outcome, counts.n_violations) == (6, 2, 2, 2)
    assert counts.n_eff == pytest.approx(36 / 20)


def test_the_naive_mean_has_no_interval_and_says_what_it_is() -> None:
    naive = row(estimate_rounds([a_round()], least=ANY), RATE, "naive")
    assert naive[["low", "high", "standard_error"]].isna().all()
    assert "unweighted" in naive.note


def test_regions_and_sectors_hold_their_own_firms() -> None:
    table = estimate_rounds([a_round()], least=Least(1, 1, 1))
    assert row(table, RATE, "Hajek", scope="region", value="north").n_firms == 3
    assert row(table, RATE, "Hajek", scope="sector", value="C").n_planned == 1
    assert row(table, RATE, "Hajek", scope="sector", value="").n_firms == 1
    by_division = estimate_rounds([a_round()], sector_level=2, least=ANY)
    assert set(by_division.value[by_division.scope == "sector"]) == {"", "C27", "F52"}


def test_the_floor_arm_stands_by_its_own_chance() -> None:
    floor = row(
        estimate_rounds([a_round()], least=Least(1, 1, 1)), HARM, "Horvitz-Thompson", arm="floor"
    )
    assert floor.n_planned == 1
    assert floor.estimate == pytest.approx(6 / 0.125 / 6)
    rate = a_round(drawn=(0, 3), arms=("floor", "floor"), found=(1, 0, 0, 0, 0, 0))
    told = row(estimate_rounds([rate], least=ANY), RATE, "Horvitz-Thompson", arm="floor")
    assert np.isnan(told.estimate)  # 8 of 6 firms
    assert "outside 0 to 1" in told.note
    hajek = row(estimate_rounds([rate], least=ANY), RATE, "Hajek", arm="floor")
    assert hajek.estimate == pytest.approx(0.5)


def test_harm_below_its_own_standard_error_is_not_told() -> None:
    one = a_round(found=(0, 0, 0, 1, 0, 0))
    one.frame.loc[0, "expected_harm"] = 9.0
    told = row(estimate_rounds([one], least=ANY), HARM, "difference")
    assert np.isnan(told.estimate)
    assert "the standard error exceeds the estimate" in told.note


def test_the_index_arm_is_told_naively_only() -> None:
    table = estimate_rounds([a_round()], least=Least(1, 1, 1))
    index = table[(table.arm == "index") & (table.scope == "all")]
    assert set(index.estimator) == {"naive"}
    assert (index.n_planned == 1).all()


def test_below_the_least_size_there_is_no_number_but_a_reason() -> None:
    table = estimate_rounds([a_round()])
    assert table[["estimate", "low", "high", "standard_error"]].isna().all().all()
    assert table.note.str.startswith("insufficient data: outcomes ").all()
    few = row(table, HARM, "Hajek").note
    assert few == "insufficient data: outcomes 2 of 30, n_eff 1.8 of 30, violations 2 of 30"


def test_firms_without_a_chance_are_left_out_and_counted() -> None:
    table = estimate_rounds([a_round(chances=(0.5, 0.5, 0, 0.5, 0.5, 0))], least=ANY)
    told = row(table, RATE, "Hajek")
    assert told.n_firms == 4
    assert "2 firms of the frames had no chance" in told.note


def test_missing_outcomes_are_counted_told_and_bounded() -> None:
    holes = a_round(
        drawn=(0, 1, 3), arms=("index",) * 3, chances=(0.5,) * 6, found=(1, 0, 0, np.nan, 0, 0)
    )
    table = estimate_rounds([holes], least=ANY)
    told = row(table, RATE, "Hajek")
    assert (told.n_planned, told.n_visited, told.n_outcome) == (3, 3, 2)
    assert told.estimate == pytest.approx(0.5)
    assert told.note.startswith("33.3% of the firms stood for have no outcome")
    bounds = row(table, RATE, "bounds")
    assert (bounds.low, bounds.high) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    harm = row(table, HARM, "bounds")  # F3 is predicted 1.0 at 0.1: severity 10
    assert (harm.low, harm.high) == (pytest.approx(6 / 3), pytest.approx(16 / 3))
    assert "bounds" not in set(estimate_rounds([a_round()], least=ANY).estimator)


def test_a_violation_without_measured_harm_misses_for_harm_only() -> None:
    one = a_round()
    one.drawn.loc[one.drawn.firm_id == "F0", "harm"] = np.nan
    table = estimate_rounds([one], least=ANY)
    assert row(table, RATE, "Hajek").n_outcome == 2
    assert row(table, HARM, "Hajek").n_outcome == 1


def test_a_compliant_firm_has_no_harm_even_where_none_was_measured() -> None:
    one = a_round(found=(1, 0, 0, 0, 0, 0))
    one.drawn.loc[one.drawn.firm_id == "F3", "harm"] = np.nan
    assert row(estimate_rounds([one], least=ANY), HARM, "Hajek").n_outcome == 2


def test_replacements_count_as_visits_and_not_as_outcomes() -> None:
    one = a_round(
        drawn=(0, 1, 3), arms=("index",) * 3, chances=(0.5,) * 6, found=(1, 0, 0, np.nan, 0, 0)
    )
    one.drawn.loc[one.drawn.firm_id == "F3", "replaced"] = True
    told = row(estimate_rounds([one], least=ANY), RATE, "Hajek")
    assert (told.n_visited, told.n_outcome) == (3, 2)
    assert "1 replaced" in told.note


def test_rounds_together_are_the_mean_over_firms_and_rounds() -> None:
    first, second = a_round("0001"), a_round("0002", found=(0, 0, 0, 1, 0, 0))
    table = estimate_rounds([first, second], least=ANY)
    alone = {
        name: row(table, HARM, "Horvitz-Thompson", round=name) for name in ("0001", "0002", "all")
    }
    mean = (alone["0001"].estimate + alone["0002"].estimate) / 2
    assert alone["all"].estimate == pytest.approx(mean)
    errors = [alone[name].standard_error ** 2 for name in ("0001", "0002")]
    assert alone["all"].standard_error ** 2 == pytest.approx(sum(errors) / 4)
    assert alone["all"].n_firms == 6
    assert row(table, TOTAL, "Horvitz-Thompson", round="all").estimate == pytest.approx(6 * mean)
    assert set(table.scope[table["round"] != "all"]) == {"all"}


def test_a_stratum_of_no_whole_number_of_visits_has_a_unit_no_visit() -> None:
    """Chances add up to 1.75: two units are drawn, of which one may be "no visit" (0.25)."""
    some = (0.5, 0.25, 0.25, 0.25, 0.25, 0.25)
    both = stack([a_round(chances=some)], 1).drawn
    assert both.real.all()
    one = stack([a_round(chances=some, drawn=(0,), arms=("index",))], 1).drawn
    assert one.real.tolist().count(False) == 1
    assert one.probability[~one.real].tolist() == [0.25]
    table = estimate_rounds(
        [a_round(chances=some, drawn=(0,), arms=("index",))], least=Least(1, 1, 1)
    )
    assert row(table, RATE, "Hajek").n_planned == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_rows_changes_no_byte(seed: int) -> None:
    one = a_round()
    mixed = RoundSample(
        one.name,
        one.frame.sample(frac=1, random_state=seed),
        one.drawn.sample(frac=1, random_state=seed),
    )
    pd.testing.assert_frame_equal(
        estimate_rounds([one], least=ANY), estimate_rounds([mixed], least=ANY), check_exact=True
    )
