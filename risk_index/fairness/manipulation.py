"""Manipulation (F6): how many fake events move a firm's tier, up by others or down by the firm itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from models.arrays import Floats, Rows
from models.fitted import FittedModel
from risk_index.fairness.burden import Budget
from risk_index.fairness.config import GATED_EVENTS, Attack, Thresholds
from risk_index.fairness.lineage import DirectUse

SECTOR_RISK = ("sector_rate", "sector_harm_seen")
"""What the sector of least risk is the least product of."""
EVERY = "all"


@dataclass(frozen=True)
class Manipulation:
    """How far an attack reaches.

    Attributes
    ----------
    attack : Attack
    inputs : tuple of str
        Inputs of the model that it moves; none: the model cannot be reached by it.
    moved : tuple of dict
        By amount and size class: n firms, share whose tier rises, share whose tier falls.
    least : tuple of dict
        By size class: share of firms for which each amount is the least that raises the tier.
    passed : bool
    said : str
        The finding in words.
    """

    attack: Attack
    inputs: tuple[str, ...]
    moved: tuple[dict[str, object], ...]
    least: tuple[dict[str, object], ...]
    passed: bool
    said: str = field(default="")

    @property
    def reachable(self) -> bool:
        """Whether any input moves."""
        return bool(self.inputs)


def manipulations(
    attacks: Iterable[Attack],
    model: FittedModel,
    X: pd.DataFrame,
    budget: Budget,
    direct: Sequence[DirectUse],
    limits: Thresholds,
) -> list[Manipulation]:
    """Try every attack on firms of the registry, X of shape (n, p)."""
    used = {*model.likelihood.columns, *model.severity.columns}
    before = _harm(model, X)
    cuts = budget.cuts(before)
    found = []
    for attack in attacks:
        derived = {use.name for use in direct if use.attribute in attack.reads}
        moved = tuple(sorted({*attack.changes} & used))
        left = tuple(sorted((derived & used) - {*attack.changes}))
        if not moved:
            found.append(_derived(attack, left) if left else _unreachable(attack))
            continue
        result = _tried(attack, moved, model, X, before, cuts, limits)
        found.append(_also_derived(result, left) if left else result)
    return found


def _unreachable(attack: Attack) -> Manipulation:
    said = f"Not reachable: no input of the model moves with {attack.title}."
    return Manipulation(attack, (), (), (), True, said)


def _derived(attack: Attack, inputs: tuple[str, ...]) -> Manipulation:
    said = (
        f"Failed: {', '.join(inputs)} follow from {', '.join(attack.reads)}, which anybody can "
        "write. Leave them out of the model."
    )
    return Manipulation(attack, inputs, (), (), False, said)


def _also_derived(tried: Manipulation, inputs: tuple[str, ...]) -> Manipulation:
    """Return a trial that left out inputs which follow from what anybody can write: it fails."""
    said = f"{_derived(tried.attack, inputs).said} Of the others: {tried.said}"
    both = tuple(sorted({*tried.inputs, *inputs}))
    return replace(tried, inputs=both, passed=False, said=said)


def _harm(model: FittedModel, X: pd.DataFrame) -> Floats:
    return model.likelihood.predict(X) * model.severity.predict(X)


def _tried(
    attack: Attack,
    inputs: tuple[str, ...],
    model: FittedModel,
    X: pd.DataFrame,
    before: Floats,
    cuts: Floats,
    limits: Thresholds,
) -> Manipulation:
    was = np.searchsorted(cuts, before, side="left")
    size = _size(X)
    steps = {}
    for amount in attack.amounts:
        after = _harm(model, changed(X, attack, amount))
        steps[amount] = np.searchsorted(cuts, after, side="left") - was
    moved = [row for amount, step in steps.items() for row in _shares(amount, step, size)]
    passed, said = _judged(attack, inputs, moved, limits)
    return Manipulation(attack, inputs, tuple(moved), tuple(_least(steps, size)), passed, said)


def changed(X: pd.DataFrame, attack: Attack, amount: float) -> pd.DataFrame:
    """Return the inputs after an attack of some amount; X may lack some of those that it changes."""
    values = {}
    for name, how in attack.changes.items():
        if name not in X.columns:
            continue
        if how == "add":
            values[name] = X[name] + amount
        elif how == "times":
            values[name] = X[name] * amount
        elif "set" in how:
            values[name] = np.full(len(X), float(how["set"]))
        else:
            values[name] = np.full(len(X), X[name].to_numpy()[_safest(X)])
    return X.assign(**{name: np.asarray(v, dtype=np.float32) for name, v in values.items()})


def _safest(X: pd.DataFrame) -> int:
    risk = X[list(SECTOR_RISK)].prod(axis=1).to_numpy()
    return int(np.argmin(np.where(np.isfinite(risk), risk, np.inf)))


def _size(X: pd.DataFrame) -> Rows:
    if "size_class" not in X.columns:
        return np.zeros(len(X), dtype=np.int64)
    return np.nan_to_num(X.size_class.to_numpy(float), nan=0).astype(np.int64)


def _names(size: Rows) -> list[tuple[str, np.ndarray]]:
    words = {0: "size not stated", 1: "micro", 2: "small", 3: "medium", 4: "large"}
    parts = [(words[int(s)], size == s) for s in np.unique(size)]
    return [(EVERY, np.ones(len(size), dtype=bool)), *parts]


def _shares(amount: float, step: Rows, size: Rows) -> list[dict[str, object]]:
    return [
        {
            "amount": amount,
            "size": name,
            "n": int(rows.sum()),
            "up": float((step[rows] > 0).mean()),
            "down": float((step[rows] < 0).mean()),
        }
        for name, rows in _names(size)
    ]


def _least(steps: dict[float, Rows], size: Rows) -> list[dict[str, object]]:
    """Return for each size class the share of firms whose least amount to rise is each one."""
    amounts = np.array(list(steps))
    up = np.stack([step > 0 for step in steps.values()])
    first = np.where(up.any(axis=0), up.argmax(axis=0), -1)
    rows = []
    for name, inside in _names(size):
        shares = {f"{a:g}": float((first[inside] == i).mean()) for i, a in enumerate(amounts)}
        rows.append({"size": name, "n": int(inside.sum()), **shares})
    return rows


def _judged(
    attack: Attack, inputs: tuple[str, ...], moved: list[dict[str, object]], limits: Thresholds
) -> tuple[bool, str]:
    everyone = [row for row in moved if row["size"] == EVERY]
    through = f" through {', '.join(inputs)}"
    if attack.by == "self":
        worst = max(everyone, key=lambda row: float(str(row["down"])))
        share = float(str(worst["down"]))
        passed = share <= limits.movable_share
        words = f"{share:.1%} of firms could lower their tier{through}"
        return passed, f"{'Passed' if passed else 'Failed'}: {words}."
    few, ten = (_most_raised(everyone, k) for k in (limits.least_events, GATED_EVENTS))
    passed = ten <= limits.movable_share and few == 0
    words = (
        f"{limits.least_events:g} events or fewer raise the tier of {few:.1%} of firms, "
        f"{GATED_EVENTS} of {ten:.1%}{through}"
    )
    return passed, f"{'Passed' if passed else 'Failed'}: {words}."


def _most_raised(rows: list[dict[str, object]], most: float) -> float:
    """Return the largest share raised by at most so many events; the settings name such an amount."""
    tried = [float(str(row["up"])) for row in rows if float(str(row["amount"])) <= most]
    return max(tried) if most > 0 else 0.0


def shrunken(total: Floats, n: Floats, prior_mark: float, prior_weight: float) -> Floats:
    """Return sentiment steadied by a prior, ``(total + weight x mark) / (n + weight)``, shape (n,).

    >>> shrunken(np.array([0.0, -10.0]), np.array([0.0, 10.0]), 0.2, 20.0).tolist()
    [0.2, -0.2]
    """
    return np.asarray((total + prior_weight * prior_mark) / (n + prior_weight))


def after_reviews(
    mean: Floats, n: Floats, k: int, mark: float, prior_mark: float, prior_weight: float
) -> Floats:
    """Return the steadied sentiment after `k` fake reviews of one mark, shape (n,).

    Parameters
    ----------
    mean, n : shape (n,)
        Mean mark (anything where n is 0) and number of honest reviews.
    """
    total = np.where(n > 0, np.nan_to_num(mean) * n, 0.0)
    return shrunken(total + k * mark, n + k, prior_mark, prior_weight)
