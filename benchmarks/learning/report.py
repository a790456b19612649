"""Worlds of many seeds, fitted, ranked and laid beside their truth; the learning curve drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from benchmarks.learning.inputs import of_open_firms, told
from benchmarks.learning.truth import (
    ENOUGH,
    SHARE,
    Calibration,
    beside_truth,
    captured,
    groups,
    learnt_from,
    severity_coverage,
)
from benchmarks.results import RESULTS, write_result
from benchmarks.worlds import BUILD
from models.folds import controller_fold
from risk_index import pipeline
from risk_index.settings import load_settings
from risk_index.training import TrainingSet, fit_models, training_set
from risk_index.world import load_world_settings, write_world

Say = Callable[[str], None]
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
STEPS = 1000
SAID_OF_PARTS = (
    "Harm captured by an index of which one part is known better. Told: by trees of the same inputs that "
    "learn the true chances and harms of four fifths of the firms, without the luck of visits, and are asked "
    "of the others: a mark and no bound, since other learners might tell more. True: the firm's own."
)


def measure(seeds: tuple[int, ...], n_firms: int, n_curves: int, say: Say) -> Path:
    """Fit and rank a world of every seed; write what was captured, calibrated and covered."""
    rows = [_world(seed, n_firms, say) for seed in seeds]
    curve = pd.concat([_curve(seed, n_firms, say) for seed in seeds[:n_curves]])
    picture = _draw(curve)
    options = " ".join(f"--seed {seed}" for seed in seeds)
    return write_result(
        "learning",
        "What is learnt of worlds whose truth is known",
        f"python -m benchmarks learning {options} --firms {n_firms} --curves {n_curves}",
        [
            (_said(n_firms), _by_world(seeds, rows)),
            (SAID_OF_PARTS, _of_parts(seeds, rows)),
            (_said_of_groups(rows), _by_group(rows)),
            (f"![learning curve]({picture.name})", _as_rows(curve)),
        ],
    )


def _folder(seed: int, n_firms: int) -> Path:
    return BUILD / f"learning-{n_firms}-{seed}"


def _world(seed: int, n_firms: int, say: Say) -> pd.DataFrame:
    """Return the ranking of a world beside its truth; a ranking made before is taken."""
    folder, settings = _folder(seed, n_firms), load_world_settings()
    ranked, records = folder / "ranked.csv", folder / "world" / "records"
    if not ranked.exists():
        say(f"seed {seed}: fit")
        write_world(folder / "world", n_firms, seed, settings)
        few = folder / "settings.yaml"
        few.write_text("refits: 0\n", encoding="utf-8")  # they say how stable tiers are, no more
        source = pipeline.Source(records, settings=few)
        pipeline.fit(source, settings.as_of, folder / "fit", _silent)
        pipeline.rank(source, settings.as_of, folder / "fit", ranked, _silent)
    rows = beside_truth(ranked, folder / "world" / "truth.parquet")
    return rows.assign(violations=learnt_from(rows, records), **_told(folder, rows, say))


def _told(folder: Path, rows: pd.DataFrame, say: Say) -> dict[str, pd.Series]:
    """Return what the inputs tell of the rows; what was told before is taken."""
    path = folder / "told.parquet"
    if not path.exists():
        say(f"{folder.name}: what the inputs tell")
        told(folder / "world", rows).to_parquet(path)
    known = pd.read_parquet(path)
    return {f"told_{name}": known[name] for name in known}


def _by_world(seeds: tuple[int, ...], worlds: list[pd.DataFrame]) -> pd.DataFrame:
    """Return how each world was learnt."""
    table = _and_mean(seeds, [_figures(rows) for rows in worlds])
    counts = ["firms", "inspected"]
    shown = table.map("{:.3f}".format).assign(
        **{name: table[name].map("{:,.0f}".format) for name in counts},
        intercept=table.intercept.map("{:+.3f}".format),
    )
    return shown.rename_axis("seed").reset_index()


def _and_mean(seeds: tuple[int, ...], found: list[dict[str, float]]) -> pd.DataFrame:
    """Return a row a world, and their mean."""
    table = pd.DataFrame(found, index=[str(seed) for seed in seeds])
    table.loc["mean"] = table.mean()
    return table


def _of_parts(seeds: tuple[int, ...], worlds: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the harm captured by indices of which one part, or both, are known better."""
    table = _and_mean(seeds, [_parts(rows) for rows in worlds])
    return table.map("{:.3f}".format).rename_axis("seed").reset_index()


def _parts(rows: pd.DataFrame) -> dict[str, float]:
    harm = rows.true_expected_harm
    return {
        "ours": captured(rows.expected_harm, harm),
        "told likelihood": captured(rows.told_likelihood * rows.severity, harm),
        "told severity": captured(rows.likelihood * rows.told_severity, harm),
        "both told": captured(rows.told_likelihood * rows.told_severity, harm),
        "true likelihood": captured(rows.true_likelihood * rows.severity, harm),
        "true severity": captured(rows.likelihood * rows.true_severity, harm),
    }


def _figures(rows: pd.DataFrame) -> dict[str, float]:
    whole, harm_sd = Calibration.of(rows), load_world_settings().outcome_harm_sd
    parts = [part for name, part in groups(rows).items() if name.startswith("completeness")]
    held = rows.true_likelihood.between(rows.likelihood_low, rows.likelihood_high)
    harm = rows.true_expected_harm
    return {
        "firms": len(rows),
        "inspected": (~_uninspected(rows)).sum(),
        "harm captured": captured(rows.expected_harm, harm),
        "by likelihood alone": captured(rows.likelihood, harm),
        "slope": whole.slope,
        "intercept": whole.intercept,
        "severity covered": severity_coverage(rows, harm_sd),
        "least quartile": min(severity_coverage(part, harm_sd) for part in parts),
        "likelihood held": held.mean(),
    }


