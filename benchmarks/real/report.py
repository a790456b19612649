"""The measurements on real registries as files of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.real.cities import CITIES
from benchmarks.real.city_logistic import city_scores
from benchmarks.real.judged import Judged, Say, judge_city
from benchmarks.real.probe import probe
from benchmarks.real.tables import comparisons, metrics, outcomes
from benchmarks.results import Section, write_result
from benchmarks.worlds import BUILD
from models.metrics import measure as measured

SUSPECT_AUC = 0.70


def measure(data: Path, names: Sequence[str], with_probe: bool, say: Say) -> Iterator[Path]:
    """Fit, rank and judge each city, and write its tables."""
    for name in names or CITIES:
        city = CITIES[name]
        source, out = city.source(data), BUILD / "real" / name
        judged = judge_city(city, source, out, say)
        scores = judged.scores()
        if name == "chicago":
            scores |= city_scores(data, city.as_of, judged.rows.firm_id)
        sections = _tables(judged, scores)
        auc = measured(outcomes(judged.rows, minor=False), scores["likelihood"])["auc"]
        if with_probe and auc > SUSPECT_AUC:
            found = probe(city, source, judged, say)
            sections.append((f"AUC of the likelihood is over {SUSPECT_AUC}: is it a leak?", found))
        title = f"{name.capitalize()}, known by {city.as_of}, judged on the {city.horizon_days} days after"
        command = f"python -m benchmarks real DATA --city {name}"
        yield write_result(f"real-{name}", title, command, sections)


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
