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
        "## Inspectors",
        _inspectors(facts["inspectors"]),
        "",
        "## What to know",
        *[f"- {note}" for note in facts["notes"]],
        "- Inspections are a selected sample: rates hold for firms like those inspected.",
        "- Intervals of the likelihood hold the Venn-Abers interval and 90 % of the repeated fits: the doubt "
        "about firms with such records. Those of the severity hold the harm of single "
        "violations, not its mean.",
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


def _inspectors(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "How much inspectors differ was not measured; the likelihood takes them for alike."
    done = (
        "Their effects were taken out of the labels: the likelihood is that of an average inspector"
        if found["corrected"]
        else "That cannot be told from none, and nothing was taken out"
    )
    return (
        f"At equal risk, {found['groups']} inspectors (or groups that visit together) differ by a "
        f"standard deviation of {found['spread']:.2f} in log-odds (95 % interval "
        f"{found['spread_low']:.2f} to {found['spread_high']:.2f}; {found['visits']} visits; shrunken "
        f"effects {found['least_effect']:+.2f} to {found['most_effect']:+.2f}). {done}. No input of a "
        "model reads who visited."
    )


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
