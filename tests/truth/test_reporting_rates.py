"""Reporting rates estimated without table `sources`, held against those that a world was drawn with."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from features.asof import Law, snapshot_of_registry
from features.captures import recaptured
from features.rates import LINKED, reporting_rates
from features.records import open_records
from risk_index.world import load_world_settings, write_world
from risk_index.world.history import reporting_rates as true_rates
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Registry

FIRMS, SEED = 12_000, 11


@pytest.fixture(scope="module")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Estimates on the last day, each with the world's own rate relative to its best region."""
    folder, settings = tmp_path_factory.mktemp("rates"), load_world_settings()
    write_world(folder / "world", FIRMS, SEED, settings)
    (folder / "world" / "records" / "sources.parquet").unlink()
    with open_records(folder / "world" / "records") as records:
        snapshot = snapshot_of_registry(records, settings.as_of, Law(), ())
        found = reporting_rates(snapshot)
    truth = pd.DataFrame(
        true_rates(settings),
        pd.Index([region.code for region in settings.regions], name="region"),
        pd.Index([source.name for source in settings.sources], name="source"),
    )
    relative = (truth / truth.max()).stack().rename("truth").reset_index()
    return found.merge(relative, on=["region", "source"])


def test_without_a_table_a_link_audit_ranks_regions_and_sources(estimated: pd.DataFrame) -> None:
    assert set(estimated.method) == {LINKED}
    assert len(estimated) >= 60
    assert estimated.reporting_rate.corr(estimated.truth, method="spearman") > 0.8


def test_its_bounds_hold_the_truth(estimated: pd.DataFrame) -> None:
    inside = estimated.truth.between(estimated.low, estimated.high)
    assert inside.mean() >= 0.9
    assert (estimated.high - estimated.low).mean() < 0.75
    assert estimated.reporting_rate.between(estimated.low, estimated.high).all()


def two_platforms(rates: tuple[float, float], seed: int) -> Registry:
    """Six hundred decisions, each on either platform with its chance, independently."""
    rng = np.random.default_rng(seed)
    firms = [{"firm_id": f"f{n}", "region": "N"} for n in range(50)]
    rows = [
        {
            "penalty_id": f"{source}{number}",
            "decision_number": str(number),
            "firm_id": f"f{number % 50}",
            "decided_on": dt.date(2020, 1, 1),
            "source": source,
        }
        for number in range(600)
        for source, rate in zip(("s", "t"), rates, strict=True)
        if rng.random() < rate
    ]
    return Registry({"firms": firms, "penalties": rows})


@pytest.mark.parametrize("rates", [(0.2, 0.5), (0.9, 0.3)])
def test_two_platforms_tell_how_much_each_misses(rates: tuple[float, float]) -> None:
    con = ibis.duckdb.connect()
    registry = two_platforms(rates, 1)
    records = accepted(registry, con)
    found = recaptured(snapshot_of_registry(records, dt.date(2020, 2, 1), Law(), ()))
    found = found.set_index("source")
    con.disconnect()
    for source, rate in zip(("s", "t"), rates, strict=True):
        assert found.reporting_rate[source] == pytest.approx(rate, abs=0.1)
        assert found.low[source] < rate < found.high[source]
