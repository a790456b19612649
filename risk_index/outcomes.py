"""What a command wrote where, in names and figures that a machine can rely on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from features.quality import Quality
    from risk_index.ranking import Ranking


def of_world(out: Path, as_of: dt.date) -> dict[str, Any]:
    """Return the files of a synthetic registry, and the day to fit and rank at."""
    return {
        "records": out / "records",
        "attributes": out / "attributes.parquet",
        "truth": out / "truth.parquet",
        "as_of": as_of,
    }


def of_check(quality: Quality, out: Path) -> dict[str, Any]:
    """Return the files of a check and how the tables fared."""
    rejected = out / "rejected"
    return {
        "report": out / "quality.json",
        "rejected": rejected if rejected.is_dir() else None,
        "tables": [vars(table) for table in quality.tables],
        "failures": len(quality.failures),
    }


def of_fit(facts: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Return the files of a fit, its version and its notes."""
    return {
        "model_version": facts["model_version"],
        "as_of": facts["as_of"],
        "model": out / "model",
        "metrics": out / "metrics.json",
        "card": out / "card.md",
        "card_page": out / "card.html",
        "notes": facts["notes"],
    }


def of_ranking(ranking: Ranking) -> dict[str, Any]:
    """Return the files of a ranking, its firms and its tiers."""
    from risk_index.ranking import beside
    from risk_index.whole_ranking import whole_of

    whole = whole_of(ranking.path)
    return {
        "ranked": ranking.path,
        "workbook": ranking.workbook,
        "all_firms": whole if whole.is_dir() else None,
        **beside(ranking.path),
        "firms": ranking.n_firms,
        "tiers": ranking.tier_counts,
        "visits": ranking.facts["visits"],
    }


def of_run(facts: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Return the files of all steps."""
    return {
        "check": out / "check" / "quality.json",
        "fit": of_fit(facts, out / "fit"),
        "ranked": out / "ranked.csv",
        "report": out / "report.html",
    }
