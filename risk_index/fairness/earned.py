"""F4: whether an input's contribution earns its weight on outcomes that no officer chose.

A logistic regression of random-draw outcomes gives each suspect's contribution a weight: 1 if the
model weighs it as the outcomes do, 0 if it tells nothing of them. Suspects that move together stand
in one regression, side by side: one that earns nothing would else bend the weight of the other.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from scipy.special import logsumexp
from scipy.stats import norm
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from models.arrays import Bools, Floats, Rows

HALF = 0.5  # of the weight that the model gives
Z_ONE_SIDED = float(norm.isf(0.05))
POWER_FACTOR = (Z_ONE_SIDED + float(norm.isf(0.2))) ** 2  # one-sided 5 %, power 80 %: 6.2
NEIGHBOURS = 5
ALIKE = 0.2  # absolute correlation of contributions from which suspects stand side by side
HONEST, HONEST_SPREAD = 0.8, 0.25  # weights that legitimate inputs earned in tuning worlds
PRIOR_SPREAD = 0.5  # of a neighbour's weight about HALF
SAME = 0.999
LEAST_SPREAD = 1e-9


@dataclass(frozen=True)
class Earned:
    """How much of its weight a contribution earns: 1 all of it, 0 none.

    Parameters
    ----------
    beta, error : float
        Estimate and robust standard error (sandwich, by controller), the neighbours' weights held
        to lie about between 0 and 1; the error is inf if there is no estimate.
    likelihood_ratio : float
        Of the outcomes if it earns nothing, to the same if it earns what legitimate inputs do
        (0.8, give or take 0.25), whichever of the two each neighbour does.
    n, violations : int
        Drawn firms with an outcome, and violations among them.
    """

    beta: float
    error: float
    likelihood_ratio: float
    n: int
    violations: int

    @property
    def low(self) -> float:
        """Lower end of the one-sided 95 % interval."""
        return self.beta - Z_ONE_SIDED * self.error

    @property
    def high(self) -> float:
        """Upper end of the one-sided 95 % interval."""
        return self.beta + Z_ONE_SIDED * self.error

    @property
    def needed(self) -> float:
        """Drawn firms that tell weight 0 from 1, one-sided 5 % with power 80 %."""
        return float(np.ceil(POWER_FACTOR * self.error**2 * self.n))


NOTHING = Earned(np.nan, np.inf, 1.0, 0, 0)


def earned(
    phi: Floats,
    suspects: Bools,
    at: int,
    margin: Floats,
    violation: Floats,
    weight: Floats,
    controller: Rows | None = None,
) -> Earned:
    """Return the weight that one contribution earns among the drawn firms.

    Parameters
    ----------
    phi : float64, shape (n, p)
        Contributions of all inputs, drawn firms only. The model must not have learnt from their
        outcomes: a model that has would seem to earn what it remembers.
    suspects : bool, shape (p,)
        Inputs that tell the attribute and open a gap. What is not suspect is trusted as one sum.
    at : int
        The input asked for.
    margin, violation, weight : float64, shape (n,)
    controller : int64, shape (n,), or None
        Whose draws may go together: the error allows for it.
    """
    if phi[:, at].std() < LEAST_SPREAD:
        return NOTHING
    shares, others = side_by_side(phi, suspects, at)
    rest = margin - np.sum(shares, axis=0) - others
    trusted = [x for x in (rest, others) if x.std() > LEAST_SPREAD]
    design = np.column_stack([*shares, np.ones(len(phi)), *trusted])
    beta, covariance = _fit(design, violation, weight, controller)
    tested = slice(0, len(shares))
    beta, covariance = beta[tested], covariance[tested, tested]
    estimate, error = given_neighbours(beta, covariance)
    return Earned(
        beta=estimate,
        error=error,
        likelihood_ratio=idle_likelihood_ratio(beta, covariance),
        n=len(phi),
        violations=int(violation.sum()),
    )


def side_by_side(phi: Floats, suspects: Bools, at: int) -> tuple[list[Floats], Floats]:
    """Return the contribution of `at`, those of its neighbours, and the sum of all other suspects'.

    Neighbours are the suspects whose contributions move most with that of `at`, nearest first. One
    that moves as it does cannot be told from it and is added to it.
    """
    alike = {
        int(k): abs(float(np.corrcoef(phi[:, k], phi[:, at])[0, 1]))
        for k in np.flatnonzero(suspects)
        if k != at and phi[:, k].std() > LEAST_SPREAD
    }
    twins = [k for k in alike if alike[k] >= SAME]
    near = [k for k in sorted(alike, key=lambda k: -alike[k]) if ALIKE <= alike[k] < SAME]
    near = near[:NEIGHBOURS]
    others = suspects.copy()
    others[[at, *near, *twins]] = False
    shares = [phi[:, [at, *twins]].sum(axis=1), *(phi[:, k] for k in near)]
    return shares, np.asarray(phi[:, others].sum(axis=1))


def idle_likelihood_ratio(beta: Floats, covariance: Floats) -> float:
    """Return how much likelier the estimates are if the first weight is 0 than if it is honest.

    Each other weight is 0 or honest with even chances. Estimates, shape (k,), are taken as normal
    about the true weights.
    """
    first, logs = [], []
    for idle in itertools.product((True, False), repeat=len(beta)):
        honest = ~np.array(idle)
        spread = covariance + np.diag(HONEST_SPREAD**2 * honest)
        off = beta - HONEST * honest
        log_det = np.linalg.slogdet(spread)[1]
        logs.append(-0.5 * (off @ np.linalg.solve(spread, off) + log_det))
        first.append(idle[0])
    chosen, log = np.array(first), np.array(logs)
    return float(np.exp(np.clip(logsumexp(log[chosen]) - logsumexp(log[~chosen]), -50, 50)))


def given_neighbours(beta: Floats, covariance: Floats) -> tuple[float, float]:
    """Return the first weight and its standard error if the others lie about between 0 and 1.

    Estimates, shape (k,), are combined with a normal prior on all weights but the first, of mean
    0.5 and standard deviation 0.5: no more is claimed of a neighbour than that it earns something
    between nothing and all, which settles most of what two alike contributions leave open.
    """
    precision = np.linalg.pinv(covariance)
    prior = np.diag([0.0] + [PRIOR_SPREAD**-2] * (len(beta) - 1))
    posterior = np.linalg.inv(precision + prior)
    mean = posterior @ (precision @ beta + prior @ np.full(len(beta), HALF))
    return float(mean[0]), float(np.sqrt(posterior[0, 0]))


def _fit(
    design: Floats, violation: Floats, weight: Floats, controller: Rows | None
) -> tuple[Floats, Floats]:
    share = weight / weight.mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        model = sm.GLM(violation, design, sm.families.Binomial(), var_weights=share)
        fit = model.fit(cov_type="HC0")
    if controller is None:
        return np.asarray(fit.params), np.asarray(fit.cov_params())
    said = np.asarray(fit.mu)
    return np.asarray(fit.params), _clustered(design, violation, share, said, controller)


def _clustered(
    design: Floats, violation: Floats, weight: Floats, said: Floats, controller: Rows
) -> Floats:
    """Return the sandwich covariance of a logistic regression, scores summed by controller.

    statsmodels has none that is meant for weights; with every row its own controller this is its HC0.
    """
    group = np.unique(controller, return_inverse=True)[1]
    score = design * (weight * (violation - said))[:, None]
    summed = np.zeros((group.max() + 1, design.shape[1]))
    np.add.at(summed, group, score)
    bread = np.linalg.pinv(design.T @ (design * (weight * said * (1 - said))[:, None]))
    return np.asarray(bread @ (summed.T @ summed) @ bread)
