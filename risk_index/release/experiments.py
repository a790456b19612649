"""Gates by experiment: the records of a registry changed a little, and scored again.

Thinned: one region reports a part of its penalties. Fined: single firms get one small fine more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd

from features.asof import SectorClass, snapshot_of_rows
from features.catalogue import FEATURES
from features.matrix import matrix
from features.reading import kind_of, literal
from features.records import Records
from models.fitted import FittedModel
from risk_index.fairness.burden import Budget
from risk_index.index import Floats
from risk_index.pipeline import registry as open_registry
from risk_index.ranking import percentile, tie_break
from risk_index.release.limits import Limits
from risk_index.release.outcomes import harm_of
from risk_index.release.verdicts import Verdict, judged, not_run
from risk_index.settings import Settings

LEAST_PENALTIES = 100
MOST_OF_THE_VISITS = 0.5
FINED_DAYS_AGO = 5
NO_PENALTIES = "no penalty is on record of the firms looked at"


@dataclass(frozen=True, eq=False)
class Registry:
    """Firms of the registry on a day, and how to score them again after a change of the records.

    Attributes
    ----------
    firms : DataFrame
        firm_key, firm_id, sector, region of the firms looked at.
    X : DataFrame
        Their inputs, in the same order.
    """

    records: Records
    as_of: dt.date
    settings: Settings
    sectors: tuple[SectorClass, ...]
    firms: pd.DataFrame
    X: pd.DataFrame

    @classmethod
    def of(
        cls,
        records: Records,
        as_of: dt.date,
        settings: Settings,
        sectors: tuple[SectorClass, ...],
        X: pd.DataFrame,
    ) -> Registry:
        """Take firms whose inputs on the day, with firm_key, are known."""
        made = cls(records, as_of, settings, sectors, pd.DataFrame(), X)
        spine = made.rows(X.firm_key.to_numpy())
        snapshot = snapshot_of_rows(records, spine, settings.law, sectors)
        facts = snapshot.known("firms").select("firm_key", "firm_id", "sector", "region").execute()
        firms = X[["firm_key"]].merge(facts, on="firm_key", how="left", validate="1:1")
        return replace(made, firms=firms)

    def named(self, firm_ids: tuple[str, ...]) -> tuple[pd.Series, pd.DataFrame]:
        """Return firm_id and inputs of those firms that are open on the day, looked at above or not."""
        spine = open_registry(self.records, self.as_of, self.settings, self.sectors).spine
        firms = self.records.table("firms").filter(ibis._.firm_id.isin(list(firm_ids)))
        known = firms.semi_join(spine, "firm_key").select("firm_key", "firm_id").distinct()
        found = known.execute().sort_values("firm_id", ignore_index=True)
        return found.firm_id, self.inputs(found.firm_key.to_numpy())

    def penalties(self) -> np.ndarray:
        """Return the number of penalties known of each of the firms looked at, shape (n,)."""
        known = self.records.table("penalties")
        known = known.filter(known.recorded_on <= self.as_of)
        counts = known.group_by("firm_key").aggregate(n=known.count()).execute()
        of_firm = counts.set_index("firm_key").n.reindex(self.firms.firm_key)
        return of_firm.fillna(0).to_numpy(np.int64)

    def some(self, count: int) -> pd.DataFrame:
        """Return the inputs of at most so many of the firms looked at; the hash of firm_id says which."""
        turn = pd.Series(tie_break(self.firms.firm_id)).sort_values()
        return self.X.loc[np.sort(turn.index[:count])]

    def rows(self, firm_keys: np.ndarray) -> pd.DataFrame:
        """Return the spine of some firms on the day."""
        return pd.DataFrame({"firm_key": firm_keys.astype(np.int32), "as_of": self.as_of})

    def again(self, at: np.ndarray | None = None) -> pd.DataFrame:
        """Return the inputs of the firms, or of those at some places, from the records as they are now."""
        keys = self.firms.firm_key.to_numpy()
        return self.inputs(keys if at is None else keys[at])

    def inputs(self, firm_keys: np.ndarray) -> pd.DataFrame:
        """Return the inputs of some firms, those that `X` holds, in the order of the firms."""
        if not len(firm_keys):
            return self.X.head(0)
        rows = self.rows(firm_keys)
        snapshot = snapshot_of_rows(self.records, rows, self.settings.law, self.sectors)
        X = matrix(snapshot, [feature for feature in FEATURES if feature.name in self.X])
        snapshot.forget()
        return X.iloc[pd.Index(X.firm_key).get_indexer(firm_keys)].reset_index(drop=True)


def reporting(registry: Registry, model: FittedModel, budget: Budget, limits: Limits) -> Verdict:
    """Refuse where a region that reports less is visited less, or more."""
    planned = budget.frequency(harm_of(model, registry.X))
    region, count = _region_to_thin(registry, planned)
    if count < LEAST_PENALTIES:
        return not_run(
            "reporting",
            f"no region with at most {MOST_OF_THE_VISITS:.0%} of the expected inspections has "
            f"{LEAST_PENALTIES} penalties among the firms looked at, {count} at most; where one has more of "
            "the inspections, most stay there whatever it reports",
        )
    inside = (registry.firms.region == region).to_numpy()
    with thinned(registry.records, region, limits.reporting_kept):
        after = budget.frequency(harm_of(model, registry.again()))
    change = float(after[inside].sum() / planned[inside].sum()) - 1
    return judged(
        "reporting",
        abs(change) <= limits.reporting_change,
        f"with {limits.reporting_kept:.0%} of the {count} penalties of region {region}, its expected "
        f"inspections change by {change:+.1%}.",
        f"by {limits.reporting_change:.0%} at most",
        "An input counts penalties without allowing for the share that is reported: find it among "
        "the drivers in report.html, and fit again --without it.",
        (change,),
    )


def one_small_fine(
    registry: Registry, model: FittedModel, budget: Budget, limits: Limits
) -> Verdict:
    """Refuse where one small fine moves a firm far."""
    if not registry.penalties().sum():
        return not_run("fine", NO_PENALTIES)
    at = some_of_each_section(registry.firms, int(limits.fine_firms))
    points, tiers = _moved(registry, model, budget, at, limits)
    most, steps = float(np.abs(points).max()), int(np.abs(tiers).max())
    firm = registry.firms.firm_id.iloc[at[int(np.abs(points).argmax())]]
    return judged(
        "fine",
        most <= limits.fine_points and steps <= limits.fine_tiers,
        f"a fine of {limits.fine_amount:g} more moves one of {len(points)} firms "
        f"({firm}) by {most:.1f} percentile points, none by more than {steps} "
        "tiers.",
        f"{limits.fine_points:g} points, {limits.fine_tiers:g} tier",
        "An input counts penalties whatever their size: see that firm's reasons, and weigh by gravity "
        "and by the share of the statutory maximum.",
        (most,),
    )


def some_of_each_section(firms: pd.DataFrame, count: int) -> np.ndarray:
    """Return the places of some firms of each section.

    Which ones, the hash of their firm_id says: ids that follow places or founding days choose nobody.
    """
    rows = pd.DataFrame({"section": firms.sector.fillna("").astype(str).str[0]})
    turn = rows.assign(tie=tie_break(firms.firm_id)).sort_values("tie")
    return np.sort(turn.index[turn.groupby("section").cumcount() < count].to_numpy())


@contextmanager
def thinned(records: Records, region: str, kept: float) -> Iterator[None]:
    """Keep a part of the penalties of a region's firms, and state its rates accordingly."""
    inside = f"firm_key IN (SELECT firm_key FROM firms WHERE region = {literal(region)})"
    drawn = f"md5_number(penalty_id) % 1000 < {round(1000 * kept)}"
    stated = (
        f"CASE WHEN region = {literal(region)} THEN reporting_rate * {kept} ELSE reporting_rate END"
    )
    with changed(records, "penalties", f"SELECT * FROM whole WHERE NOT ({inside}) OR {drawn}"):
        rates = f"SELECT * REPLACE ({stated} AS reporting_rate) FROM whole"
        with changed(records, "sources", rates):
            yield


