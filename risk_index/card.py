"""The model card: what the model is for, what it rests on, how well it does, what it must not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.catalogue import in_use
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

PURPOSE = """An internal aid that orders random inspections within the inspectors' capacity. It is no credit
rating, carries no punishment, and no output field may feed one. Every firm keeps a chance of being
drawn, a published yearly ceiling, and a right to its reasons."""
ALWAYS = (
    "Inspections are a selected sample. Random draws of known chance stand for all firms; what rests on "
    "other visits holds for firms like those inspected.",
    "Intervals of the likelihood hold the Venn-Abers interval and 90 % of the repeated fits: the doubt about "
    "firms with such records. Those of the severity hold the harm of single violations, not its mean.",
)
"""What is to be known of every fit."""


def model_card(facts: Mapping[str, Any]) -> str:
    """Return the card of a fit as Markdown."""
    lines = [
        f"# Model card: {facts['model_version']}",
        "",
        "## Purpose",
        PURPOSE,
        "",
        "## What it learnt from",
        *_learnt(facts),
        "",
        "## How well it does",
        *_judged(facts),
        "",
        "## Whom it can speak for",
        *_overlap(facts["overlap"]),
        "",
        "## Inspectors",
        _inspectors(facts["inspectors"]),
        "",
        "## What to know",
        *[f"- {note}" for note in (*facts["notes"], *ALWAYS)],
        "",
        "## What reaches the records",
        *_rates(facts["reporting_rates"]),
        "",
        "## Inputs",
        "",
        *_inputs(),
    ]
    return "\n".join(lines) + "\n"


def _learnt(facts: Mapping[str, Any]) -> list[str]:
    return [
        f"Records known by {facts['as_of']}; {facts['n_examples']} examples from "
        f"{facts['n_inspections']} inspections; label: violation at the next planned inspection within "
        f"{facts['horizon_days']} days; severity: harm of such a violation "
        f"(form: {facts['severity_form']}).",
        f"Content of the tables: {', '.join(f'{k} {v}' for k, v in facts['fingerprint'].items())}.",
    ]


def _inputs() -> list[str]:
    return [
        "| feature | unit | table | likelihood | severity | basis |",
        "|---|---|---|---|---|---|",
        *[
            f"| {f.title} | {f.unit} | {f.table} | {_use(f.likelihood)} | {_use(f.severity)} | {f.basis} |"
            for f in in_use()
        ],
    ]


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
    numbers = (min(rates), max(rates), low, high)
    cells = [region, str(len(rows)), *("" if n is None else f"{n:.3f}" for n in numbers)]
    return f"| {' | '.join(cells)} |"


def _use(direction: int | None) -> str:
    return {None: "", 0: "free", 1: "raises", -1: "lowers"}[direction]


def _judged(facts: Mapping[str, Any]) -> list[str]:
    """Return the metrics of every part, the leading one first, and calibration by group."""
    if not facts["metrics"]:
        return ["Not judged."]
    lines = [
        f"Fitted anew on {facts['judged_on']} and judged on what came after, weighted, with 95 % "
        "intervals and the effective number of visits (n_eff)."
    ]
    for part in dict.fromkeys(row["part"] for row in facts["metrics"]):
        lines += ["", f"### On {part}", "", *_table(of_part(facts, part))]
    lines += ["", f"### Calibration of the likelihood by group, on {facts['part']}", ""]
    return lines + _groups(facts["calibration_by_group"])


def _table(metrics: list[dict[str, Any]]) -> list[str]:
    rows: dict[str, dict[str, str]] = {}
    for row in metrics:
        rows.setdefault(row["method"], {})[row["metric"]] = figure(row)
    return [
        f"| method | {' | '.join(WANTED)} |",
        "|---|" + "---|" * len(WANTED),
        *[
            f"| {method} | {' | '.join(values.get(name, '') for name in WANTED)} |"
            for method, values in rows.items()
        ],
    ]


def _groups(groups: list[dict[str, Any]]) -> list[str]:
    told = [row for row in groups if not row["note"]]
    untold = [f"{row['by']} {row['group']}" for row in groups if row["note"]]
    lines = [
        f"| by | group | n_eff | violations | {' | '.join(BY_GROUP)} |",
        "|---|---|---|---|" + "---|" * len(BY_GROUP),
        *[
            f"| {row['by']} | {row['group']} | {row['n_eff']:.0f} | {row['violations']} | "
            f"{' | '.join(group_figures(row))} |"
            for row in told
        ],
    ]
    if not untold:
        return lines
    return [
        *(lines if told else []),
        "",
        f"{INSUFFICIENT.capitalize()} (n_eff below {LEAST_N_EFF}, or under {LEAST_OF_EACH} of either "
        f"outcome) for {len(untold)} of {len(groups)} groups: {named_places(untold)}.",
    ]


def _overlap(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return ["Not known."]
    lines = [
        f"{found['rows']} labelled rows, {found['rows_unknown']} of them from visits of unknown chance; "
        f"untrimmed weights: n_eff {found['n_eff']:.0f}, the largest {found['largest_weight']:.3g} times "
        f"the mean. Visits of unknown chance: {found['verdict']}."
    ]
    if found["sampled"]:
        lines.append(
            f"Their chance was estimated beside {found['sampled']} rows of firms not visited (AUC "
            f"{found['auc']:.3f}; 0.5 would be a random draw)."
        )
    if found["unseen"]:
        lines.append(f"No visit of unknown chance in: {named_places(found['unseen'])}.")
    return lines


def named_places(names: Sequence[str]) -> str:
    """Return the first places by name, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


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
