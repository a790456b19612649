"""One world audited by us and by every rival, input by input, beside what is true of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import expit

from benchmarks.fairness import rivals
from benchmarks.fairness.truth import Effect, effects, learn
from benchmarks.fairness.worlds import Cell, World, make
from risk_index.fairness.attributions import co_occurrence, interventional
from risk_index.fairness.evidence import Contrast, Sample
from risk_index.fairness.proxies import Finding, find_proxies

BACKGROUND = 200
CAUSES_NOTHING = ("risk", "noise")


def audited(cell: Cell, seed: int) -> pd.DataFrame:
    """Return one row an input and attribute: truth, our legs and verdict, the rivals' scores."""
    world = make(cell, seed)
    booster = learn(world, list(world.X.columns))
    planted = [name for name in world.X if not name.startswith(CAUSES_NOTHING)]
    true = effects(world, planted, booster)
    X = world.X.to_numpy()
    phi = interventional(booster, X, X[:BACKGROUND])
    sample = sample_of(world, phi)
    contrasts = [
        Contrast("group", "", "binary", world.group, 1),
        Contrast("placebo", "", "binary", world.placebo, 1),
    ]
    found = find_proxies(sample, contrasts, co_occurrence(booster))
    rows = _rows((f for f in found if len(f.inputs) == 1), true)
    scores = rivals.scores(sample, contrasts[0])
    frame = pd.DataFrame(rows).merge(scores, how="left", on=["attribute", "input"])
    return frame.assign(
        kind=cell.kind, bias=cell.bias, strength=cell.strength, legit=cell.legit,
        n_rand=cell.n_rand, seed=seed,
    )  # fmt: skip


def sample_of(world: World, phi: np.ndarray) -> Sample:
    """Return a world's firms as the audit sees them; contributions of shape (n, p + 1)."""
    margin = phi.sum(axis=1)
    return Sample(
        X=world.X,
        margin=margin,
        phi=pd.DataFrame(phi[:, :-1], columns=world.X.columns),
        base=float(phi[0, -1]),
        likelihood=expit(margin),
        drawn=world.drawn,
        violation=world.violation,
        weight=np.where(world.drawn, 1.0, np.nan),
    )


def _rows(found: Iterable[Finding], true: dict[str, Effect]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for finding in found:
        effect = true.get(finding.name) if finding.contrast.attribute == "group" else None
        rows.append(
            {
                "attribute": finding.contrast.attribute,
                "input": finding.name,
                "effect": effect.burden if effect else 0.0,
                "proxy": bool(effect and effect.proxy),
                "verdict": str(finding.judgement.verdict),
                "red": finding.judgement.verdict.red,
                "suspect": finding.legs.suspect,
                "gap": finding.gap,
                "discovery": finding.legs.discovery,
                "auc": finding.legs.strength.auc,
                "beta": finding.legs.earned.beta,
                "error": finding.legs.earned.error,
                "likelihood_ratio": finding.legs.earned.likelihood_ratio,
                "needed": finding.judgement.draws_needed,
            }
        )
    return rows
