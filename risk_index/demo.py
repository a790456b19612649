"""All steps in a row: on given records, or on a synthetic world whose truth is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from risk_index import pipeline
from risk_index.fairness.audit import Asked, audit, gate_of
from risk_index.pipeline import Say, Source
from risk_index.progress import steps
from risk_index.ranked_rows import read_ranked
from risk_index.ranking import Form
from risk_index.report.drift import Run
from risk_index.report.writing import Shown, write_report
from risk_index.texts import ENGLISH, Texts
from risk_index.world import PLANTED, load_world_settings, write_world

CAPACITY_SHOWN = 0.05
FIRST_ROWS = 10


@dataclass(frozen=True)
class Wanted:
    """What `run_all` may be given besides records, day and folder.

    Attributes
    ----------
    attributes, waivers : Path or None
        For the fairness audit.
    against : Path or None
        Folder of an earlier run, for the report's section on drift.
    words : Texts
        Language of the ranking and the report.
    """

    attributes: Path | None = None
    waivers: Path | None = None
    against: Path | None = None
    words: Texts = ENGLISH


def run_all(
    source: Source, as_of: dt.date, out: Path, say: Say, wanted: Wanted | None = None
) -> dict[str, Any]:
    """Check, fit, audit, rank and report into the folder `out`; return the facts of the fit.

    The fairness audit needs attributes; without them nothing is audited, and that is said.

    Raises
    ------
    AuditStops
        Where the audit finds a RED that no waiver signs for: there is no ranking then.
    UserError
        Where the earlier run is none; that is told before anything is done.
    """
    wanted = wanted or Wanted()
    if wanted.against is not None:
        Run.earlier(wanted.against)
    facts = _checked_and_fitted(source, as_of, out, say)
    if wanted.attributes is None:
        say("note: no file of attributes was given, so the fit was not audited")
    else:
        asked = Asked(waivers=wanted.waivers)
        found = audit(source, out / "fit", wanted.attributes, out / "audit", say, asked)
        gate_of(found).refuse(str(out / "audit" / "audit.html"))
    _ranked_and_reported(source, as_of, out, say, wanted)
    return facts


def _checked_and_fitted(source: Source, as_of: dt.date, out: Path, say: Say) -> dict[str, Any]:
    quality = pipeline.check(source, out / "check")
    for line in quality.recognised:
        say(line)
    for failure in quality.failures:
        say(f"- {failure}")
    return pipeline.fit(source, as_of, out / "fit", say)


def _ranked_and_reported(
    source: Source, as_of: dt.date, out: Path, say: Say, wanted: Wanted
) -> None:
    ranked, audited = out / "ranked.csv", out / "audit" if wanted.attributes else None
    pipeline.rank(source, as_of, out / "fit", ranked, say, form=Form(wanted.words))
    say("writing the report")
    shown = Shown(ranked, audited, wanted.against, wanted.words)
    write_report(out / "fit", out / "report.html", shown)


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


def demonstrate(
    out: Path, n_firms: int, seed: int, say: Say, words: Texts = ENGLISH
) -> dict[str, Any]:
    """Run everything on a synthetic world, show the first rows of the ranking; return the fit's facts.

    Its past holds something against older representatives and badly reviewed firms; the audit has to
    find that, and the ranking is made all the same, to be looked at.
    """
    as_of = make_world(out / "world", n_firms, seed, say, PLANTED)
    source = Source(out / "world" / "records")
    facts = _checked_and_fitted(source, as_of, out, say)
    attributes = out / "world" / "attributes.parquet"
    found = audit(source, out / "fit", attributes, out / "audit", say)
    _ranked_and_reported(source, as_of, out, say, Wanted(attributes, words=words))
    ranked = read_ranked(out / "ranked.csv")
    ranked = ranked.assign(rank=ranked["rank"].astype(int))
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
    return facts


def harm_captured(ranked: pd.DataFrame, truth: pd.DataFrame, share: float) -> tuple[float, float]:
    """Return the true expected harm in the first `share` of the ranking, and the most there could be."""
    joined = ranked.merge(truth[["firm_id", "expected_harm"]], on="firm_id", suffixes=("", "_true"))
    count = round(share * len(joined))
    first = joined.sort_values("rank").head(count).expected_harm_true.sum()
    return float(first), float(joined.expected_harm_true.nlargest(count).sum())
