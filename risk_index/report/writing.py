"""The report as one self-contained HTML file: a fit and, where given, its ranking, audit and past."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from risk_index.card_rows import figure, group_figures, named_places, verdicts
from risk_index.errors import UserError
from risk_index.parts import of_part
from risk_index.ranked_xlsx import COLOURS
from risk_index.ranking import beside
from risk_index.report.drawn import pictures
from risk_index.report.drift import Drift, Run, drift_since
from risk_index.report.firms import DECIMALS, SHOWN, ranked_firms
from risk_index.report.words import METHODS, METRICS, PICTURES, titled
from risk_index.strata import ALL
from risk_index.templates import templates_beside
from risk_index.texts import ENGLISH, Texts

MARKER = '<meta name="generator" content="risk-index report">'
"""How a report begins, so that no other file is written over."""
OLDER_MARKER = "<title>Risk index: "
BEGINNING = 400
MOST_FLAGS = 20
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Shown:
    """What the report shows besides the fit.

    Attributes
    ----------
    ranked : Path or None
        Its ranking.
    audited : Path or None
        Folder of its audit.
    against : Path or None
        Folder of an earlier run, to tell what moved.
    words : Texts
        The language.
    """

    ranked: Path | None = None
    audited: Path | None = None
    against: Path | None = None
    words: Texts = ENGLISH


def write_report(run: Path, out: Path, shown: Shown | None = None) -> None:
    """Write the report of the fit in folder `run` to `out`.

    Raises
    ------
    UserError
        Where the folder holds no fit, the audit is none of it, or `out` is something else than a report.
    """
    _refuse_other(out)
    page = _rendered(run, shown or Shown())
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(out)


def _refuse_other(out: Path) -> None:
    """Refuse to write over anything but an earlier report."""
    if not out.exists():
        return
    begins = b"" if out.is_dir() else out.read_bytes()[:BEGINNING]
    if not any(marker.encode() in begins for marker in (MARKER, OLDER_MARKER)):
        raise UserError(f"{out} exists and is no report: name a new file such as report.html")


def _rendered(run: Path, shown: Shown) -> str:
    facts, words = _facts(run), shown.words
    language = "zh-CN" if words.language == "zh" else words.language
    return templates_beside(__file__).get_template("report.html.j2").render(
        say=words.say,
        count=words.count,
        language=language,
        foreign=words.language != "en",
        marker=MARKER,
        titled=lambda by, name: titled(by, name, words),
        facts=facts,
        quality=json.loads((run / "quality.json").read_text(encoding="utf-8")),
        parts=_metric_parts(facts),
        leading={(r["method"], r["metric"]): figure(r) for r in of_part(facts)},
        groups=[row | {"cells": group_figures(row)} for row in facts["calibration_by_group"]],
        unseen=named_places(facts["overlap"]["unseen"]) if facts["overlap"] else "",
        pictures=pictures(run / "pictures", words, language),
        picture_words=PICTURES,
        firms=ranked_firms(shown.ranked) if shown.ranked else None,
        firm_columns=SHOWN,
        numbers=DECIMALS,
        firms_script=(HERE / "firms.js").read_text(encoding="utf-8"),
        round=_round(shown.ranked),
        audit=_audit(shown.audited, facts["model_version"]),
        most_flags=MOST_FLAGS,
        every_stratum=ALL,
        verdicts=verdicts,
        drift=_drift(run, facts, shown),
        metrics=METRICS,
        methods=METHODS,
        colours=COLOURS,
    )  # fmt: skip


def _facts(run: Path) -> dict[str, Any]:
    if not (run / "metrics.json").is_file():
        raise UserError(f"{run} holds no fit (metrics.json is missing): name the folder of a fit")
    facts: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    if missing := {"part", "overlap", "calibration_by_group"} - facts.keys():
        raise UserError(
            f"{run / 'metrics.json'} lacks {', '.join(sorted(missing))}: it is of another version of this "
            "program; fit anew"
        )
    return facts


def _metric_parts(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts judged, the leading one first: name, counts, and a row of cells a method."""
    found = []
    for part in dict.fromkeys(row["part"] for row in facts["metrics"]):
        rows: dict[str, dict[str, str]] = {}
        for row in of_part(facts, part):
            rows.setdefault(row["method"], {})[row["metric"]] = figure(row)
        methods = [{"method": method, "cells": cells} for method, cells in rows.items()]
        found.append({"part": part, "counts": methods[0]["cells"], "methods": methods})
    return found


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


def _drift(run: Path, facts: dict[str, Any], shown: Shown) -> Drift | None:
    if shown.against is None:
        return None
    now = Run(run, shown.ranked, facts)
    return drift_since(Run.earlier(shown.against), now, shown.words)
