"""One small fine moves nobody far, a worse record never helps, and a repaired one leaves no trace.

A fine of 500 yuan once put a firm on a black list like a default of a billion. Here single firms of a
synthetic registry get one penalty more, by brute force, and are held against the ranking before.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.fitted import FittedModel
from risk_index.index import Floats, IndexScale
from risk_index.pipeline import Source, registry
from risk_index.ranking import percentile
from risk_index.scoring import expected_harm
from risk_index.settings import load_settings
from risk_index.tiers import TIERS, TierRule, highest
from risk_index.world import load_world_settings, write_world

FIRMS, SEED = 1500, 9
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "run" / "model"
SMALL = {"fine": 550.0, "gravity": "minor", "statutory_max": 30_000.0}
GREAT = {"fine": 900_000.0, "gravity": "serious", "statutory_max": 1_000_000.0}


@dataclass(frozen=True)
class World:
    """A registry, the golden model, and the expected harm of every open firm."""

    records: Path
    as_of: dt.date
    model: FittedModel
    before: pd.Series

    def harm(self, folder: Path, more: pd.DataFrame) -> pd.Series:
        """Return the expected harm by firm_id with some penalties more."""
        for file in self.records.glob("*.parquet"):
            target = folder / file.name
            target.unlink(missing_ok=True)
            if file.stem != "penalties":
                target.symlink_to(file)
        known = pd.read_parquet(self.records / "penalties.parquet")
        table = pd.concat([known, more.reindex(columns=known.columns)], ignore_index=True)
        table.astype(known.dtypes).to_parquet(folder / "penalties.parquet")
        return scored(folder, self.as_of, self.model)

    def penalty(self, firms: np.ndarray, days_ago: int, **details: object) -> pd.DataFrame:
        """Return a penalty each for some firms, recorded on the day of the decision."""
        decided = self.as_of - dt.timedelta(days=days_ago)
        plain = {
            "penalty_id": [f"new-{firm}" for firm in firms],
            "firm_id": firms,
            "decided_on": decided,
            "recorded_on": decided,
            "authority": "market",
            "source": "market_regulation",
            "category": "pricing",
        }
        return pd.DataFrame(plain | details)


def scored(records: Path, as_of: dt.date, model: FittedModel) -> pd.Series:
    source, settings = Source(records), load_settings(as_of)
    with source.open() as opened:
        snapshot = registry(opened, as_of, settings, source.sectors)
        firms = opened.table("firms").select("firm_key", "firm_id").distinct().execute()
        keys = snapshot.spine.select("firm_key").execute().firm_key.sort_values()
        ids = firms.set_index("firm_key").firm_id[keys]
        return pd.Series(expected_harm(snapshot, model), index=ids.to_numpy())


def made(folder: Path, rate: float | None) -> World:
    """A synthetic registry scored by the golden model, at a reporting rate or those of the world."""
    settings = load_world_settings()
    write_world(folder, FIRMS, SEED, settings)
    stated = folder / "records" / "sources.parquet"
    if rate is not None:
        pd.read_parquet(stated).assign(reporting_rate=rate).to_parquet(stated)
    model = FittedModel.load(GOLDEN)
    before = scored(folder / "records", settings.as_of, model)
    return World(folder / "records", settings.as_of, model, before)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Everything is reported: a source's share of a region then moves with no other firm's penalty.

    So firms can be tried a batch at a time, and each as if it alone had a penalty more.
    """
    return made(tmp_path_factory.mktemp("fine"), 1.0)


def batches(world: World, rounds: int) -> list[np.ndarray]:
    """One firm of each section at a time, so that one firm's fine is hardly a rate of another's sector."""
    firms = pd.read_parquet(world.records / "firms.parquet").drop_duplicates("firm_id", keep="last")
    section = firms.set_index("firm_id").sector.str[0].reindex(world.before.index)
    drawn = section.sample(frac=1.0, random_state=SEED)
    turn = drawn.groupby(drawn, dropna=False).cumcount()
    return [turn.index[turn == n].to_numpy() for n in range(rounds)]


