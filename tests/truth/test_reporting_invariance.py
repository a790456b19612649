"""What one city reports moves its inspections little: its penalties recorded twice, or thinned.

The golden model ranks a synthetic registry as it is and with one city's penalties altered.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_index.pipeline import Source, rank
from risk_index.world import load_world_settings, write_world

FIRMS, SEED, CITY = 2500, 9, "110105"
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "run"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, FIRMS, SEED, load_world_settings())
    return folder / "records"


def visits(records: Path) -> float:
    """Inspections expected in the city in a round."""
    out = records.parent / f"{records.name}.csv"
    rank(Source(records), load_world_settings().as_of, GOLDEN, out, lambda _: None)
    table = pd.read_csv(out, dtype={"region": str}, encoding="utf-8-sig")
    return float(table.inspection_probability[table.region == CITY].sum())


@pytest.fixture(scope="module")
def before(records: Path) -> float:
    return visits(records)


def altered(records: Path, name: str) -> tuple[Path, pd.DataFrame, np.ndarray]:
    """A copy, its penalties, and which are of the city's firms."""
    copy = shutil.copytree(records, records.parent / name)
    firms = pd.read_parquet(copy / "firms.parquet")
    penalties = pd.read_parquet(copy / "penalties.parquet")
    inside = penalties.firm_id.isin(firms.firm_id[firms.region == CITY]).to_numpy()
    return copy, penalties, inside


def repeated(penalties: pd.DataFrame, platform: str) -> pd.DataFrame:
    """The same decisions as another platform records them."""
    return penalties.assign(penalty_id=platform + " " + penalties.penalty_id, source=platform)


@pytest.fixture(scope="module")
def once(records: Path) -> tuple[pd.DataFrame, float]:
    """The penalties of a registry in which no platform repeats another's, and the city's visits."""
    folder, penalties, _ = altered(records, "once")
    first = penalties[penalties.source != "credit_portal"]  # which repeats some
    first.to_parquet(folder / "penalties.parquet", index=False)
    return first, visits(folder)


@pytest.mark.parametrize("portal", [False, True], ids=["alone", "beside another"])
@pytest.mark.parametrize("numbered", [True, False], ids=["with numbers", "without"])
def test_a_platform_that_records_all_again_changes_nothing(
    records: Path, once: tuple[pd.DataFrame, float], numbered: bool, portal: bool
) -> None:
    """Beside another: one that repeats every second decision with ten times the fine."""
    first, expected = once
    copy, _, _ = altered(records, f"again {numbered} {portal}")
    firms = pd.read_parquet(copy / "firms.parquet")
    inside = first[first.firm_id.isin(firms.firm_id[firms.region == CITY])]
    other = repeated(inside[::2], "portal") if portal else inside[:0]
    there = pd.concat([inside, other.assign(fine=10 * other.fine)])
    again = repeated(there, "another platform")
    again = again if numbered else again.assign(decision_number=None)
    everything = pd.concat([first, there[len(inside) :], again])
    everything.to_parquet(copy / "penalties.parquet", index=False)
    assert len(again) > (300 if portal else 200)
    assert visits(copy) == pytest.approx(expected, rel=1e-6)


def test_records_of_one_source_that_come_twice_would_count(records: Path, before: float) -> None:
    copy, penalties, inside = altered(records, "same source")
    again = penalties[inside]
    again = again.assign(penalty_id="again " + again.penalty_id, decision_number=None)
    pd.concat([penalties, again]).to_parquet(copy / "penalties.parquet", index=False)
    assert visits(copy) != pytest.approx(before, rel=1e-4)


def test_a_city_that_reports_a_quarter_keeps_its_inspections_without_stated_rates(
    records: Path,
) -> None:
    copy, penalties, inside = altered(records, "thinned")
    kept = np.random.default_rng(SEED).random(len(penalties)) < 0.25
    penalties[~inside | kept].to_parquet(copy / "penalties.parquet", index=False)
    whole, _, _ = altered(records, "as they are")
    for folder in (copy, whole):
        (folder / "sources.parquet").unlink()
    assert visits(copy) == pytest.approx(visits(whole), rel=0.02)  # the bound is 0.1
