"""Rows a second of exact reasons by every way, on both models of a fit and on larger trees."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks import worlds
from benchmarks.reasons import fast_tree_shap
from benchmarks.reasons.contenders import LIGHTGBM, SLOW, larger_trees, ways
from benchmarks.reasons.fast_tree_shap import seconds
from benchmarks.results import write_result
from features.catalogue import in_use
from features.matrix import matrix as features_of
from models.arrays import Singles
from models.examples import matrix
from models.path_tables import PathTables
from models.trees import Trees
from risk_index import pipeline
from risk_index.settings import load_settings

Say = Callable[[str], None]
Rates = dict[str, list[float]]
FEW_ROWS = 2000
"""Rows that the slow ways explain in a turn."""
LARGER = 500


def measure(firms: int, repeats: int, python: Path | None, say: Say) -> Path:
    """Explain all firms of a world in every way by turns, and write the rates."""
    columns, facts, scores = {}, {}, {}
    said = "fasttreeshap was not asked: no environment was named for it."
    for name, trees, X in _models(firms, say):
        say(f"{name}: {len(X):,} rows")
        rates, facts[name] = _turns(trees, X, repeats)
        columns[name] = _told(rates)
        scores[name] = _scores(trees, X, repeats)
        if python is not None:
            rates, said = _elsewhere(python, trees, X[:FEW_ROWS], repeats)
            columns[name]["fasttreeshap"] = _told(rates)["fasttreeshap"]
    sections = [
        (
            f"Rows a second of one core by the processor's time, median of {repeats} turns; in brackets "
            f"the median of times pred_contrib's of the same turn. Ours on all open firms of a world of "
            f"{firms:,}, the others on {FEW_ROWS:,} of them. “Sums checked” is what "
            "`models.explain.contributions` does: LightGBM scores every row as well, and each row's values "
            f"must sum to its score; the loops were compiled before. {said}",
            pd.DataFrame(columns).rename_axis("way").reset_index(),
        ),
        (
            "The trees, their tables (made once a model) and the largest difference of any value.",
            pd.DataFrame(facts).rename_axis("of").reset_index(),
        ),
        (
            "Scores alone, rows a second of one core by the processor's time over all firms, median of as "
            "many turns: looked up in the tables (their making left out), and as LightGBM walks the trees.",
            pd.DataFrame(scores).rename_axis("scores").reset_index(),
        ),
    ]
    other = " --fasttreeshap PYTHON" if python is not None else ""
    command = f"python -m benchmarks reasons --firms {firms} --repeats {repeats}{other}"
    return write_result("reasons", "Exact reasons", command, sections)


def _models(firms: int, say: Say) -> Iterator[tuple[str, Trees, Singles]]:
    """Yield both models of a fit on a world and larger trees, with all its firms as they see them."""
    folder, run = worlds.world(firms), worlds.BUILD / f"fit-{firms}"
    day = dt.date.fromisoformat(worlds.as_of(folder))
    source = pipeline.Source(folder / "records")
    if not (run / "model").exists():
        pipeline.fit(source, day, run, say)
    with source.open() as records:
        settings = load_settings(day, source.settings)
        snapshot = pipeline.registry(records, day, settings, source.sectors)
        rows = features_of(snapshot, in_use())
    model = pipeline.saved_model(run)
    X = matrix(rows, model.likelihood.columns)
    yield "likelihood", model.likelihood.trees, X
    if model.severity.trees is not None:
        yield "severity", model.severity.trees, matrix(rows, model.severity.columns)
    yield "larger trees", larger_trees(X, model.likelihood.margin(rows), LARGER), X


def _turns(trees: Trees, X: Singles, repeats: int) -> tuple[Rates, dict[str, str]]:
    """Return the rates of every turn, and facts on trees, tables and values."""
    built = [seconds(lambda: PathTables.of(trees.text)) for _ in range(repeats)]
    tables, found, rates = built[-1][1], {}, {}
    contenders = ways(trees)
    for compiled in (tables.loops.contributions, tables.loops.raw):
        compiled(X)
    for _ in range(repeats):
        for name, way in contenders.items():
            rows = X[:FEW_ROWS] if name in SLOW else X
            spent, values = seconds(lambda way=way, rows=rows: way(rows))
            rates.setdefault(name, []).append(len(rows) / spent)
            found[name] = values[:FEW_ROWS]
    gap = max(float(np.abs(values - found[LIGHTGBM]).max()) for values in found.values())
    cases = sum(values.nbytes for table in tables.tables for values in table.values)
    facts = {
        "trees": f"{trees.booster.num_trees()}",
        "most leaves": f"{max(tree['num_leaves'] for tree in _dumped(trees))}",
        "columns": f"{X.shape[1]}",
        "tables": f"{len(tables.tables)}",
        "values in tables, MB": f"{cases / 1e6:.1f}",
        "seconds to make the tables": f"{median(spent for spent, _ in built):.2f}",
        "largest difference": f"{gap:.1e}",
    }
    return rates, facts


def _scores(trees: Trees, X: Singles, repeats: int) -> dict[str, str]:
    """Return the rates of scores from tables and from LightGBM by turns, and whether they are the same."""
    tables = trees.path_tables
    assert tables is not None
    spent: dict[str, list[float]] = {"looked up": [], "walked": []}
    for _ in range(repeats):
        taken, found = seconds(lambda: tables.raw(X))
        spent["looked up"].append(taken)
        taken, walked = seconds(lambda: trees.walked(X))
        spent["walked"].append(taken)
    times = median(b / a for a, b in zip(*spent.values(), strict=True))
    told = {way: f"{len(X) / median(taken):,.0f}" for way, taken in spent.items()}
    same = "yes" if np.array_equal(found, walked) else "no"
    return told | {"times": f"{times:.1f}", "same to the last bit": same}


def _dumped(trees: Trees) -> list[dict[str, int]]:
    return trees.booster.dump_model()["tree_info"]


def _told(rates: Rates) -> dict[str, str]:
    """Return each way's median rate, and how many times pred_contrib's."""
    told = {}
    for name, own in rates.items():
        times = median(a / b for a, b in zip(own, rates[LIGHTGBM], strict=True))
        told[name] = f"{median(own):,.0f} ({times:.1f})"
    return told


def _elsewhere(python: Path, trees: Trees, X: Singles, repeats: int) -> tuple[Rates, str]:
    """Return the rates in another environment of fasttreeshap and of pred_contrib, and words on it."""
    with tempfile.TemporaryDirectory() as name:
        model, rows = Path(name) / "model.txt", Path(name) / "rows.npy"
        model.write_text(trees.text, encoding="utf-8")
        np.save(rows, np.ascontiguousarray(X))
        command = [python, fast_tree_shap.__file__, model, rows, repeats]
        done = subprocess.run(
            [str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True
        )
    found = json.loads(done.stdout.splitlines()[-1])
    rates = {name: [len(X) / s for s in spent] for name, spent in found["seconds"].items()}
    return rates, (
        f"fasttreeshap (algorithm v2) cannot be imported beside NumPy 2 and ran in an environment of its "
        f"own, with {found['versions']}, beside pred_contrib there."
    )
