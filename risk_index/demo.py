"""All steps in a row: on given records, or on a synthetic world whose truth is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from risk_index import pipeline
from risk_index.fairness.audit import Asked, audit, gate_of
from risk_index.pipeline import Say, Source
from risk_index.progress import steps
from risk_index.report import write_report
from risk_index.world import PLANTED, load_world_settings, write_world

CAPACITY_SHOWN = 0.05
FIRST_ROWS = 10


def run_all(
    source: Source,
    as_of: dt.date,
    out: Path,
    say: Say,
    attributes: Path | None = None,
    waivers: Path | None = None,
) -> dict[str, Any]:
    """Check, fit, audit, rank and report into the folder `out`; return the facts of the fit.

    The fairness audit needs `attributes`; without them nothing is audited, and that is said.

    Raises
    ------
    AuditStops
        Where the audit finds a RED that no waiver signs for: there is no ranking then.
    """
    facts = _checked_and_fitted(source, as_of, out, say)
    if attributes is None:
        say("note: no file of attributes was given, so the fit was not audited")
    else:
        found = audit(source, out / "fit", attributes, out / "audit", say, Asked(waivers=waivers))
        gate_of(found).refuse(str(out / "audit" / "audit.html"))
    _ranked_and_reported(source, as_of, out, say, audited=attributes is not None)
    return facts


def _checked_and_fitted(source: Source, as_of: dt.date, out: Path, say: Say) -> dict[str, Any]:
    quality = pipeline.check(source, out / "check")
    for line in quality.recognised:
        say(line)
    for failure in quality.failures:
        say(f"- {failure}")
    return pipeline.fit(source, as_of, out / "fit", say)


def _ranked_and_reported(
    source: Source, as_of: dt.date, out: Path, say: Say, audited: bool
) -> None:
    pipeline.rank(source, as_of, out / "fit", out / "ranked.csv", say)
    write_report(
        out / "fit", out / "ranked.csv", out / "report.html", out / "audit" if audited else None
    )


def make_world(
    out: Path, n_firms: int, seed: int, say: Say, planted: Mapping[str, Any] | None = None
) -> dt.date:
    """Write a synthetic registry; return the date to fit and rank at."""
    settings = load_world_settings(**(planted or {}))
    say(f"writing a registry of {n_firms} firms")
    with steps("writing", n_firms, "firms") as more:
        written = 0

        def progress(done: int, total: int) -> None:
            nonlocal written
            more(done - written)
            written = done

        write_world(out, n_firms, seed, settings, progress=progress)
    return settings.as_of


def demonstrate(out: Path, n_firms: int, seed: int, say: Say) -> None:
    """Run everything on a synthetic world and show the first rows of the ranking.

    Its past holds something against older representatives and badly reviewed firms; the audit has to
    find that, and the ranking is made all the same, to be looked at.
    """
    as_of = make_world(out / "world", n_firms, seed, say, PLANTED)
    source = Source(out / "world" / "records")
    _checked_and_fitted(source, as_of, out, say)
    attributes = out / "world" / "attributes.parquet"
    found = audit(source, out / "fit", attributes, out / "audit", say)
    _ranked_and_reported(source, as_of, out, say, audited=True)
    ranked = pd.read_csv(out / "ranked.csv", dtype={"firm_id": str}, encoding="utf-8-sig")
    truth = pd.read_parquet(out / "world" / "truth.parquet")
    captured, best = harm_captured(ranked, truth, CAPACITY_SHOWN)
    shown = ranked.head(FIRST_ROWS)[
        ["rank", "firm_id", "name", "index", "tier", "inspections_per_year", "reason_1"]
    ]
    say(shown.to_string(index=False, max_colwidth=70))
    say(
        f"Of the harm that {CAPACITY_SHOWN:.0%} of firms with the highest true risk would show, the first "
        f"{CAPACITY_SHOWN:.0%} of this ranking hold {captured / best:.1%} (the world's truth is known)."
    )
    for line in found.lines():
        say(line)
    say(f"ranking: {out / 'ranked.csv'}")
    say(
        f"Read next: {out / 'report.html'} (how good it is), {out / 'audit' / 'audit.html'} (what stands in "
        f"for what), {out / 'fit' / 'card.md'} (what it rests on), README.md (your own records)."
    )


def harm_captured(ranked: pd.DataFrame, truth: pd.DataFrame, share: float) -> tuple[float, float]:
    """Return the true expected harm in the first `share` of the ranking, and the most there could be."""
    joined = ranked.merge(truth[["firm_id", "expected_harm"]], on="firm_id", suffixes=("", "_true"))
    count = round(share * len(joined))
    first = joined.sort_values("rank").head(count).expected_harm_true.sum()
    return float(first), float(joined.expected_harm_true.nlargest(count).sum())
