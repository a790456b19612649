"""Random keys of firm and inspector that anyone can recompute, from the numbers of the draw.

The cost of sending an inspector to a firm is ``-ln u`` as a whole number of 2^-36, with u the fraction of
the pair's public number: whole numbers because then the cheapest assignment is exact, and the same with
any solver.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Context

import numpy as np
import numpy.typing as npt

from risk_index.draw.public_numbers import STEPS, Numbers, numbers, odd_steps

Ints = npt.NDArray[np.int64]
INSPECTOR = b"inspector|"
"""What a pair's number decides; the name is ``firm_id|inspector_id``."""
JOINT = "|"
FRACTION_BITS = 36
DOUBT = 2.0**-8
"""Where the logarithm in floating point lies this close to a whole number, it is computed exactly:
8 units in the last place of the largest value there is."""
_EXACT = Context(prec=40)


def pair_numbers(seed: bytes, pairs: Iterable[tuple[str, str]]) -> Numbers:
    """Return the public number of each pair of firm and inspector; shape (n_pairs,)."""
    return numbers(seed, INSPECTOR, (JOINT.join(pair).encode() for pair in pairs))


def costs(number: Numbers) -> Ints:
    """Return ``floor(-ln(u) * 2^36)``, the same on every machine; shape (n_pairs,).

    Logarithms of two mathematical libraries may differ in the last place. Where that could change
    the whole number, `exact_cost` decides.
    """
    odd = odd_steps(number)
    scaled = np.log(odd * 2.0 ** -(STEPS + 1)) * -(2.0**FRACTION_BITS)
    whole = np.floor(scaled).astype(np.int64)
    doubtful = np.abs(scaled - np.rint(scaled)) < DOUBT
    whole[doubtful] = [exact_cost(int(one)) for one in odd[doubtful]]
    return whole


def exact_cost(odd: int) -> int:
    """Return the cost at ``u = odd / 2^53`` by decimal arithmetic, correctly rounded by definition."""
    full, part = (_EXACT.ln(_EXACT.create_decimal(x)) for x in (2 ** (STEPS + 1), odd))
    return math.floor(_EXACT.multiply(_EXACT.subtract(full, part), 2**FRACTION_BITS))


def in_order(seed: bytes, firm_id: str, inspectors: Sequence[str]) -> list[str]:
    """Return inspectors in the random order of one visit, the smallest key first."""
    ordered = sorted(inspectors, key=str.encode)
    cost = costs(pair_numbers(seed, ((firm_id, one) for one in ordered)))
    return [ordered[j] for j in np.argsort(cost, kind="stable")]
