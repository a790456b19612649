"""Small worlds with a biased past, in which the effect of every input on a group's burden is known.

A model learns from recorded outcomes that over-cite group 1; what an inspection would truly find
does not depend on the group. Truth of a proxy is its effect (see `truth.py`), not its planting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit

from models.arrays import Bools, Floats

Kind = Literal[
    "additive", "interaction", "joint", "mediator", "missingness", "reporting", "weak factor"
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "additive", "interaction", "joint", "mediator", "missingness", "reporting",
)  # fmt: skip
STRESS: Kind = "weak factor"  # not among the gates: what the rule is known to be bad at
SHARE_OF_GROUP = 0.35
BASE_LOG_ODDS = -2.0
RISK_EFFECTS = (0.5, 0.4, 0.3)
LEGIT_EFFECT = 0.35
MEDIATOR_EFFECT = 0.35
WEAK_EFFECT, WEAK_CORRELATION = 0.15, 0.5
NOISE_INPUTS = 4
N_HISTORY, N_FIRMS = 8_000, 6_000


@dataclass(frozen=True)
class Cell:
    """One combination of the factors that worlds are made by.

    Parameters
    ----------
    kind : how the group shows in the inputs
    bias : log-odds by which recorded outcomes over-cite the group
    strength : standard deviations between the groups in the proxy
    legit : correlation of a legitimate risk factor with the group
    n_rand : rows of the random draw
    """

    kind: Kind
    bias: float
    strength: float
    legit: float
    n_rand: int


@dataclass(frozen=True, eq=False)
class World:
    """Firms of the past and of today, with what only the maker of the world knows.

    Parameters
    ----------
    X, history : DataFrame
        Inputs of today's firms, and of those that the model learns from.
    recorded : float64, shape (len(history),)
        What the past recorded: biased.
    group, placebo : float64, shape (len(X),)
        The audited attribute, and one that nothing depends on.
    risk : float64, shape (len(X),)
        True chance of a violation.
    violation : float64
        Outcome of a visit: 1 or 0 where drawn, NaN elsewhere.
    drawn : bool
        The first n_rand rows, a simple random sample.
    """

    X: pd.DataFrame
    history: pd.DataFrame
    recorded: Floats
    group: Floats
    placebo: Floats
    risk: Floats
    violation: Floats
    drawn: Bools


def make(cell: Cell, seed: int) -> World:
    """Return the world of a cell; the same seed gives the same world."""
    rng = np.random.default_rng([seed, list(PROXIES).index(cell.kind)])
    n_firms = N_FIRMS + cell.n_rand
    n = N_HISTORY + n_firms
    group = (rng.random(n) < SHARE_OF_GROUP).astype(np.float64)
    columns, log_odds = _innocent(rng, group, cell.legit)
    proxies, extra, cited_for = PROXIES[cell.kind](rng, group, cell.strength, columns)
    columns |= proxies
    risk = expit(log_odds + extra)
    recorded = expit(log_odds + extra + cell.bias * cited_for)
    frame = pd.DataFrame(columns).astype(np.float32)
    past, today = slice(0, N_HISTORY), slice(N_HISTORY, n)
    drawn = np.arange(n_firms) < cell.n_rand
    found = (rng.random(n_firms) < risk[today]).astype(np.float64)
    return World(
        X=frame.iloc[today].reset_index(drop=True),
        history=frame.iloc[past].reset_index(drop=True),
        recorded=(rng.random(N_HISTORY) < recorded[past]).astype(np.float64),
        group=group[today],
        placebo=(rng.random(n_firms) < SHARE_OF_GROUP).astype(np.float64),
        risk=risk[today],
        violation=np.where(drawn, found, np.nan),
        drawn=drawn,
    )


Columns = dict[str, Floats]
Maker = Callable[[np.random.Generator, Floats, float, Columns], tuple[Columns, Floats, Floats]]


def _innocent(rng: np.random.Generator, group: Floats, legit: float) -> tuple[Columns, Floats]:
    n = len(group)
    columns = {f"risk{k}": rng.normal(size=n) for k in range(len(RISK_EFFECTS))}
    columns["legit"] = legit * standardised(group) + np.sqrt(1 - legit**2) * rng.normal(size=n)
    columns |= {f"noise{k}": rng.normal(size=n) for k in range(NOISE_INPUTS)}
    log_odds = np.full(n, BASE_LOG_ODDS) + LEGIT_EFFECT * columns["legit"]
    for k, effect in enumerate(RISK_EFFECTS):
        log_odds += effect * columns[f"risk{k}"]
    return columns, log_odds


def standardised(x: Floats) -> Floats:
    """Return x with mean 0 and standard deviation 1."""
    return (x - x.mean()) / x.std()


def _additive(
    rng: np.random.Generator, group: Floats, strength: float, _: Columns
) -> tuple[Columns, Floats, Floats]:
    x = strength * group + rng.normal(size=len(group))
    return {"proxy": x}, np.zeros(len(group)), group


def _interaction(
    rng: np.random.Generator, group: Floats, strength: float, columns: Columns
) -> tuple[Columns, Floats, Floats]:
    """The group shifts the proxy up where risk0 is above 0 and down where it is below."""
    turn = np.sign(columns["risk0"])
    x = strength * (group - SHARE_OF_GROUP) * turn + rng.normal(size=len(group))
    return {"proxy": x}, np.zeros(len(group)), group


def _joint(
    rng: np.random.Generator, group: Floats, strength: float, _: Columns
) -> tuple[Columns, Floats, Floats]:
    """Two inputs share a large common part; only their difference tells the group."""
    n = len(group)
    common = 1.5 * rng.normal(size=n)
    half = strength * group / 2
    first = common + half + rng.normal(size=n) / np.sqrt(2)
    second = common - half + rng.normal(size=n) / np.sqrt(2)
    return {"joint_a": first, "joint_b": second}, np.zeros(n), group


def _mediator(
    rng: np.random.Generator, group: Floats, strength: float, _: Columns
) -> tuple[Columns, Floats, Floats]:
    """The group shifts an input that truly raises risk: legitimate but disparate."""
    x = strength * group + rng.normal(size=len(group))
    return {"mediator": x}, MEDIATOR_EFFECT * x, group


def _missingness(
    rng: np.random.Generator, group: Floats, strength: float, _: Columns
) -> tuple[Columns, Floats, Floats]:
    """The proxy's values are noise; the group's are missing more often."""
    n = len(group)
    missing = rng.random(n) < expit(-1.5 + 1.7 * strength * group)
    return {"proxy": np.where(missing, np.nan, rng.normal(size=n))}, np.zeros(n), group


def _reporting(
    rng: np.random.Generator, group: Floats, strength: float, columns: Columns
) -> tuple[Columns, Floats, Floats]:
    """The group lives where more is reported; records count risk and reporting alike."""
    n = len(group)
    reporting = strength * group + rng.normal(size=n)
    rate = np.exp(-0.5 + 0.3 * columns["risk0"] + 0.5 * standardised(reporting))
    proxies = {"reporting": reporting, "records": rng.poisson(rate).astype(np.float64)}
    return proxies, np.zeros(n), group.std() * standardised(reporting)


def _weak_factor(
    rng: np.random.Generator, group: Floats, strength: float, _: Columns
) -> tuple[Columns, Floats, Floats]:
    """An additive proxy beside a legitimate factor of little weight, correlated with the group."""
    n = len(group)
    noise = np.sqrt(1 - WEAK_CORRELATION**2) * rng.normal(size=n)
    weak = WEAK_CORRELATION * standardised(group) + noise
    proxy = strength * group + rng.normal(size=n)
    return {"proxy": proxy, "weak": weak}, WEAK_EFFECT * weak, group


PROXIES: dict[Kind, Maker] = {
    "additive": _additive,
    "interaction": _interaction,
    "joint": _joint,
    "mediator": _mediator,
    "missingness": _missingness,
    "reporting": _reporting,
    STRESS: _weak_factor,
}
