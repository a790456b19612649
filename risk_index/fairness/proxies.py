"""The legs run for every input, block and contrast of one sample: what an audit calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.arrays import Bools, Floats, Rows, Singles
from risk_index.fairness.blocks import blocks
from risk_index.fairness.earned import NOTHING, Earned, earned
from risk_index.fairness.evidence import JOINED, Contrast, Sample
from risk_index.fairness.gaps import FALSE_DISCOVERIES, Z_TWO_SIDED, Gaps, discoveries, gaps
from risk_index.fairness.pairs import Joint, candidates, joint_strengths
from risk_index.fairness.strata import legitimate_risk, strata
from risk_index.fairness.strength import Strength, codes, fold_of, joint_strength, strength
from risk_index.fairness.verdicts import Judgement, Legs, judge
from risk_index.progress import steps

ROWS_FOR_STRENGTH = 10_000


@dataclass(frozen=True)
class Finding:
    """One input, or block, and one contrast: the legs measured and the verdict.

    Parameters
    ----------
    inputs : names; more than one for a block that moves together
    partner : the input with which it tells most, "" if it needs none
    p : of the gap against permutations, one-sided where one direction is adverse
    share : gap over the standard deviation of the margin
    """

    inputs: tuple[str, ...]
    contrast: Contrast
    legs: Legs
    judgement: Judgement
    gap: float
    gap_interval: tuple[float, float]
    null_band: float
    p: float
    share: float
    partner: str = ""

    @property
    def name(self) -> str:
        """The inputs in words."""
        return JOINED.join(self.inputs)


@dataclass(frozen=True, eq=False)
class Parts:
    """Single inputs and blocks of them, as columns of contributions, shape (n, m)."""

    members: tuple[tuple[int, ...], ...]
    phi: Floats

    @property
    def n_single(self) -> int:
        """How many are single inputs; they come first, in the order of the inputs."""
        return sum(len(part) == 1 for part in self.members)


@dataclass(frozen=True, eq=False)
class _Ground:
    """What is the same for every contrast."""

    sample: Sample
    X: Singles
    parts: Parts
    stratum: Rows
    fold: Rows
    code: list[Rows]
    some: Rows
    pairs: list[tuple[int, int]]


def find_proxies(
    sample: Sample,
    contrasts: Sequence[Contrast],
    co_occurrence: Floats,
    legitimate: Sequence[str] | None = None,
    false_discovery: float = FALSE_DISCOVERIES,
    seed: int = 0,
) -> list[Finding]:
    """Return a finding for every input and block, and every contrast, in their order.

    Parameters
    ----------
    sample : Sample
        Firms of today, the drawn among them, in an order that does not depend on the input's (by
        firm_id): folds go by position. Margin and contributions of drawn firms come from a
        model that did not learn from their outcomes.
    contrasts : of the same firms in the same order
    co_occurrence : float64, shape (p, p)
        From `attributions.co_occurrence`: which inputs the model joins.
    legitimate : inputs by which equal risk is told; None means all
    false_discovery : share of false gaps allowed among the gaps found in this audit

    Raises
    ------
    EvidenceError
        If the random draw has fewer than 10 outcomes of either kind.
    """
    risk = legitimate_risk(sample, legitimate, seed)
    ground = _ground(sample, strata(risk, int(sample.drawn.sum())), co_occurrence, seed)
    found = [(c, _gaps(ground, c)) for c in contrasts]
    met = discoveries(found, false_discovery)
    findings: list[Finding] = []
    with steps("comparing", len(found), "groups") as done:
        for (contrast, gap), discovery in zip(found, met, strict=True):
            findings += _findings(ground, contrast, gap, discovery)
            done(1)
    return findings


def parts_of(sample: Sample) -> Parts:
    """Return the inputs one by one, then the blocks of inputs that move together."""
    place = {name: k for k, name in enumerate(sample.inputs)}
    found = blocks(sample.X.iloc[:ROWS_FOR_STRENGTH])
    members: list[tuple[int, ...]] = [(k,) for k in range(len(place))]
    members += [tuple(place[name] for name in block) for block in found]
    phi = sample.phi.to_numpy(dtype=np.float64)
    return Parts(tuple(members), np.column_stack([phi[:, list(m)].sum(axis=1) for m in members]))


def _ground(sample: Sample, stratum: Rows, co_occurrence: Floats, seed: int) -> _Ground:
    X = sample.X.to_numpy(dtype=np.float32)
    some = np.sort(np.random.default_rng(seed).permutation(len(sample))[:ROWS_FOR_STRENGTH])
    return _Ground(
        sample=sample,
        X=X[some],
        parts=parts_of(sample),
        stratum=stratum,
        fold=fold_of(len(some), seed),
        code=[codes(X[some, k]) for k in range(X.shape[1])],
        some=some,
        pairs=candidates(co_occurrence),
    )


def _gaps(ground: _Ground, contrast: Contrast) -> Gaps:
    return gaps(ground.parts.phi, contrast, ground.stratum, ground.sample.margin)


def _findings(ground: _Ground, contrast: Contrast, gap: Gaps, discovery: Bools) -> list[Finding]:
    told, joint = _strengths(ground, contrast, discovery)
    tells = np.array([s.met or k in joint for k, s in enumerate(told)])
    suspects = tells & discovery
    result = []
    for k in range(len(told)):
        weight = _earned(ground, suspects, k) if suspects[k] else NOTHING
        legs = _legs(contrast, gap, k, told[k], joint.get(k), bool(discovery[k]), weight)
        result.append(_finding(ground, contrast, gap, k, legs, joint.get(k)))
    return result


def _strengths(
    ground: _Ground, contrast: Contrast, discovery: Bools
) -> tuple[list[Strength], dict[int, Joint]]:
    """F1 of inputs and blocks; pairs are looked at where one of the two opens a gap."""
    some = contrast.take(ground.some)
    stratum = ground.stratum[ground.some]
    told = [strength(code, some, stratum, ground.fold) for code in ground.code]
    pairs = [pair for pair in ground.pairs if discovery[list(pair)].any()]
    joint = joint_strengths(ground.X, pairs, told, some, stratum, ground.fold)
    for members in ground.parts.members[len(told) :]:
        told.append(joint_strength(ground.X[:, list(members)], some, stratum, ground.fold))
    return told, joint


def _earned(ground: _Ground, suspects: Bools, at: int) -> Earned:
    """F4 of a part among the other suspects; a block stands in for its members."""
    sample, members = ground.sample, ground.parts.members
    drawn = sample.drawn
    singles = suspects.copy()
    singles[ground.parts.n_single :] = False
    singles[list(members[at])] = False
    singles[at] = True
    phi = ground.parts.phi[drawn]
    owner = None if sample.controller is None else sample.controller[drawn]
    outcome, weight = sample.violation[drawn], sample.weight[drawn]
    return earned(phi, singles, at, sample.margin[drawn], outcome, weight, owner)


def _legs(
    contrast: Contrast,
    gap: Gaps,
    k: int,
    told: Strength,
    joint: Joint | None,
    discovery: bool,
    weight: Earned,
) -> Legs:
    sign = contrast.sign or int(np.sign(gap.gap[k])) or 1
    return Legs(
        strength=told,
        joint=joint.strength if joint else None,
        gap=sign * float(gap.gap[k]),
        gap_error=float(gap.error[k]),
        discovery=discovery,
        earned=weight,
        firms=int(contrast.known.sum()),
    )


def _finding(
    ground: _Ground, contrast: Contrast, gap: Gaps, k: int, legs: Legs, joint: Joint | None
) -> Finding:
    low, high = gap.interval()
    names = ground.sample.inputs
    return Finding(
        inputs=tuple(names[i] for i in ground.parts.members[k]),
        contrast=contrast,
        legs=legs,
        judgement=judge(legs),
        gap=float(gap.gap[k]),
        gap_interval=(float(low[k]), float(high[k])),
        null_band=Z_TWO_SIDED * float(gap.null[k]),
        p=float(gap.p[k]),
        share=float(gap.share[k]),
        partner=names[joint.partner] if joint else "",
    )
