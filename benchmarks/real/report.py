"""The measurements on real registries as files of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.real.cities import CITIES, City
from benchmarks.real.city_logistic import city_scores
from benchmarks.real.judged import Judged, Say, judge_city
from benchmarks.real.pieces import pieces
from benchmarks.real.probe import probe
from benchmarks.real.slots import PAST_RATE, REPLICATES, days_earlier, own_rates
from benchmarks.real.tables import comparisons, metrics, outcomes
from benchmarks.results import Section, write_result
from benchmarks.worlds import BUILD
from models.metrics import Score
from models.metrics import measure as measured
from risk_index.pipeline import Source

SUSPECT_AUC = 0.70
WITHOUT = (
    "What each piece adds: the fit with it less the fit without it, paired, on the same firms. AUC of the "
    "likelihood, harm of violations found by the first of the index. Pieces that change nothing in this "
    "registry are left out. Propensity weights are not in use: the last row but one is the gain of that."
)


def measure(
    data: Path, names: Sequence[str], with_probe: bool, earlier: Path | None, say: Say
) -> Iterator[Path]:
    """Fit, rank and judge each city, and write its tables.

    `earlier` is a folder with the ``CITY.csv`` that an earlier version ranked.
    """
    for name in names or CITIES:
        city = CITIES[name]
        source, out = city.source(data), BUILD / "real" / name
        judged = judge_city(city, source, out, say)
        scores = judged.scores()
        if name == "chicago":
            scores |= city_scores(data, city.as_of, judged.rows.firm_id)
        sections = [*_tables(judged, scores), *_slots(city, source, judged, scores)]
        auc = measured(outcomes(judged.rows, minor=False), scores["likelihood"])["auc"]
        if with_probe and auc > SUSPECT_AUC:
            found = probe(city, source, judged, say)
            sections.append((f"AUC of the likelihood is over {SUSPECT_AUC}: is it a leak?", found))
        before = None if earlier is None else earlier / f"{name}.csv"
        sections.append((WITHOUT, pieces(city, source, judged, before, say)))
        title = f"{name.capitalize()}, known by {city.as_of}, judged on the {city.horizon_days} days after"
        command = f"python -m benchmarks real DATA --city {name}"
        yield write_result(f"real-{name}", title, command, sections)


def _slots(city: City, source: Source, judged: Judged, scores: dict[str, Score]) -> list[Section]:
    """Tell how many days earlier violations are found, where it is known who visited."""
    rows = judged.rows
    known = rows.inspectors.notna().to_numpy()
    if not known.any():
        return []
    with source.open() as records:
        strict = own_rates(records, city.as_of, rows.inspectors)
    ranks = {name: score.rank for name, score in scores.items()} | {PAST_RATE: strict}
    seen = rows[known]
    sentence = (
        "Days by which violations are found earlier, if the same visits were made in the order of a score: "
        f"the {len(seen):,} visits of those above of which it is known which of {seen.inspectors.nunique()} "
        f"groups of inspectors made them ({seen.violation.sum():.0f} violations; "
        f"{seen.inspected_on.min():%Y-%m-%d} to {seen.inspected_on.max():%Y-%m-%d}). Own slots: each group "
        "keeps its visits and its days. Any slot: visits change places between groups, so that a score that "
        f"tells groups apart finds the strict ones early; *{PAST_RATE}* is shown for that alone. "
        f"Scores are of {city.as_of}; equal ones share their days. 95 % intervals from {REPLICATES:,} "
        "resamples of controllers."
    )
    return [(sentence, days_earlier(seen, {n: r[known] for n, r in ranks.items()}))]


def _tables(judged: Judged, scores: dict[str, object]) -> list[Section]:
    rows = judged.rows
    counted = (
        f"{judged.n_ranked:,} firms ranked. {judged.n_inspected:,} firms had a planned inspection in time, "
        f"{len(rows):,} of them ranked; {rows.violation.mean():.3f} of these in violation. 95 % intervals "
        "from 1,000 resamples of controllers. Shares of violations and of harm found by the given share of "
        "visits; harm is that of violations."
    )
    own, all_harm = outcomes(rows, minor=False), outcomes(rows, minor=True)
    recorded = metrics(all_harm, scores)[["score", "harm at 5 %", "harm at 10 %"]]
    return [
        (counted, metrics(own, scores)),
        ("Ours against each rival, paired; harm of violations.", comparisons(own, scores)),
        (
            "With all harm recorded, minor findings of inspections without a violation included.",
            recorded,
        ),
        ("Ours against each rival, paired; all harm recorded.", comparisons(all_harm, scores)),
    ]
