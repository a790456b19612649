"""What a firm's penalties say when only a part of them reaches the records, worked out by hand."""

from __future__ import annotations

import pytest

from tests.property.compare import ago, column, firm
from tests.property.naive.registry import Registry


def registry(*firms: dict, penalised: str = "", sources: list[dict] | None = None) -> Registry:
    """Firms, one of which has a moderate penalty of the source s."""
    rows = [{"penalty_id": "1", "firm_id": penalised, "decided_on": ago(10), "source": "s"}]
    tables = {"firms": list(firms), "penalties": rows if penalised else []}
    return Registry(tables | {"sources": sources or []})


def checked(region: str, rate: float, **more: object) -> dict:
    return {"source": "s", "region": region, "reporting_rate": rate, **more}


def test_without_checked_rates_everything_counts_as_reported():
    two = registry(firm("a", region="N"), firm("b", region="S"), penalised="a")
    assert column(two, "reported_years") == {"a": 1.0, "b": 1.0}
    # one penalty in two years; four years at one half steady each firm's own rate
    assert column(two, "sector_penalty_rate") == pytest.approx({"a": 0.5, "b": 0.5})
    assert column(two, "penalty_rate") == pytest.approx({"a": 3 / 5, "b": 2 / 5})


def test_a_firm_of_a_silent_region_keeps_the_rate_of_its_sector():
    sources = [checked("N", 1.0), checked("S", 0.1)]
    three = registry(
        firm("a", region="N"), firm("b", region="S"), firm("c", region="N"),
        penalised="c", sources=sources,
    )  # fmt: skip
    sector = 1 / 2.1  # a penalty in 1 + 0.1 + 1 reported years
    assert column(three, "penalty_rate") == pytest.approx(
        {"a": 4 * sector / 5, "b": 4 * sector / 4.1, "c": (1 + 4 * sector) / 5}
    )


def test_a_new_firm_is_neither_clean_nor_guilty():
    two = registry(firm("a"), firm("b", registered_on=ago(0)), penalised="a")
    assert column(two, "reported_years") == {"a": 1.0, "b": 0.0}
    assert column(two, "penalty_rate")["b"] == pytest.approx(
        column(two, "sector_penalty_rate")["b"]
    )


def test_few_checks_leave_a_rate_near_that_of_its_source():
    sources = [checked("N", 1.0, n_checked=10.0), checked("S", 0.0001, n_checked=0.0)]
    found = column(
        registry(firm("a", region="N"), firm("b", region="S"), sources=sources), "reported_years"
    )
    mean = 1.0001 / 2
    assert found == pytest.approx({"a": (1.0 + mean) / 2, "b": mean}, rel=1e-5)


def test_a_region_that_nobody_checked_takes_the_mean_of_the_others():
    sources = [checked("N", 0.8), checked("S", 0.2)]
    found = column(registry(firm("a", region="W"), firm("b"), sources=sources), "reported_years")
    assert found == pytest.approx({"a": 0.5, "b": 0.5})


def test_a_rate_counts_from_the_day_it_was_recorded():
    sources = [checked("N", 0.25, recorded_on=ago(-1)), checked("N", 0.5, recorded_on=ago(100))]
    one = registry(firm("a", region="N"), sources=sources)
    assert column(one, "reported_years") == {"a": 0.5}
    assert column(one, "reported_years", day=ago(-1)) == {"a": 0.25}


def test_weight_fades_by_half_of_the_time_until_expiry():
    rows = [
        {"penalty_id": g, "firm_id": g, "decided_on": ago(45), "gravity": g}
        for g in ("minor", "moderate", "serious")
    ]
    three = Registry({"firms": [firm(row["firm_id"]) for row in rows], "penalties": rows})
    assert column(three, "penalty_load_fading") == pytest.approx(
        {"minor": 0.1 / 2, "moderate": 0.4 * 2 ** (-90 / 365), "serious": 2 ** (-90 / 1095)},
        rel=1e-5,
    )


def test_a_registry_of_closed_firms_has_no_rows():
    closed = registry(firm("a", closed_on=ago(20)), penalised="a")
    assert column(closed, "penalty_rate") == {}


def test_the_rate_of_the_others_leaves_a_firms_own_penalty_out():
    """Two years on record, one penalty: half a penalty a year, none of it the others' of firm a."""
    two = registry(firm("a"), firm("b"), penalised="a")
    pull = 1 / 2  # of all firms: one penalty in two years, and along the path a mean of the same
    assert column(two, "sector_penalty_pull") == pytest.approx({"a": pull, "b": pull})
    assert column(two, "peers_penalty_rate") == pytest.approx({"a": 0.0, "b": 0.5})


def test_another_regions_platform_says_nothing_of_a_region():
    two = registry(
        firm("a", region="N"), firm("b", region="S"), penalised="a",
        sources=[checked("N", 0.9), {"source": "t", "region": "S", "reporting_rate": 0.1}],
    )  # fmt: skip
    assert column(two, "reported_years") == pytest.approx({"a": 0.9, "b": 0.1})
