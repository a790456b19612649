"""The first report: one self-contained HTML file of a fit and, where given, its ranking."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jinja2

from risk_index.card_rows import figure, group_figures, named_places
from risk_index.errors import UserError
from risk_index.parts import of_part
from risk_index.ranked_rows import read_ranked
from risk_index.ranking import beside
from risk_index.report_firms import SHOWN, ranked_firms

SHOWN_METRICS = {
    "base_rate": "share of violations",
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
    "violations_at_5": "violations found by 5 % of visits",
    "violations_at_10": "by 10 %",
    "violations_at_20": "by 20 %",
    "harm_at_5": "harm found by 5 % of visits",
    "harm_at_10": "by 10 %",
    "harm_at_20": "by 20 %",
    "lift_at_10": "lift at 10 %",
}
TOP_ROWS = 50
TITLE = "<title>Risk index: "
"""How a report begins, so that no other file is written over."""


def write_report(run: Path, ranked: Path | None, out: Path, audited: Path | None = None) -> None:
    """Write the report of the fit in folder `run` to `out`, with its ranking and its audit.

    Raises
    ------
    UserError
        Where the folder holds no fit, the audit is none of it, or `out` is something else than a report.
    """
    if out.is_dir() or (out.exists() and not out.read_bytes()[:400].count(TITLE.encode())):
        raise UserError(f"{out} exists and is no report: name a new file such as report.html")
    if not (run / "metrics.json").is_file():
        raise UserError(f"{run} holds no fit (metrics.json is missing): name the folder of a fit")
    facts = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    if missing := {"part", "overlap", "calibration_by_group"} - facts.keys():
        raise UserError(
            f"{run / 'metrics.json'} lacks {', '.join(sorted(missing))}: it is of another version of this "
            "program; fit anew"
        )
    quality = json.loads((run / "quality.json").read_text(encoding="utf-8"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        facts=facts,
        quality=quality,
        parts=_metric_parts(facts),
        groups=[row | {"cells": group_figures(row)} for row in facts["calibration_by_group"]],
        unseen=named_places(facts["overlap"]["unseen"]) if facts["overlap"] else "",
        pictures=_pictures(run / "pictures"),
        top=_top(ranked),
        firms=ranked_firms(ranked) if ranked else None,
        firm_columns=SHOWN,
        firms_script=(Path(__file__).parent / "report_firms.js").read_text(encoding="utf-8"),
        round=_round(ranked),
        audit=_audit(audited, facts["model_version"]),
        shown=SHOWN_METRICS,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.partial")
    beside.write_text(page, encoding="utf-8")
    beside.replace(out)


def _metric_parts(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts judged, the leading one first: name, counts, and a row of cells a method."""
    found = []
    for part in dict.fromkeys(row["part"] for row in facts["metrics"]):
        rows: dict[str, dict[str, str]] = {}
        for row in of_part(facts, part):
            rows.setdefault(row["method"].replace("_", " "), {})[row["metric"]] = figure(row)
        methods = [{"method": method, "cells": cells} for method, cells in rows.items()]
        found.append({"part": part, "counts": methods[0]["cells"], "methods": methods})
    return found


def _pictures(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*.png")) if folder.is_dir() else []
    return {f.stem.replace("_", " "): base64.b64encode(f.read_bytes()).decode() for f in files}


def _audit(folder: Path | None, model_version: str) -> dict[str, Any] | None:
    """Return the findings of an audit; None where none is given."""
    if folder is None:
        return None
    file = folder / "audit.json"
    if not file.is_file():
        raise UserError(f"{folder} holds no audit (audit.json is missing): name the folder of one")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if found["model_version"] != model_version:
        raise UserError(
            f"{file} is the audit of model {found['model_version']}, the fit is {model_version}: "
            "audit this fit"
        )
    return found


def _round(ranked: Path | None) -> dict[str, Any] | None:
    """Return the plan of the round beside the ranking; None where it is not there."""
    file = beside(ranked)["round"] if ranked else None
    return json.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else None


def _top(ranked: Path | None) -> list[dict[str, str]]:
    if ranked is None:
        return []
    rows = read_ranked(ranked, n_rows=TOP_ROWS)
    return [{str(k): str(v) for k, v in row.items()} for row in rows.to_dict("records")]
