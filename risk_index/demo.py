"""All steps in a row: on given records, or on a synthetic world whose truth is known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from risk_index import pipeline
from risk_index.pipeline import Say, Source
from risk_index.report import write_report
from risk_index.world import load_world_settings, write_world

CAPACITY_SHOWN = 0.05
FIRST_ROWS = 10


def run_all(source: Source, as_of: dt.date, out: Path, say: Say) -> dict[str, Any]:
    """Check, fit, rank and report into the folder `out`; return the facts of the fit."""
    quality = pipeline.check(source, out / "check")
    for failure in quality.failures:
        say(f"- {failure}")
    facts = pipeline.fit(source, as_of, out / "fit", say)
    pipeline.rank(source, as_of, out / "fit", out / "ranked.csv", say)
    write_report(out / "fit", out / "ranked.csv", out / "report.html")
    return facts


def make_world(out: Path, n_firms: int, seed: int, say: Say) -> dt.date:
    """Write a synthetic registry; return the date to fit and rank at."""
    settings = load_world_settings()
    write_world(
        out,
        n_firms,
        seed,
        settings,
        progress=lambda done, total: say(f"{done} of {total} firms written"),
    )
    return settings.as_of


def demonstrate(out: Path, n_firms: int, seed: int, say: Say) -> None:
    """Run everything on a synthetic world and show the first rows of the ranking."""
    as_of = make_world(out / "world", n_firms, seed, say)
    run_all(Source(out / "world" / "records"), as_of, out, say)
    ranked = pd.read_csv(out / "ranked.csv", dtype={"firm_id": str}, encoding="utf-8-sig")
    truth = pd.read_parquet(out / "world" / "truth.parquet")
    found, best = harm_captured(ranked, truth, CAPACITY_SHOWN)
    shown = ranked.head(FIRST_ROWS)[
        ["rank", "firm_id", "name", "index", "tier", "inspections_per_year", "reason_1"]
    ]
    say(shown.to_string(index=False, max_colwidth=70))
    say(
        f"Of the harm that {CAPACITY_SHOWN:.0%} of firms with the highest true risk would show, the first "
        f"{CAPACITY_SHOWN:.0%} of this ranking hold {found / best:.1%} (the world's truth is known)."
    )
    say(f"ranking: {out / 'ranked.csv'}")
    say(
        f"Read next: {out / 'report.html'} (how good it is), {out / 'fit' / 'card.md'} (what it rests on), "
        "README.md (your own records)."
    )


def harm_captured(ranked: pd.DataFrame, truth: pd.DataFrame, share: float) -> tuple[float, float]:
    """Return the true expected harm in the first `share` of the ranking, and the most there could be."""
    joined = ranked.merge(truth[["firm_id", "expected_harm"]], on="firm_id", suffixes=("", "_true"))
    count = round(share * len(joined))
    first = joined.sort_values("rank").head(count).expected_harm_true.sum()
    return float(first), float(joined.expected_harm_true.nlargest(count).sum())
