"""The model card: what the model is for, what it rests on, how well it does, what it must not do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.catalogue import in_use

PURPOSE = """An internal aid that orders random inspections within the inspectors' capacity. It is no credit
rating, carries no punishment, and no output field may feed one. Every firm keeps a chance of being
drawn, a published yearly ceiling, and a right to its reasons."""


def model_card(facts: Mapping[str, Any]) -> str:
    """Return the card of a fit as Markdown."""
    lines = [
        f"# Model card: {facts['model_version']}",
        "",
        "## Purpose",
        PURPOSE,
        "",
        "## What it learnt from",
        f"Records known by {facts['as_of']}; {facts['n_examples']} examples from "
        f"{facts['n_inspections']} inspections; label: violation at the next planned inspection within "
        f"{facts['horizon_days']} days; severity: harm of such a violation "
        f"(form: {facts['severity_form']}).",
        f"Content of the tables: {', '.join(f'{k} {v}' for k, v in facts['fingerprint'].items())}.",
        "",
        "## How well it does",
        f"Fitted anew on {facts['judged_on']} and judged on what came after:",
        "",
        *_table(facts["metrics"]),
        "",
        "## What to know",
        *[f"- {note}" for note in facts["notes"]],
        "- Inspections are a selected sample: rates hold for firms like those inspected.",
        "- Intervals of the likelihood are Venn-Abers, those of the severity hold the harm of single "
        "violations, not its mean.",
        "",
        "## What reaches the records",
        *_rates(facts.get("reporting_rates", [])),
        "",
        "## Inputs",
        "",
        "| feature | unit | table | likelihood | severity | basis |",
        "|---|---|---|---|---|---|",
        *[
            f"| {f.title} | {f.unit} | {f.table} | {_use(f.likelihood)} | {_use(f.severity)} | {f.basis} |"
            for f in in_use()
        ],
    ]
    return "\n".join(lines) + "\n"


def _rates(rates: list[dict[str, Any]]) -> list[str]:
    """Return the reporting rates in use by region: lowest and highest of its sources."""
    if not rates:
        return ["No reporting rate is stated and none could be estimated: all counts as reported."]
    methods = ", ".join(sorted({row["method"] for row in rates}))
    regions: dict[str, list[dict[str, Any]]] = {}
    for row in rates:
        regions.setdefault(row["region"], []).append(row)
    return [
        f"Method: {methods}. A link audit tells ratios: the best region is set to 1. All rows with their "
        "bounds stand in `metrics.json`.",
        "",
        "| region | sources | lowest rate | highest rate | least bound | greatest bound |",
        "|---|---|---|---|---|---|",
        *[_region(region, rows) for region, rows in sorted(regions.items())],
    ]


def _region(region: str, rows: list[dict[str, Any]]) -> str:
    rates = [row["reporting_rate"] for row in rows]
    low = min((row["low"] for row in rows if row["low"] is not None), default=None)
    high = max((row["high"] for row in rows if row["high"] is not None), default=None)
    cells = [region, str(len(rows)), *map(_figure, (min(rates), max(rates), low, high))]
    return f"| {' | '.join(cells)} |"


def _use(direction: int | None) -> str:
    return {None: "", 0: "free", 1: "raises", -1: "lowers"}[direction]


def _table(metrics: list[dict[str, Any]]) -> list[str]:
    wanted = ("auc", "brier", "calibration_slope", "violations_at_10", "harm_at_10")
    rows: dict[str, dict[str, float]] = {}
    for row in metrics:
        rows.setdefault(row["method"], {})[row["metric"]] = row["value"]
    if not rows:
        return ["Not judged."]
    return [
        f"| method | {' | '.join(wanted)} |",
        "|---|" + "---|" * len(wanted),
        *[
            f"| {method} | {' | '.join(_figure(values.get(name)) for name in wanted)} |"
            for method, values in rows.items()
        ],
    ]


def _figure(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3f}"