@contextmanager
def fined(records: Records, firm_keys: np.ndarray, as_of: dt.date, fine: float) -> Iterator[None]:
    """Add a minor fine for each of some firms, decided and recorded five days before.

    Its statutory maximum is the one that most minor penalties state: none, where most state none.
    """
    day = as_of - dt.timedelta(days=FINED_DAYS_AGO)
    columns = ("authority", "source", "category")
    common = ", ".join(f"(SELECT mode({name}) FROM whole) AS {name}" for name in columns)
    usual = (
        f"SELECT statutory_max FROM whole WHERE recorded_on <= DATE '{as_of}' GROUP BY statutory_max "
        "ORDER BY count(*) FILTER (gravity = 'minor') DESC, count(*) DESC, statutory_max LIMIT 1"
    )
    keys = ", ".join(f"({key})" for key in firm_keys)
    more = (
        "SELECT f.firm_key, 'one more fine ' || f.firm_key AS penalty_id, NULL::VARCHAR AS "
        f"decision_number, DATE '{day}' AS decided_on, {common}, 'minor' AS gravity, {fine} AS fine, "
        f"({usual}) AS statutory_max, DATE '{day}' AS recorded_on, false AS shared "
        f"FROM (VALUES {keys}) AS f(firm_key)"
    )
    with changed(records, "penalties", f"FROM whole UNION ALL BY NAME {more}"):
        yield


