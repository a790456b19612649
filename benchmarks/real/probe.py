"""Is a high AUC a leak? Learn from shuffled labels, without each table, and from a source cut on the day.

Learnt from labels that are shuffled within their as-of date, a model must order outcomes by chance, on
the mean of several shuffles; against the true outcomes single shuffles scatter widely. Source files
that end on the as-of date must give the same examples and the same features of the firms to the last
digit, or something looked past it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.real.cities import City
from benchmarks.real.judged import Judged, Say
from features.asof import snapshot_of_registry
from features.catalogue import BY_NAME, in_use, with_parents
from features.matrix import matrix
from features.reading import literal
from features.reporting import SECTOR_COLUMNS
from models.examples import Examples
from models.likelihood import fit_likelihood
from models.metrics import Outcomes, measure
from risk_index import pipeline
from risk_index.settings import load_settings
from risk_index.training import LIKELIHOOD, TrainingSet, folds_before, training_set

SHUFFLES = 5
TABLES = ("penalties", "permits", "irregularities", "listings", "inspections")
PEERS = {
    "penalties": SECTOR_COLUMNS,
    "inspections": (
        "sector_rate", "sector_harm", "sector_harm_seen", "wider_rate", "section_rate",
        "sector_inspections", "region_rate",
    ),
}  # fmt: skip
"""Facts of sector and region that are computed from a table of events."""
Line = tuple[str, str]


@dataclass(frozen=True)
class Question:
    """What a fit learns from, and the features and outcomes of the firms judged."""

    city: City
    training: TrainingSet
    firms: pd.DataFrame
    violation: pd.Series

    def scores(
        self, examples: Examples, directions: dict[str, int], firms: pd.DataFrame | None = None
    ) -> np.ndarray:
        """Fit the likelihood on examples and return the chances of the firms judged."""
        days, plan = self.training.calendar, load_settings(self.city.as_of).plan
        folds = folds_before(examples, days.as_of, days.slice_days, plan)
        fitted = fit_likelihood(examples, directions, folds, plan.trees, plan.seed)
        features = self.firms if firms is None else firms
        return fitted.predict(features.loc[self.violation.index])

    def auc(self, scores: np.ndarray, violation: np.ndarray | None = None) -> float:
        """Return the AUC of scores against the outcomes, or others."""
        found = self.violation.to_numpy(np.float64) if violation is None else violation
        every = np.ones(len(found))
        return measure(Outcomes(found, found, every, np.arange(len(found))), scores)["auc"]


def probe(city: City, source: pipeline.Source, judged: Judged, say: Say) -> pd.DataFrame:
    """Return the likelihood's AUC as it is, and under each probe."""
    say(f"{city.name}: looking for leaks")
    outcomes = judged.rows.set_index("firm_id").violation
    asked = Question(city, *gathered(city, source), outcomes)
    as_it_is = asked.scores(asked.training.examples, LIKELIHOOD)
    lines = [("as it is", f"{asked.auc(as_it_is):.3f}")]
    lines += shuffled(asked) + without_tables(asked) + cut_source(asked, source, as_it_is)
    return pd.DataFrame(lines, columns=["probe", "AUC, or what was found"])


def gathered(city: City, source: pipeline.Source) -> tuple[TrainingSet, pd.DataFrame]:
    """Return the examples, and the features of every open firm by firm_id."""
    settings = load_settings(city.as_of)
    with source.open() as records:
        training = training_set(records, city.as_of, settings.plan, settings.law, source.sectors)
        snapshot = snapshot_of_registry(records, city.as_of, settings.law, source.sectors)
        ids = records.con.table("firm_keys").execute()
        firms = matrix(snapshot, in_use()).merge(ids, on="firm_key")
    return training, firms.set_index("firm_id").drop(columns=["firm_key", "as_of"])


