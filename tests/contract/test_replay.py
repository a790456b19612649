"""A past ranking comes out the same from the records of then and from those of today, byte for byte.

Between the two days, firms' details were corrected, penalties corrected, repaired and revoked, entries
removed, permits withdrawn, and much was recorded late.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from features.rates import LINKED, STATED, reporting_rates
from features.schema import TABLES
from risk_index.pipeline import Source, rank, registry
from risk_index.settings import load_settings
from risk_index.world import load_world_settings, write_world

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "run"
SEED = 5
THEN = dt.date(2025, 9, 30)
ENDS = ("repaired_on", "revoked_on", "removed_on", "status_changed_on")
Tables = dict[str, pd.DataFrame]


@pytest.fixture(
    scope="module",
    params=[STATED, pytest.param(LINKED, marks=pytest.mark.slow)],
    ids=["rates stated", "rates audited"],
)
def today(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Records of today: what ended after THEN is a later version, recorded on the day of the end.

    Reporting rates are stated, or estimated from links between visits and penalties.
    """
    folder, settings = tmp_path_factory.mktemp("world"), load_world_settings()
    write_world(folder / "world", 400 if request.param == STATED else 5000, SEED, settings)
    place = folder / "world" / "records"
    if request.param != STATED:
        (place / "sources.parquet").unlink()
    for day in (THEN, settings.as_of):
        assert methods(place, day) == {request.param}
    files = {file.stem: pd.read_parquet(file) for file in place.glob("*.parquet")}
    tables = {table.name: files[table.name] for table in TABLES if table.name in files}
    return {name: with_versions(frame) for name, frame in tables.items()}


def methods(records: Path, day: dt.date) -> set[str]:
    """How reporting rates are known on a day."""
    source, settings = Source(records), load_settings(day)
    with source.open() as opened:
        return set(reporting_rates(registry(opened, day, settings, source.sectors)).method)


def with_versions(frame: pd.DataFrame) -> pd.DataFrame:
    """Split rows that ended after THEN into the row before and a later version."""
    for end in (name for name in ENDS if name in frame):
        ended = pd.to_datetime(frame[end]) > pd.Timestamp(THEN)
        later = ended & (pd.to_datetime(frame.recorded_on) <= pd.Timestamp(THEN))
        before = frame[later].assign(**{end: None})
        before = before.assign(status="valid") if "status" in frame else before
        after = frame[later].assign(recorded_on=frame.loc[later, end])
        frame = pd.concat([frame[~later], before, after], ignore_index=True)
    return frame


def corrected(tables: Tables) -> Tables:
    """Add corrections recorded after THEN: another fine and gravity, another name and sector."""
    penalties, firms = tables["penalties"], tables["firms"]
    on = dt.date(2026, 3, 1)
    latest = penalties.drop_duplicates("penalty_id", keep="last").iloc[::3]
    wrong = latest.assign(fine=latest.fine * 3, gravity="serious", recorded_on=on)
    named = firms.drop_duplicates("firm_id", keep="last").iloc[::5]
    named = named.assign(name="另一个名字", sector="C2611", recorded_on=dt.date(2026, 6, 1))
    return tables | {
        "penalties": pd.concat([penalties, wrong[latest.recorded_on < on]], ignore_index=True),
        "firms": pd.concat([firms, named[named.registered_on < THEN]], ignore_index=True),
    }


def written(folder: Path, tables: Tables) -> Path:
    folder.mkdir()
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def ranked(records: Path, as_of: dt.date) -> bytes:
    out = records.with_suffix(".csv")
    rank(Source(records), as_of, GOLDEN, out, lambda _: None)
    return out.read_bytes()


def test_a_past_ranking_is_the_same_from_the_records_of_then_and_of_today(
    tmp_path: Path, today: Tables
) -> None:
    then = {name: frame[frame.recorded_on <= THEN] for name, frame in today.items()}
    now = corrected(today)
    assert all(len(now[name]) > len(then[name]) for name in then if name != "sources")
    old = ranked(written(tmp_path / "then", then), THEN)
    assert ranked(written(tmp_path / "now", now), THEN) == old
    last = load_world_settings().as_of
    assert ranked(tmp_path / "now", last) != old


def test_what_was_repaired_since_is_absent_from_a_new_ranking(
    tmp_path: Path, today: Tables
) -> None:
    last = load_world_settings().as_of
    penalties = today["penalties"]
    ended = penalties.repaired_on.notna() | penalties.revoked_on.notna()
    numbers = penalties.decision_number.str.replace(r"\W", "", regex=True)
    gone = numbers.isin(numbers[ended])  # on one platform is on all
    since = ended & (penalties.recorded_on > THEN)
    assert since.sum() > 5
    without = today | {"penalties": penalties[~gone]}
    assert ranked(written(tmp_path / "all", today), last) == ranked(
        written(tmp_path / "without", without), last
    )
