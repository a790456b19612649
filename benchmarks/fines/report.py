"""One small fine, and worse penalties instead of milder ones, tried on thousands of single firms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.fines.tried import AT_ONCE, SAME, Keys, Tried
from benchmarks.results import Section, write_result
from benchmarks.worlds import BUILD
from features.catalogue import in_use
from features.matrix import matrix
from models.fitted import FittedModel
from risk_index import pipeline
from risk_index.index import Floats
from risk_index.release.experiments import Registry
from risk_index.settings import load_settings
from risk_index.world import load_world_settings, write_world

Say = Callable[[str], None]
SMALL = {"days_ago": 5, "fine": 550.0, "gravity": "minor", "statutory_max": 30_000.0}
GREAT = {"days_ago": 20, "fine": 900_000.0, "gravity": "serious", "statutory_max": 1_000_000.0}
FAR = 1.0
"""Percentile points from which a firm is tried again, alone."""
MILDER = {
    "none at all": None,
    "a fine of a third": GREAT | {"fine": 300_000.0},
    "680 days earlier": GREAT | {"days_ago": 700},
    "minor": GREAT | {"gravity": "minor"},
}


def measure(n_firms: int, seed: int, n_tried: int, say: Say) -> Path:
    """Fit a world, try its firms, and write what one penalty more does to them."""
    folder, settings = BUILD / f"fines-{n_firms}-{seed}", load_world_settings()
    source = pipeline.Source(folder / "world" / "records")
    if not (folder / "fit").exists():
        write_world(folder / "world", n_firms, seed, settings)
        pipeline.fit(source, settings.as_of, folder / "fit", say)
    model = FittedModel.load(folder / "fit" / "model")
    of_day = load_settings(settings.as_of)
    with source.open() as records:
        X = matrix(pipeline.registry(records, settings.as_of, of_day, source.sectors), in_use())
        registry = Registry.of(records, settings.as_of, of_day, source.sectors, X)
        tried = Tried.of(registry, model)
        firms = np.random.default_rng(seed).permutation(tried.before.index.to_numpy())[:n_tried]
        sections = [_small(tried, firms, say), _worse(tried, firms, say), _repaired(tried, firms)]
    command = f"python -m benchmarks fines --firms {n_firms} --tried {n_tried} --seed {seed}"
    return write_result("fines", "One penalty more", command, sections)


def _small(tried: Tried, firms: Keys, say: Say) -> Section:
    say(f"{len(firms)} firms with a small fine more")
    harm = tried.with_one_more(firms, **SMALL)
    far = np.abs(_points(tried, harm)) > FAR
    harm.update(tried.alone(harm.index[far].to_numpy(), **SMALL))
    points = _points(tried, harm)
    before = tried.before.loc[harm.index].to_numpy()
    tiers = tried.places(harm.to_numpy())[1] - tried.places(before)[1]
    row = {
        "firms": f"{len(harm):,}",
        "raised": f"{np.mean(points > 0):.1%}",
        "points, mean": f"{points.mean():+.3f}",
        "99th of 100": f"{np.quantile(points, 0.99):+.2f}",
        "most": f"{np.abs(points).max():.2f}",
        "tiers, most": f"{np.abs(tiers).max():.0f}",
        "firms of another tier": f"{np.mean(tiers != 0):.2%}",
        "tried alone": int(far.sum()),
    }
    sentence = (
        f"A fine of {SMALL['fine']:g} yuan more, minor, five days old: percentile points and tiers by "
        f"which a firm moves among the registry as it was. {AT_ONCE} firms are fined at a time; those that "
        f"move by more than {FAR:g} points then are tried again alone."
    )
    return sentence, pd.DataFrame([row])


def _points(tried: Tried, harm: pd.Series) -> Floats:
    before = tried.before.loc[harm.index].to_numpy()
    return tried.places(harm.to_numpy())[0] - tried.places(before)[0]


def _worse(tried: Tried, firms: Keys, say: Say) -> Section:
    worse, rows = tried.with_one_more(firms, **GREAT), []
    for name, milder in MILDER.items():
        say(f"{len(firms)} firms with a serious penalty more, against: {name}")
        less = _less(tried, firms, milder).loc[worse.index]
        lower = worse.index[(worse < less * (1 - SAME)).to_numpy()].to_numpy()
        still = tried.alone(lower, **GREAT)
        alone = tried.before.loc[lower] if milder is None else tried.alone(lower, **milder)
        rows.append(
            {
                "instead of": name,
                "firms": f"{len(worse):,}",
                "higher": f"{np.mean(worse > less):.1%}",
                "lower": len(lower),
                "lower when tried alone": int((still < alone.loc[still.index] * (1 - SAME)).sum()),
            }
        )
    sentence = (
        "A serious penalty of 900,000 yuan, twenty days old, instead of a milder one: firms whose "
        f"expected harm is higher, and lower, with it. {AT_ONCE} firms at a time; those that are lower "
        "are tried again, each alone, since the others' penalties move all sectors' rates a little."
    )
    return sentence, pd.DataFrame(rows)


def _less(tried: Tried, firms: Keys, milder: dict[str, Any] | None) -> pd.Series:
    return tried.before if milder is None else tried.with_one_more(firms, **milder)


def _repaired(tried: Tried, firms: Keys) -> Section:
    day = tried.registry.as_of
    after = tried.with_one_more(firms, **(GREAT | {"days_ago": 200, "repaired_on": day}))
    same = after.to_numpy() == tried.before.loc[after.index].to_numpy()
    row = {"firms": f"{len(after):,}", "of another expected harm": int((~same).sum())}
    sentence = (
        "The same penalty, repaired on the as-of date: it leaves no trace, to the last digit."
    )
    return sentence, pd.DataFrame([row])