def _uninspected(rows: pd.DataFrame) -> pd.Series:
    return rows.notes.fillna("").str.contains("no planned inspection with an outcome on record")


def _by_group(worlds: list[pd.DataFrame]) -> pd.DataFrame:
    rows = []
    for name, part in _of_groups(worlds).groupby("group"):
        rows.append(
            {
                "group": name,
                "worlds": len(part),
                "violations": f"{part.violations.mean():,.0f}",
                "slope": f"{part.slope.mean():.3f} ({part.slope.min():.2f} to {part.slope.max():.2f})",
                "intercept": f"{part.intercept.mean():+.3f} "
                f"({part.intercept.min():+.2f} to {part.intercept.max():+.2f})",
                "within 0.9-1.1 and 0.1": f"{part.inside.mean():.0%}",
            }
        )
    return pd.DataFrame(rows)


def _of_groups(worlds: list[pd.DataFrame]) -> pd.DataFrame:
    """Return a row a group and world: slope, intercept, violations learnt from, within the bounds."""
    found = [(name, part) for rows in worlds for name, part in groups(rows).items()]
    table = pd.DataFrame([{"group": name, **vars(Calibration.of(part)),
                           "violations": part.violations.sum()} for name, part in found])  # fmt: skip
    inside = table.slope.between(0.9, 1.1) & (table.intercept.abs() <= 0.1)
    return table.assign(inside=inside)


def _curve(seed: int, n_firms: int, say: Say) -> pd.DataFrame:
    """Return the learning curve of a world; one made before is taken."""
    path = _folder(seed, n_firms) / "curve.csv"
    if not path.exists():
        say(f"seed {seed}: learning curve")
        _points(seed, _folder(seed, n_firms)).to_csv(path, index=False)
    return pd.read_csv(path)


def _points(seed: int, folder: Path) -> pd.DataFrame:
    """Learn from growing shares of the controllers; a smaller share lies within a larger one."""
    as_of = load_world_settings().as_of
    settings, source = load_settings(as_of), pipeline.Source(folder / "world" / "records")
    with source.open() as records:
        training = training_set(records, as_of, settings.plan, settings.law, source.sectors)
        X, firm_id = of_open_firms(records, settings, source)
    truth = pd.read_parquet(folder / "world" / "truth.parquet").set_index("firm_id").expected_harm
    true = firm_id.map(truth)
    slot = controller_fold(training.examples.controller, STEPS, settings.plan.seed)
    return pd.DataFrame(
        [_point(seed, training, slot < share * STEPS, X, true, settings.plan) for share in SHARES]
    )


def _point(
    seed: int,
    training: TrainingSet,
    chosen: np.ndarray,
    X: pd.DataFrame,
    true: pd.Series,
    plan: object,
) -> dict[str, float]:
    days = training.calendar
    model = fit_models(training.examples.take(chosen), days.as_of, days.slice_days, plan)  # type: ignore[arg-type]
    harm = model.likelihood.predict(X) * model.severity.predict(X)
    return {
        "seed": seed,
        "inspected": training.labels[chosen].firm_key.nunique(),
        "captured": captured(pd.Series(harm, index=true.index), true),
    }


def _as_rows(curve: pd.DataFrame) -> pd.DataFrame:
    number = curve.groupby("seed").cumcount()
    found = curve.groupby(number).agg(
        inspected=("inspected", "mean"), captured=("captured", "mean"), least=("captured", "min"),
        most=("captured", "max"),
    )  # fmt: skip
    return found.assign(
        inspected=found.inspected.map("{:,.0f}".format),
        **{name: found[name].map("{:.3f}".format) for name in ("captured", "least", "most")},
    )


def _draw(curve: pd.DataFrame) -> Path:
    figure = mpl.figure.Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for _, part in curve.groupby("seed"):
        axes.plot(part.inspected, part.captured, color="0.6", linewidth=0.8, marker=".")
    axes.axhline(0.9, color="tab:red", linewidth=0.8, linestyle="--", label="aim")
    axes.set(
        xscale="log",
        xlabel="firms learnt from",
        ylabel=f"share of the oracle's harm, first {SHARE:.0%}",
    )
    axes.legend(loc="lower right")
    path = RESULTS / "learning.png"
    figure.savefig(path, dpi=120)
    return path


def _said(n_firms: int) -> str:
    return (
        f"Worlds of {n_firms:,} firms, legacy enforcement biased, regions reporting 10 to 95 %. Inspected: "
        f"firms with a planned inspection. Harm captured: true expected harm in the first {SHARE:.0%} by "
        "index, and by likelihood alone, over the most there could be. Slope and intercept (at slope 1): of "
        "true on stated chances. Severity covered: chance that a violation's harm lies in the 90 % "
        "interval, and that in the worst quartile of completeness. Likelihood held: firms whose own true "
        "chance lies in the Venn-Abers interval; these fits are not repeated."
    )


def _said_of_groups(worlds: list[pd.DataFrame]) -> str:
    table = _of_groups(worlds)
    enough, others = (table[(table.violations >= ENOUGH) == side] for side in (True, False))
    return (
        "Calibration by group, mean over worlds (least to most); groups of 300 firms or more. Violations: "
        f"those learnt from. From {ENOUGH} on chance alone moves an intercept by less than 0.1 in 19 of 20 "
        f"worlds: so many have {len(enough)} of {len(table)} groups and worlds, of which "
        f"{enough.inside.mean():.0%} lie within 0.9-1.1 and 0.1; of the others "
        f"{others.inside.mean():.0%}."
    )


def _silent(_: str) -> None:
    return None
