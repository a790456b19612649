"""Figures and rows of the card's tables, as texts: from the facts of a fit and of its audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.catalogue import in_use
from features.schema import TABLES
from risk_index.calibration_groups import INSUFFICIENT, LEAST_N_EFF, LEAST_OF_EACH
from risk_index.parts import of_part

COUNTS = ("rows", "violations", "n_eff")
WANTED = (
    "n_eff",
    "base_rate",
    "auc",
    "brier",
    "calibration_slope",
    "calibration_intercept",
    "violations_at_10",
    "harm_at_10",
)
BY_GROUP = ("slope", "intercept", "observed_to_expected")
MOST_NAMED = 5
MOST_FINDINGS = 20
USE = {None: "", 0: "free", 1: "raises", -1: "lowers"}
NO_INPUT = "no input counts it; it says how others count"
Rows = list[list[str]]


def methods_of(facts: Mapping[str, Any], part: str) -> Rows:
    """Return a row of figures for every method judged on a part."""
    found: dict[str, dict[str, str]] = {}
    for row in of_part(facts, part):
        found.setdefault(row["method"], {})[row["metric"]] = figure(row)
    return [[name, *(cells.get(m, "") for m in WANTED)] for name, cells in found.items()]


def groups_told(groups: list[dict[str, Any]]) -> Rows:
    """Return a row of figures for every group of which there is enough to tell."""
    return [
        [
            row["by"],
            row["group"],
            f"{row['n_eff']:.0f}",
            str(row["violations"]),
            *group_figures(row),
        ]
        for row in groups
        if not row["note"]
    ]


def groups_untold(groups: list[dict[str, Any]]) -> str:
    """Return a sentence on the groups of which there is too little; empty where there are none."""
    untold = [f"{row['by']} {row['group']}" for row in groups if row["note"]]
    if not untold:
        return ""
    return (
        f"{INSUFFICIENT.capitalize()} (n_eff below {LEAST_N_EFF}, or under {LEAST_OF_EACH} of either "
        f"outcome) for {len(untold)} of {len(groups)} groups: {named_places(untold)}."
    )


def regions_of(rates: list[dict[str, Any]]) -> Rows:
    """Return the reporting rates in use by region: lowest and highest of its sources, and bounds."""
    regions: dict[str, list[dict[str, Any]]] = {}
    for row in rates:
        regions.setdefault(row["region"], []).append(row)
    return [_region(region, rows) for region, rows in sorted(regions.items())]


def _region(region: str, rows: list[dict[str, Any]]) -> list[str]:
    rates = [row["reporting_rate"] for row in rows]
    low = min((row["low"] for row in rows if row["low"] is not None), default=None)
    high = max((row["high"] for row in rows if row["high"] is not None), default=None)
    numbers = (min(rates), max(rates), low, high)
    return [region, str(len(rows)), *("" if n is None else f"{n:.3f}" for n in numbers)]


def inputs() -> Rows:
    """Return a row for every input in use: title, unit, table, uses and legal basis."""
    return [
        [f.title, f.unit, f.table, USE[f.likelihood], USE[f.severity], f.basis] for f in in_use()
    ]


def sources(records: list[dict[str, Any]]) -> Rows:
    """Return a row for every table of the records: what it holds, and the legal basis of its inputs."""
    meaning = {table.name: table.meaning for table in TABLES}
    bases: dict[str, dict[str, None]] = {}
    for feature in in_use():
        bases.setdefault(feature.table, {})[feature.basis] = None
    return [
        [row["table"], meaning[row["table"]], "; ".join(bases.get(row["table"], ())) or NO_INPUT]
        for row in records
    ]


def accepted(records: list[dict[str, Any]]) -> Rows:
    """Return a row for every table of the records: rows read, accepted, and the share of both."""
    return [
        [
            row["table"],
            str(row["n_read"]),
            str(row["n_accepted"]),
            f"{row['n_accepted'] / row['n_read']:.1%}" if row["n_read"] else "",
        ]
        for row in records
    ]


def verdicts(flags: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many findings an audit has of each verdict, the gravest first as they stand."""
    counts: dict[str, int] = {}
    for flag in flags:
        counts[flag["verdict"]] = counts.get(flag["verdict"], 0) + 1
    return counts


def findings(flags: list[dict[str, Any]], verdict: str) -> str:
    """Return the findings of a verdict in words: input for attribute and group."""
    said = [
        f"{f['input']} for {f['attribute']} {f['group']}".rstrip()
        for f in flags
        if f["verdict"].startswith(verdict)
    ]
    return named_places(said, MOST_FINDINGS)


def burdens(found: list[dict[str, Any]]) -> Rows:
    """Return a row for every group whose burden at equal risk was measured."""
    return [
        [row["attribute"], row["group"], str(row["n"]), figure(row["ratio"])]
        for row in found
        if row["ratio"]["value"] is not None
    ]


def named_places(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """Return the first places by name, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def group_figures(row: Mapping[str, Any]) -> list[str]:
    """Return the figures of a group with their intervals, or why there are none."""
    return [
        row["note"]
        or figure({"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]})
        for name in BY_GROUP
    ]


def figure(row: Mapping[str, Any]) -> str:
    """Return `value [low, high]`; counts are whole, and what is not known is empty."""
    value, low, high = row["value"], row["low"], row["high"]
    if value is None or value != value:
        return ""
    if row.get("metric") in COUNTS:
        return f"{value:.0f}"
    if low is None or low != low or high is None or high != high:
        return f"{value:.3f}"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
