"""Which inputs are proxies in a world: those whose removal changes a group's burden at equal risk."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit

from benchmarks.fairness.worlds import World
from models.arrays import Floats

PARAMS = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "max_depth": 4,
    "min_data_in_leaf": 60,
    "lambda_l2": 10.0,
    "feature_fraction": 0.7,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 0,
}
ROUNDS = 100
RISK_BINS = 20
EFFECT = 0.02  # share of the group's burden at equal risk
CAPTURE_LOSS = 0.01
LIST_SHARE = 0.1


@dataclass(frozen=True)
class Effect:
    """What dropping an input and learning anew changes, seen with the true risk.

    Parameters
    ----------
    burden : the group's burden ratio at equal risk falls by this share
    capture : true violations in the top tenth fall by this share
    """

    burden: float
    capture: float

    @property
    def proxy(self) -> bool:
        """Whether the burden falls by 2 % or more and the list hardly finds less."""
        return self.burden >= EFFECT and self.capture < CAPTURE_LOSS


def learn(world: World, columns: list[str]) -> lgb.Booster:
    """Return a model of the recorded past on the columns given."""
    past = world.history[columns].to_numpy()
    return lgb.train(dict(PARAMS), lgb.Dataset(past, world.recorded), num_boost_round=ROUNDS)


def burden_ratio(likelihood: Floats, group: Floats, risk: Floats) -> float:
    """Return the group's mean likelihood over the others' within bins of true risk, pooled."""
    bins = pd.qcut(risk, RISK_BINS, labels=False)
    cells = pd.DataFrame({"p": likelihood, "g": group, "bin": bins}).groupby(["bin", "g"])["p"]
    mean, n = cells.mean().unstack(), cells.size().unstack()
    weight = n[0.0] * n[1.0] / (n[0.0] + n[1.0])
    return float((mean[1.0] * weight).sum() / (mean[0.0] * weight).sum())


def capture(likelihood: Floats, risk: Floats) -> float:
    """Return the expected violations among the tenth with the highest likelihood."""
    n = int(len(risk) * LIST_SHARE)
    return float(risk[np.argsort(-likelihood, kind="stable")[:n]].sum())


def effects(world: World, planted: list[str], full: lgb.Booster) -> dict[str, Effect]:
    """Return the effect of dropping each of the planted inputs."""
    p = expit(full.predict(world.X.to_numpy(), raw_score=True))
    burden, found = burden_ratio(p, world.group, world.risk), capture(p, world.risk)
    result = {}
    for name in planted:
        kept = [c for c in world.X.columns if c != name]
        q = expit(learn(world, kept).predict(world.X[kept].to_numpy(), raw_score=True))
        result[name] = Effect(
            1 - burden_ratio(q, world.group, world.risk) / burden,
            1 - capture(q, world.risk) / found,
        )
    return result