def shuffled(asked: Question) -> list[Line]:
    """Learn from labels shuffled within their as-of date."""
    found: dict[str, list[float]] = {"shuffled": [], "true": []}
    for seed in range(SHUFFLES):
        rng = np.random.default_rng(seed)
        examples = shuffled_examples(asked.training.examples, rng)
        scores = asked.scores(examples, LIKELIHOOD)
        later = rng.permutation(asked.violation.to_numpy(np.float64))
        found["shuffled"].append(asked.auc(scores, later))
        found["true"].append(asked.auc(scores))
    titles = {
        "shuffled": "labels shuffled, judged on shuffled outcomes",
        "true": "labels shuffled, judged on the true outcomes",
    }
    return [(title, _spread(found[name])) for name, title in titles.items()]


def shuffled_examples(examples: Examples, rng: np.random.Generator) -> Examples:
    """Return the examples with violation and harm shuffled together within each as-of date."""
    rows = pd.Series(np.arange(len(examples)))
    order = rows.groupby(examples.as_of).transform(lambda part: rng.permutation(part.to_numpy()))
    taken = order.to_numpy()
    return replace(examples, violation=examples.violation[taken], harm=examples.harm[taken])


def _spread(values: list[float]) -> str:
    mean = float(np.mean(values))
    return f"{mean:.3f} ({min(values):.3f} to {max(values):.3f} in {len(values)} shuffles)"


def without_tables(asked: Question) -> list[Line]:
    """Learn without the features of each table in turn; tables without rows are passed over."""
    lines = []
    examples = asked.training.examples
    for table in TABLES:
        kept = {name: sign for name, sign in LIKELIHOOD.items() if not reads(name, table)}
        gone = [name for name in LIKELIHOOD if name not in kept]
        if examples.X[gone].nunique().gt(1).any():
            auc = asked.auc(asked.scores(examples, kept))
            lines.append(
                (f"without {table} ({len(gone)} of {len(LIKELIHOOD)} features)", f"{auc:.3f}")
            )
    return lines


def reads(feature: str, table: str) -> bool:
    """Tell whether a feature is computed from a table, itself or through its parents."""
    parts = with_parents([BY_NAME[feature]])
    return any(part.table == table or part.name in PEERS.get(table, ()) for part in parts)


def cut_source(asked: Question, source: pipeline.Source, as_it_is: np.ndarray) -> list[Line]:
    """Compare examples and features, and the scores of a fit, with those of a source cut on the day."""
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / asked.city.name
        write_cut(asked.city, source.records, cut)
        training, firms = gathered(asked.city, replace(source, records=cut))
    same_firms = firms.index.equals(asked.firms.index)
    examples = differing(labelled(asked.training), labelled(training))
    cells = differing(asked.firms, firms) if same_firms else "other firms"
    scores = asked.scores(training.examples, LIKELIHOOD, firms)
    gap = np.abs(scores - as_it_is).max()
    return [
        ("source cut on the as-of date: cells of the examples that differ", examples),
        ("source cut on the as-of date: cells of the firms' features that differ", cells),
        ("source cut on the as-of date, fitted anew", f"{asked.auc(scores):.3f}"),
        ("the same: largest difference of a likelihood", f"{gap:.6f}"),
    ]


def labelled(training: TrainingSet) -> pd.DataFrame:
    """Return the features of examples with what they are to learn, row by row."""
    given = training.examples
    return given.X.assign(violation=given.violation, harm=given.harm, weight=given.weight)


def differing(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Return how many cells of two frames differ, in words."""
    if one.shape != other.shape:
        return f"{len(one):,} and {len(other):,} rows"
    a, b = one.to_numpy(np.float64), other.to_numpy(np.float64)
    return f"{int((~((a == b) | (np.isnan(a) & np.isnan(b)))).sum()):,} of {a.size:,}"


def write_cut(city: City, records: Path, folder: Path) -> None:
    """Copy the dated source files without the rows after the as-of date."""
    for name, column in city.dated_by.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        duckdb.sql(
            f"COPY (SELECT * FROM read_csv({literal(records / name)}, all_varchar = true) "
            f"WHERE {column} <= {literal(city.as_of)}) TO {literal(target)} "
            "(FORMAT csv, HEADER, COMPRESSION gzip)"
        )