@contextmanager
def changed(records: Records, table: str, query: str) -> Iterator[None]:
    """Put a query over the table, called `whole` in it, in the table's place for a while."""
    con, kept = records.con.con, f"{table}_as_they_are"
    kind = kind_of(con, table)
    con.execute(f"ALTER {kind} {table} RENAME TO {kept}")
    try:
        con.execute(f"CREATE TABLE {table} AS WITH whole AS (FROM {kept}) {query}")
        yield
    finally:
        con.execute(f"DROP TABLE IF EXISTS {table}")
        con.execute(f"ALTER {kind} {kept} RENAME TO {table}")


def _region_to_thin(registry: Registry, planned: Floats) -> tuple[str, int]:
    """Return the region with the most penalties of those without most of the visits, and how many.

    Parameters
    ----------
    planned : shape (n,)
        Inspections a year expected of each firm.
    """
    rows = pd.DataFrame({"n": registry.penalties(), "visits": planned / planned.sum()})
    regions = rows.groupby(registry.firms.region.to_numpy()).sum().sort_index()
    regions = regions[regions.visits <= MOST_OF_THE_VISITS]
    if regions.empty:
        return "", 0
    return str(regions.n.idxmax()), int(regions.n.max())


def _moved(
    registry: Registry, model: FittedModel, budget: Budget, at: np.ndarray, limits: Limits
) -> tuple[Floats, np.ndarray]:
    """Return percentile points and tiers by which each fined firm moves, as if it alone had changed.

    One firm of each section is fined at a time. A fine is in the rates of others all the same, so that a
    firm that moves too far in company is tried again alone.
    """
    harm = harm_of(model, registry.X)
    after = harm[at]
    for together in _one_of_each_section(registry.firms, at):
        after[together] = _fined_harm(registry, model, at[together], limits)
    points, tiers = _steps(harm, after, at, budget)
    far = np.flatnonzero(
        (np.abs(points) > limits.fine_points) | (np.abs(tiers) > limits.fine_tiers)
    )
    for alone in far:
        after[[alone]] = _fined_harm(registry, model, at[[alone]], limits)
    return _steps(harm, after, at, budget)


def _one_of_each_section(firms: pd.DataFrame, at: np.ndarray) -> list[np.ndarray]:
    """Return which of the places `at` are tried together."""
    section = firms.sector.iloc[at].fillna("").astype(str).str[0].reset_index(drop=True)
    turn = section.groupby(section).cumcount().to_numpy()
    return [np.flatnonzero(turn == n) for n in range(turn.max(initial=-1) + 1)]


def _fined_harm(registry: Registry, model: FittedModel, at: np.ndarray, limits: Limits) -> Floats:
    """Return the expected harm of the firms at some places, each with a small fine more."""
    keys = registry.firms.firm_key.to_numpy()[at]
    with fined(registry.records, keys, registry.as_of, limits.fine_amount):
        return harm_of(model, registry.again(at))


def _steps(
    harm: Floats, after: Floats, at: np.ndarray, budget: Budget
) -> tuple[Floats, np.ndarray]:
    """Return percentile points and tiers between both harms of the firms at some places."""
    ordered, cuts = np.sort(harm), budget.cuts(harm)
    place = 100 * np.searchsorted(ordered, after, side="right") / len(ordered)
    tier = np.searchsorted(cuts, after, side="left") - np.searchsorted(cuts, harm[at], side="left")
    return place - percentile(harm)[at], tier
