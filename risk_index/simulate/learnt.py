"""What a policy believes of every open firm, learnt from the records of a day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.asof import Snapshot
from features.catalogue import BY_NAME, in_use
from features.matrix import matrix
from features.records import Records, open_records
from models.baselines import RuleLadder
from models.fitted import FittedModel
from risk_index import pipeline
from risk_index.judgement import LADDER
from risk_index.particulars import drawn_this_year
from risk_index.settings import Settings, load_settings
from risk_index.training import fit_models, training_set
from risk_index.world import World

GRID_MONTHS = 12
"""Step between training dates; the product's own is 3, which takes three times as long."""
DETAILS = ("firm_id", "sector", "region", "supervised_by")
Learn = Callable[[Path, dt.date], pd.DataFrame]


@dataclass(frozen=True)
class Learning:
    """How and with what a policy plans a season.

    Attributes
    ----------
    capacity_share : float
        Visits a season for each open firm.
    random_share : float
        Of the policy that mixes: part of the visits spread evenly over all firms.
    grid_months : int
        Step between training dates.
    kept : Path, optional
        File of what the index says before the first season, the same under every policy: written by
        the first that asks, read by the others.
    """

    capacity_share: float = 0.05
    random_share: float = 0.2
    grid_months: int = GRID_MONTHS
    kept: Path | None = None

    def index(self, world: World) -> pd.DataFrame:
        """Return likelihood, severity and expected harm of every open firm, by the product's own fit."""
        if world.season or self.kept is None:
            return records_of(world, lambda folder, day: by_index(folder, day, self.grid_months))
        if not self.kept.exists():
            fresh = dataclasses.replace(self, kept=None).index(world)
            partial = self.kept.with_name(f"{self.kept.name}.{os.getpid()}.partial")
            fresh.to_parquet(partial, index=False)
            partial.replace(self.kept)
        return pd.read_parquet(self.kept)


def records_of(world: World, learn: Learn) -> pd.DataFrame:
    """Learn from the records of a world, written to a folder that does not stay."""
    with tempfile.TemporaryDirectory() as name:
        world.write(Path(name) / "world")
        return learn(Path(name) / "world" / "records", world.as_of)


def settings_on(day: dt.date, grid_months: int = GRID_MONTHS) -> Settings:
    """Return the defaults on a day, with one round a year and a coarser grid of training dates."""
    return dataclasses.replace(load_settings(day), rounds_per_year=1, grid_months=grid_months)


def by_index(
    folder: Path,
    day: dt.date,
    grid_months: int = GRID_MONTHS,
    without: tuple[str, ...] = (),
    drawn_only: bool = False,
) -> pd.DataFrame:
    """Fit as the product does; return likelihood, severity and expected harm of every open firm.

    `drawn_only` learns from random visits alone.
    """
    settings, source = settings_on(day, grid_months), pipeline.Source(folder)
    chosen = "random" if drawn_only else "planned"
    plan = dataclasses.replace(settings.plan, without=without, learn_from=chosen)
    with open_records(folder, today=day) as records:
        training = training_set(records, day, plan, settings.law, source.sectors)
        model = fit_models(training.examples, day, training.calendar.slice_days, plan)
        return _scored(records, day, settings, model)


def _scored(records: Records, day: dt.date, settings: Settings, model: FittedModel) -> pd.DataFrame:
    snapshot = pipeline.registry(records, day, settings, pipeline.Source(Path()).sectors)
    X = matrix(snapshot, in_use())
    chance, harm = model.likelihood.predict(X), model.severity.predict(X)
    firms = _details(snapshot, X)
    return firms.assign(likelihood=chance, severity=harm, expected_harm=chance * harm)


def by_rules(folder: Path, day: dt.date) -> pd.DataFrame:
    """Return every open firm with 1 more than its points by the rule ladder as its expected harm."""
    ladder, settings = RuleLadder.of("rule_ladder", LADDER), settings_on(day)
    with open_records(folder, today=day) as records:
        snapshot = pipeline.registry(records, day, settings, pipeline.Source(folder).sectors)
        X = matrix(snapshot, [BY_NAME[rule.column] for rule in ladder.rules])
        firms = _details(snapshot, X)
    return firms.assign(likelihood=1.0, severity=1.0, expected_harm=1.0 + ladder.score(X))


def _details(snapshot: Snapshot, X: pd.DataFrame) -> pd.DataFrame:
    """Return what a plan reads of the firms of a matrix, row by row."""
    known = snapshot.known("firms").select("firm_key", *DETAILS).execute()
    firms = X[["firm_key"]].merge(known, on="firm_key", validate="1:1")
    drawn = drawn_this_year(snapshot).execute().set_index("firm_key").n
    return firms.assign(drawn_this_year=firms.firm_key.map(drawn).fillna(0).astype("int64"))
