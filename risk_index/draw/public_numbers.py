"""Random numbers that anyone can recompute: SHA-256 of the seed, a label and a name.

The seed hashes the commit record and what the public source revealed after it, so that neither the
authority nor the source could choose it alone. Nothing here depends on a library's random stream.

A number is the first 64 bits of a hash. As a fraction, its first 52 bits k give u = (2 k + 1) / 2^53, the
middle of one of 2^52 equal steps: never 0 or 1, and exact as an IEEE double, as is 1 - u.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]
DRAW, ARM, VISIT = b"draw|", b"arm|", b"visit|"
"""What a firm's number decides: whether it is drawn, in which arm, and its place among the visits."""
PHANTOM, START = b"phantom|", b"start|"
"""What a stratum's number decides: the draw of its unit "no visit", and the systematic start."""
BITS, STEPS = 64, 52


def draw_seed(commit_sha256: str, randomness: bytes) -> bytes:
    """Return ``SHA-256(commit hash || randomness)``, 32 bytes."""
    return sha256(bytes.fromhex(commit_sha256) + randomness).digest()


def number(seed: bytes, label: bytes, name: bytes) -> int:
    """Return the number of one name.

    >>> number(bytes(32), DRAW, b"A1")
    4792125412963579973
    """
    return int.from_bytes(sha256(seed + label + name).digest()[:8], "big")


def numbers(seed: bytes, label: bytes, names: Iterable[bytes]) -> Numbers:
    """Return the numbers of many names, in their order."""
    prefix = seed + label
    heads = b"".join([sha256(prefix + name).digest()[:8] for name in names])
    return np.frombuffer(heads, dtype=">u8").astype(np.uint64)


def odd_steps(number: Numbers) -> npt.NDArray[np.float64]:
    """Return ``2 k + 1`` for the first 52 bits k of each number: u times 2^53, an exact double."""
    return ((number >> np.uint64(BITS - STEPS)) * np.uint64(2) + np.uint64(1)).astype(np.float64)


def below(number: int, bound: int) -> int:
    """Return a number scaled to ``0..bound - 1``, by the whole-number part of number bound / 2^64."""
    return number * bound >> BITS
