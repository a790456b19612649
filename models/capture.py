"""Metrics of an order: what visits to the highest scores would find. Ties never see the outcome.

Everything takes weights of shape (B, n), a row a bootstrap replicate, and returns shape (B,).
Rows of equal score stand in one group; a visit budget that ends inside a group takes the same
share of every row in it, which is the expectation over a random order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import Floats, Rows

BUDGETS = (0.05, 0.10, 0.20)


@dataclass(frozen=True, eq=False)
class Ordered:
    """The order of a score, highest first, and where each group of equal scores starts."""

    order: Rows
    starts: Rows

    @classmethod
    def by(cls, score: Floats) -> Ordered:
        """Order rows by score, shape (n,); NaN is refused."""
        if np.isnan(score).any():
            raise ValueError(f"{np.isnan(score).sum()} of {len(score)} scores are NaN")
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        return cls(order, np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]))

    def grouped(self, values: Floats) -> Floats:
        """Sum values of shape (B, n) within groups, highest score first: shape (B, groups)."""
        ranked = values[:, self.order]
        if len(self.starts) == ranked.shape[1]:
            return ranked
        return np.asarray(np.add.reduceat(ranked, self.starts, axis=1))


def order_metrics(
    score: Floats, violation: Floats, harm: Floats, weight: Floats
) -> dict[str, Floats]:
    """Return AUC, average precision, and shares of violations and harm found at each budget.

    Parameters
    ----------
    score, violation, harm : shape (n,)
        Harm is 0 where none was found or measured.
    weight : shape (B, n)

    Returns
    -------
    dict of float64, each of shape (B,)
        NaN where a replicate holds one outcome only, or no harm.
    """
    ordered = Ordered.by(score)
    visits = ordered.grouped(weight)
    found = ordered.grouped(weight * violation)
    harmed = ordered.grouped(weight * harm)
    with np.errstate(divide="ignore", invalid="ignore"):
        metrics = {
            "auc": _auc(visits, found),
            "average_precision": _average_precision(visits, found),
        }
        for budget in BUDGETS:
            name = f"{budget * 100:.0f}"
            share = captured(visits, found, budget)
            metrics[f"violations_at_{name}"] = share
            metrics[f"harm_at_{name}"] = captured(visits, harmed, budget)
            metrics[f"lift_at_{name}"] = share / budget
    return metrics


def _auc(visits: Floats, found: Floats) -> Floats:
    clean = visits - found
    above = np.cumsum(found, axis=1) - found / 2
    return np.asarray((clean * above).sum(axis=1) / (clean.sum(axis=1) * found.sum(axis=1)))


def _average_precision(visits: Floats, found: Floats) -> Floats:
    reached = np.cumsum(visits, axis=1)
    precision = np.divide(
        np.cumsum(found, axis=1), reached, out=np.zeros_like(reached), where=reached > 0
    )
    return np.asarray((found * precision).sum(axis=1) / found.sum(axis=1))


def captured(visits: Floats, amount: Floats, budget: float) -> Floats:
    """Return the share of the amount found by that share of visits; inputs (B, groups)."""
    reached = np.cumsum(visits, axis=1)
    target = budget * reached[:, -1]
    at = np.minimum((reached < target[:, None]).sum(axis=1), reached.shape[1] - 1)
    row = np.arange(len(reached))
    part = 1 - (reached[row, at] - target) / visits[row, at]
    gained = np.cumsum(amount, axis=1)[row, at] - (1 - part) * amount[row, at]
    return np.asarray(gained / amount.sum(axis=1))


def share_captured(score: Floats, amount: Floats, weight: Floats, budget: float) -> float:
    """Return the share of the weighted amount in the highest scores; inputs (n,)."""
    ordered = Ordered.by(score)
    visits, amounts = ordered.grouped(weight[None]), ordered.grouped((weight * amount)[None])
    return float(captured(visits, amounts, budget)[0])
