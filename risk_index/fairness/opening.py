"""From records, a fit and an attributes file to the rows of an audit, with their attributes beside them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.asof import Snapshot, snapshot_of_rows
from features.catalogue import in_use
from features.matrix import matrix
from features.records import Records
from models.fitted import FittedModel
from risk_index.fairness.attributes import Joined, join
from risk_index.fairness.burden import Budget
from risk_index.fairness.case import Case, open_case
from risk_index.fairness.config import FairnessConfig
from risk_index.fairness.refits import Firms
from risk_index.learners import controllers
from risk_index.pipeline import registry, saved_model
from risk_index.settings import Settings, load_settings
from risk_index.training import training_set

OF_THE_FIT = (
    "horizon_days", "grid_months", "history_years", "group_folds", "fitting_weights",
    "learn_from", "most_examples", "expiry_days_minor", "expiry_days_moderate", "expiry_days_serious",
)  # fmt: skip
"""Settings that shape examples and inputs: the audit must look at those that the model learnt from."""
MOST_REGISTRY = 20_000


@dataclass(frozen=True, eq=False)
class Opened:
    """Rows of an audit with their attributes.

    Attributes
    ----------
    case : Case
    joined : Joined
        Attributes of the case's rows.
    firm_id : Series, shape (n,)
    n_firms : int
        Open firms of the registry.
    notes : tuple of str
    """

    case: Case
    joined: Joined
    firm_id: pd.Series
    n_firms: int
    notes: tuple[str, ...]


def fitted(run: Path) -> tuple[FittedModel, dt.date]:
    """Return the model of a fit and its day.

    Raises
    ------
    UserError
        Where it was fitted with another catalogue of features.
    """
    model = saved_model(run)
    return model, dt.date.fromisoformat(model.meta["as_of"])


def settings_of_fit(model: FittedModel, as_of: dt.date, overrides: Path | None) -> Settings:
    """Return the settings in force, those that shape the examples as they were at the fit."""
    settings = load_settings(as_of, overrides)
    saved: dict[str, Any] = model.meta.get("settings", {})
    return replace(settings, **{name: saved[name] for name in OF_THE_FIT if name in saved})


def budget(settings: Settings) -> Budget:
    """Return the inspectors' budget by the settings; strata, methods and campaigns are left out."""
    rounds = settings.rounds_per_year
    most = min(settings.ceiling_per_round * rounds, settings.max_inspections_per_year)
    shares = (settings.tier_a_share, settings.tier_b_share, settings.tier_c_share)
    return Budget(settings.capacity_share, settings.floor_per_year, most, settings.exponent, shares)


def opened(
    records: Records,
    model: FittedModel,
    as_of: dt.date,
    settings: Settings,
    sectors: tuple[Any, ...],
    table: pd.DataFrame,
    config: FairnessConfig,
) -> Opened:
    """Put the rows of an audit together and join the attributes to them."""
    seed = settings.plan.seed
    training = training_set(records, as_of, settings.plan, settings.law, sectors)
    snapshot, n_firms = _sampled(records, as_of, settings, sectors, seed)
    firms = _firms(records, snapshot, as_of)
    case = open_case(training, firms, model, budget(settings), seed)
    known = _known(snapshot, config)
    beside = pd.DataFrame({"firm_key": case.firms.firm_key}).merge(
        known, on="firm_key", how="left", validate="m:1"
    )
    joined = join(table, beside, config.attributes, as_of)
    notes = [*case.notes]
    saved = model.meta.get("fingerprint", {})
    now = records.quality.fingerprint
    if moved := not_as_fitted(now, saved):
        notes.append(f"These record tables are not those of the fit: {', '.join(moved)}.")
    return Opened(case, joined, beside.firm_id, n_firms, tuple(notes))


def not_as_fitted(now: dict[str, str], saved: dict[str, str]) -> list[str]:
    """Return the record tables whose content differs from the fit's, those gone or new among them."""
    both = sorted({*now, *saved}) if saved else []
    return [table for table in both if saved.get(table) != now.get(table)]


def _sampled(
    records: Records, as_of: dt.date, settings: Settings, sectors: tuple[Any, ...], seed: int
) -> tuple[Snapshot, int]:
    """Return the snapshot of at most 20,000 open firms, and how many there are."""
    spine = registry(records, as_of, settings, sectors).spine
    keys = spine.select("firm_key").execute().firm_key.sort_values().to_numpy()
    kept = keys
    if len(keys) > MOST_REGISTRY:
        kept = np.sort(np.random.default_rng(seed).choice(keys, MOST_REGISTRY, replace=False))
    rows = pd.DataFrame({"firm_key": kept.astype(np.int32), "as_of": as_of})
    return snapshot_of_rows(records, rows, settings.law, sectors), len(keys)


def _firms(records: Records, snapshot: Snapshot, as_of: dt.date) -> Firms:
    X = matrix(snapshot, in_use())
    owner = X[["firm_key"]].merge(
        controllers(records, as_of, snapshot.spine), on="firm_key", how="left"
    )
    keys = X.firm_key.to_numpy(np.int64)
    return Firms(X.drop(columns=["firm_key", "as_of"]), keys, owner.controller.to_numpy(np.int64))


def _known(snapshot: Snapshot, config: FairnessConfig) -> pd.DataFrame:
    """Return each firm's id and what the records hold of audited attributes, as known on the day.

    As inputs read the records: not before a row was recorded, and not once a later one replaced it.
    """
    wanted = {entry.records: entry for entry in config.attributes.values() if entry.records}
    own = [c.partition(".")[2] for c, e in wanted.items() if e.measure == "value"]
    columns = list(dict.fromkeys(["firm_key", "firm_id", "region", *own]))
    firms = snapshot.known_anywhere("firms").select(*columns).execute()
    known = firms[["firm_key", "firm_id"]].copy()
    for column, entry in wanted.items():
        if entry.measure == "region_reporting":
            known[column] = firms.region.map(_reporting(snapshot))
        else:
            known[column] = firms[column.partition(".")[2]]
    return known


def _reporting(snapshot: Snapshot) -> pd.Series:
    """Return the mean reporting rate of each region's sources, as last audited by the day."""
    sources = snapshot.known_anywhere("sources").select("region", "reporting_rate").execute()
    return sources.groupby("region").reporting_rate.mean()
