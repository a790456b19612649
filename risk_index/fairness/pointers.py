"""All inputs together: how far they tell an attribute, and how far the margin moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.arrays import Rows
from risk_index.fairness.evidence import Contrast, Sample
from risk_index.fairness.proxies import ROWS_FOR_STRENGTH
from risk_index.fairness.strata import legitimate_risk, strata
from risk_index.fairness.strength import Strength, fold_of, judged, told
from risk_index.fairness.treatment import LEAST_LOAD, EqualTreatment, equal_treatment, loads
from risk_index.progress import steps


@dataclass(frozen=True)
class Pointer:
    """What says "look here" about one contrast; none of it is a finding against an input.

    Parameters
    ----------
    strength : of all inputs together, told by boosted trees out of fold, within strata
    loads : by input, the share of the margin's variance that moves with the attribute (F2')
    equal_treatment : whether contributions tell the attribute (F3)
    """

    contrast: Contrast
    strength: Strength
    loads: dict[str, float]
    equal_treatment: EqualTreatment

    @property
    def load(self) -> float:
        """Sum of the loads, adverse above 0; from 0.02 on it is worth a look."""
        return sum(self.loads.values()) * (self.contrast.sign or 1)

    @property
    def look(self) -> bool:
        """Whether load or unequal treatment asks for a look."""
        loaded = abs(self.load) if self.contrast.sign == 0 else self.load
        return loaded >= LEAST_LOAD or self.equal_treatment.met


def pointers(
    sample: Sample,
    contrasts: Sequence[Contrast],
    legitimate: Sequence[str] | None = None,
    seed: int = 0,
) -> list[Pointer]:
    """Return a pointer for each contrast, measured on at most 10,000 firms.

    Raises
    ------
    EvidenceError
        If the random draw has fewer than 10 outcomes of either kind.
    """
    stratum = strata(legitimate_risk(sample, legitimate, seed), int(sample.drawn.sum()))
    some = np.sort(np.random.default_rng(seed).permutation(len(sample))[:ROWS_FOR_STRENGTH])
    part, q = sample.take(some), stratum[some]
    found = []
    with steps("pointing", len(contrasts), "groups") as done:
        for contrast in contrasts:
            found.append(_pointer(part, contrast.take(some), q, seed))
            done(1)
    return found


def _pointer(sample: Sample, contrast: Contrast, stratum: Rows, seed: int) -> Pointer:
    fold = fold_of(len(sample), seed)
    expected = told(sample.X.to_numpy(dtype=np.float32), contrast, stratum, fold)
    known = contrast.known
    phi, q = sample.phi.to_numpy(dtype=np.float64)[known], stratum[known]
    strength = judged(expected[known], contrast.a[known], q, fold[known], contrast.kind == "binary")
    moved = loads(phi, expected[known], q, sample.margin[known])
    return Pointer(
        contrast=contrast,
        strength=strength,
        loads=dict(zip(sample.inputs, moved.tolist(), strict=True)),
        equal_treatment=equal_treatment(phi, contrast.take(known), q, seed),
    )