def places(harm: Floats, among: Floats, scale: IndexScale) -> tuple[Floats, np.ndarray]:
    """Percentile and number of the tier of each firm, as if it alone had changed."""
    ordered = np.sort(among)
    share = 100.0 * np.searchsorted(ordered, harm, side="right") / len(ordered)
    edges = highest(scale.unclipped(among), TierRule())
    return share, np.searchsorted(edges, scale.unclipped(harm), side="left")


def test_one_small_fine_moves_no_firm_by_more_than_a_tier_and_five_points(
    world: World, tmp_path: Path
) -> None:
    scale = IndexScale(**world.model.meta["scale"])
    everyone, raised = world.before.to_numpy(), []
    for firms in batches(world, 6):
        after = world.harm(tmp_path, world.penalty(firms, 5, **SMALL))[firms].to_numpy()
        before = world.before[firms].to_numpy()
        share, tier = places(after, everyone, scale)
        share_before, tier_before = places(before, everyone, scale)
        assert np.abs(share - share_before).max() <= 5
        assert np.abs(tier - tier_before).max() <= 1
        assert (after >= before * (1 - 1e-9)).all()
        raised += (share > share_before).tolist()
    assert np.mean(raised) > 0.01  # it is read at all
    assert len(TIERS) == 4
    assert percentile(everyone).max() == 100


@pytest.mark.slow
def test_nor_does_it_where_regions_report_little(tmp_path: Path) -> None:
    """One firm at a time, with the reporting rates of the world, for firms of the least share reported."""
    little = made(tmp_path / "world", None)
    truth = pd.read_parquet(tmp_path / "world" / "truth.parquet").set_index("firm_id")
    known = truth.loc[little.before.index].sort_values("reporting_rate", kind="stable").index
    scale, everyone = IndexScale(**little.model.meta["scale"]), little.before.to_numpy()
    (tmp_path / "more").mkdir()
    for firm in known[:60:12]:
        after = little.harm(tmp_path / "more", little.penalty(np.array([firm]), 5, **SMALL))
        share, tier = places(after[[firm]].to_numpy(), everyone, scale)
        share_before, tier_before = places(little.before[[firm]].to_numpy(), everyone, scale)
        assert abs(share - share_before).item() <= 5
        assert abs(tier - tier_before).item() <= 1
        assert after[firm] >= little.before[firm] * (1 - 1e-9)


@pytest.mark.parametrize(
    ("worse", "than"),
    [
        ({"days_ago": 20, **GREAT}, {"days_ago": 20, **GREAT, "fine": 300_000.0}),  # larger
        ({"days_ago": 20, **GREAT}, {"days_ago": 700, **GREAT}),  # more recent
        ({"days_ago": 20, **GREAT}, {"days_ago": 20, **GREAT, "gravity": "minor"}),  # graver
    ],
    ids=["larger", "more recent", "graver"],
)
def test_a_worse_penalty_never_lowers_the_expected_harm(
    world: World, tmp_path: Path, worse: dict, than: dict
) -> None:
    firms = np.concatenate(batches(world, 2))
    more = world.harm(tmp_path, world.penalty(firms, **worse))[firms]
    less = world.harm(tmp_path, world.penalty(firms, **than))[firms]
    assert (more >= less * (1 - 1e-9)).all()
    assert (less >= world.before[firms] * (1 - 1e-9)).all()
    assert (more > world.before[firms]).mean() > 0.5


def test_a_repaired_penalty_leaves_no_trace(world: World, tmp_path: Path) -> None:
    firms = np.concatenate(batches(world, 2))
    repaired = world.penalty(firms, 200, **GREAT, repaired_on=world.as_of)
    pd.testing.assert_series_equal(world.harm(tmp_path, repaired), world.before)
