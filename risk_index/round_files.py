"""What a ranking leaves for the draw: the sampling frame, and how the capacity was spread."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb

from features.reading import literal
from risk_index.allocation import Allocation
from risk_index.digest import file_sha256
from risk_index.frame_columns import BILLION, FRAME_COLUMNS
from risk_index.frequency import Round

DECIMALS = ("likelihood", "expected_harm")


def write_frame(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the sampling frame: every firm's chance in billionths, in the order of identifiers.

    It lists every firm's chance and stays sealed until the draw is checked.
    """
    columns = ", ".join(
        f"printf('%.9f', {name}) AS {name}" if name in DECIMALS else name for name in FRAME_COLUMNS
    )
    con.execute(
        f"COPY (SELECT {columns} FROM scored JOIN placed USING (firm_key) ORDER BY firm_key) "
        f"TO {literal(path)} (FORMAT csv, HEADER true)"
    )


def write_round(
    plan: Round, allocation: Allocation, folder: Path, model_version: str, as_of: dt.date
) -> dict[str, Any]:
    """Write how the capacity was spread, with the hashes of ranking and frame; return it."""
    facts = facts_of(plan, allocation) | {
        "as_of": as_of.isoformat(),
        "model_version": model_version,
        "ranked_sha256": file_sha256(folder / "ranked.csv"),
        "frame_sha256": file_sha256(folder / "frame"),
    }
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True)
    (folder / "round").write_text(text, encoding="utf-8")
    return facts


def facts_of(plan: Round, allocation: Allocation) -> dict[str, Any]:
    """Return the plan in figures: method, edges of tiers, both arms, strata, campaigns, moves."""
    visits = int(plan.firms.probability_ppb.sum()) / BILLION
    floor = int(plan.firms.floor_ppb.sum()) / BILLION
    return {
        "firms": len(plan.firms),
        "firms_without_chance": int((plan.firms.probability_ppb == 0).sum()),
        "capacity": plan.capacity,
        "capacity_unit": plan.unit,
        "visits": visits,
        "visits_floor_arm": floor,
        "visits_index_arm": round(visits - floor, 9),
        "method": allocation.steepness.method,
        "rounds_per_year": allocation.rounds_per_year,
        "tier_rule": allocation.tiers.rule,
        "tier_edges": [float(edge) if abs(edge) < 1e6 else None for edge in plan.edges],
        "borderline": plan.borderline,
        "tiers": {k: int(v) for k, v in plan.firms.tier.value_counts().sort_index().items() if v},
        "strata": plan.strata.round(9).to_dict("records"),
        "campaigns": plan.campaigns.to_dict("records"),
        "moves": None if plan.churn is None else plan.churn.to_dict("index"),
        "known_last_round": None if plan.churn is None else known_before(plan),
        "moved": None if plan.churn is None else moved(plan),
    }


def known_before(plan: Round) -> int:
    """Return the number of firms that the last round's ranking has as well."""
    assert plan.churn is not None
    return int(plan.churn.drop(index="new").to_numpy().sum())


def moved(plan: Round) -> float | None:
    """Return the share of these firms whose tier changed; None where there are none."""
    assert plan.churn is not None
    known = plan.churn.drop(index="new")
    same, n = sum(int(known.loc[tier, tier]) for tier in known.index), known_before(plan)
    return 1 - same / n if n else None
