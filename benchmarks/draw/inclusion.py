"""Does everybody get the promised chance? Many draws of one frame, by the functions of the product.

`python -m benchmarks.draw.inclusion` makes 10,000 draws of 20,000 firms with numbers from NumPy, and some
with the real hashes, by both methods. Tests make fewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.draw.frames import FLOOR, chances
from benchmarks.results import as_table
from risk_index.draw.outcome import arm
from risk_index.draw.public_numbers import DRAW, PHANTOM, START, Numbers, below, number, numbers
from risk_index.draw.sampling import Design, Selection, pareto, systematic
from risk_index.frame_columns import BILLION

EDGES = np.array([0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8]) * BILLION
Floats = npt.NDArray[np.float64]
METHODS = ("pareto", "systematic")


@dataclass(frozen=True)
class Inclusion:
    """Mean inclusion by bin of the promised chance, with the standard error over draws."""

    target: Floats
    mean: Floats
    error: Floats
    firms: npt.NDArray[np.int64]
    draws: int

    @property
    def z(self) -> Floats:
        """Distance from the target in standard errors."""
        return (self.mean - self.target) / self.error

    def table(self) -> pd.DataFrame:
        """Return one row a bin."""
        names = [
            f"{a:g} to {b:g}" for a, b in zip(EDGES / BILLION, EDGES[1:] / BILLION, strict=False)
        ]
        columns = {"target": self.target, "mean": self.mean, "standard error": self.error}
        shown = {name: [f"{x:.6f}" for x in values] for name, values in columns.items()}
        return pd.DataFrame(
            {"chance": names, "firms": self.firms, **shown, "z": [f"{x:+.2f}" for x in self.z]}
        )


def the_design(n: int = 20_000, n_strata: int = 20, share: float = 0.05) -> Design:
    """Return chances between 0.1 % and 80 %, of whole visits in every stratum."""
    ppb, stratum = chances(n, n_strata, share)
    return Design(ppb, stratum, n_strata)


def measure_inclusion(design: Design, draws: Iterator[Selection]) -> Inclusion:
    """Count who is drawn, by bin of the promised chance."""
    bins = np.searchsorted(EDGES, design.ppb, side="left") - 1
    firms = np.bincount(bins, minlength=len(EDGES) - 1)
    shares = np.array([np.bincount(bins[s.drawn], minlength=len(firms)) / firms for s in draws])
    return Inclusion(
        np.bincount(bins, design.ppb / BILLION, minlength=len(firms)) / firms,
        shares.mean(axis=0),
        shares.std(axis=0, ddof=1) / np.sqrt(len(shares)),
        firms,
        len(shares),
    )


def simulated(design: Design, method: str, draws: int, seed: int = 1) -> Iterator[Selection]:
    """Yield draws with numbers from NumPy instead of hashes."""
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        firms = rng.integers(0, 2**64, len(design.ppb), dtype=np.uint64)
        phantoms = rng.integers(0, 2**64, design.n_strata, dtype=np.uint64)
        if method == "pareto":
            yield pareto(design, firms, phantoms)
        else:
            yield systematic(design, firms, phantoms, rng.integers(0, BILLION, design.n_strata))


def hashed(design: Design, method: str, draws: int) -> Iterator[Selection]:
    """Yield draws with the real hashes of seeds 0, 1, 2 ..."""
    ids = [str(i).encode() for i in range(len(design.ppb))]
    strata = [str(h).encode() for h in range(design.n_strata)]
    for i in range(draws):
        seed = sha256(str(i).encode()).digest()
        firms: Numbers = numbers(seed, DRAW, ids)
        phantoms = numbers(seed, PHANTOM, strata)
        if method == "pareto":
            yield pareto(design, firms, phantoms)
        else:
            starts = np.array([below(number(seed, START, name), BILLION) for name in strata])
            yield systematic(design, firms, phantoms, starts)


def floor_arms(design: Design, draws: int) -> Floats:
    """Return the number of firms in the floor arm, draw by draw, with the real hashes."""
    found = []
    for i, selection in enumerate(hashed(design, "pareto", draws)):
        seed = sha256(str(i).encode()).digest()
        places = np.flatnonzero(selection.drawn).tolist()
        arms = [arm(seed, str(p).encode(), int(design.ppb[p]), FLOOR) for p in places]
        found.append(arms.count("floor"))
    return np.array(found, float)


@click.command()
@click.option("--draws", type=int, default=10_000, show_default=True)
@click.option("--hashed-draws", type=int, default=500, show_default=True)
def main(draws: int, hashed_draws: int) -> None:
    """Print the mean inclusion in every bin, by both methods."""
    design = the_design()
    for method in METHODS:
        for source, made in (
            ("NumPy numbers", simulated(design, method, draws)),
            ("real hashes", hashed(design, method, hashed_draws)),
        ):
            found = measure_inclusion(design, made)
            click.echo(
                f"{method}, {found.draws:,} draws, {source}; largest |z| {abs(found.z).max():.2f}"
            )
            click.echo(as_table(found.table()) + "\n")


if __name__ == "__main__":
    main()
