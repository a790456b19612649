"""What a remedy would change: an input left out, capped, held to one direction or evened out by ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from models.arrays import Bools, Floats, Rows
from risk_index.fairness.case import Case
from risk_index.fairness.evidence import Contrast

CAP_QUANTILES = (0.1, 0.9)
LEAST_VALUES = 50
"""An input of fewer values has no spread to even out."""
DROP, MORE_DROPPED = "drop", "drop with stand-ins"


@dataclass(frozen=True, eq=False)
class Trial:
    """Inputs of a refit: for the examples, for the case's rows, and their directions."""

    learn: pd.DataFrame
    ask: pd.DataFrame
    directions: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Proposal:
    """A remedy before it is tried.

    Attributes
    ----------
    kind : str
        drop, drop with stand-ins, capped, one direction or residualised.
    inputs : tuple of str
        Inputs that it changes.
    words : str
        The remedy in words.
    trial : callable
        Makes the inputs of the refit, when it is needed.
    needs_attribute : bool
        Whether scoring would need the attribute: then it is evidence, no remedy to release.
    """

    kind: str
    inputs: tuple[str, ...]
    words: str
    trial: Callable[[], Trial]
    needs_attribute: bool = False


def proposals(case: Case, name: str, contrast: Contrast) -> Iterator[Proposal]:
    """Yield the remedies that change one input, mildest first."""
    one, examples = (name,), case.recipe.examples.X[name]
    low, high = (float(q) for q in examples.quantile(CAP_QUANTILES))
    if low < high:
        words = f"cap {name} between {low:g} and {high:g}"
        yield Proposal("capped", one, words, partial(_capped, case, name, low, high))
    yield dropped(case, one)
    sign = -_slope(case, name)
    if sign and case.recipe.likelihood.directions[name] == 0:
        words = f"let more of {name} only {'raise' if sign > 0 else 'lower'} the likelihood"
        yield Proposal("one direction", one, words, partial(_one_way, case, name, sign))
    if examples.nunique() >= LEAST_VALUES:
        words = f"give {name} the same spread in group and others at equal risk"
        yield Proposal(
            "residualised", one, words, partial(_residualised, case, name, contrast), True
        )


def dropped(case: Case, names: tuple[str, ...]) -> Proposal:
    """Return the remedy that leaves inputs out."""
    kind = DROP if len(names) == 1 else MORE_DROPPED
    return Proposal(kind, names, f"leave out {', '.join(names)}", partial(_without, case, names))


def _without(case: Case, names: tuple[str, ...]) -> Trial:
    signs = case.recipe.likelihood.directions
    kept = {name: sign for name, sign in signs.items() if name not in names}
    return Trial(case.recipe.examples.X, case.firms.X, kept)


def _one_way(case: Case, name: str, sign: int) -> Trial:
    signs = {**case.recipe.likelihood.directions, name: sign}
    return Trial(case.recipe.examples.X, case.firms.X, signs)


def _capped(case: Case, name: str, low: float, high: float) -> Trial:
    learn, ask = (
        X.assign(**{name: X[name].clip(low, high)}) for X in (case.recipe.examples.X, case.firms.X)
    )
    return Trial(learn, ask, case.recipe.likelihood.directions)


def _residualised(case: Case, name: str, contrast: Contrast) -> Trial:
    """Give an input its stratum's spread in the group as in the others, rank by rank.

    Ranks, since a shift of means moves a skewed input little and marks the group in a count. An
    example has the group and the stratum of its firm; firms outside the case keep their values.
    """
    inside, known = watched(contrast)
    cell = np.where(known, 2 * case.stratum + inside, -1)
    own = pd.Series(cell[case.registry], index=case.firms.firm_key[case.registry])
    of_example = own.reindex(case.example_firm).fillna(-1).to_numpy(np.int64)
    x = case.firms.X[name].to_numpy(float)
    old = case.recipe.examples.X[name].to_numpy(float)
    learn = case.recipe.examples.X.assign(**{name: _evened(old, of_example)})
    ask = case.firms.X.assign(**{name: _evened(x, cell)})
    return Trial(learn, ask, case.recipe.likelihood.directions)


def _slope(case: Case, name: str) -> int:
    """Return the direction in which the input moves the margin: 1, -1 or 0."""
    x, phi = case.sample.X[name], case.sample.phi[name]
    known = x.notna()
    if phi[known].std() < 1e-9 or x[known].nunique() < 2:
        return 0
    return int(np.sign(np.corrcoef(x[known].rank(), phi[known])[0, 1]))


def _evened(x: Floats, cell: Rows) -> NDArray[np.float32]:
    """Map each side's quantiles within a stratum (cells 2 q and 2 q + 1) to those of both sides."""
    even = x.copy()
    for q in np.unique(cell[cell >= 0] // 2):
        both = (cell // 2 == q) & (cell >= 0) & np.isfinite(x)
        for side in (0, 1):
            here = both & (cell == 2 * q + side)
            if here.any():
                place = (rankdata(x[here]) - 0.5) / here.sum()
                even[here] = np.quantile(x[both], place)
    return even.astype(np.float32)


def watched(contrast: Contrast) -> tuple[Bools, Bools]:
    """Return who is in the group whose burden is watched, and of whom that is known, each (n,).

    Of a number the upper half is the group, or the lower one where that is the adverse end.
    """
    known = contrast.known
    middle = 0.5 if contrast.kind == "binary" else 0.0
    inside = known & (np.nan_to_num(contrast.a) > middle)
    return (known & ~inside if contrast.sign < 0 else inside), known
