"""Rounds of larger and larger frames beside a plain NumPy draw, and inclusion, as a file of tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import worlds
from benchmarks.draw import allocation, inclusion, one_round, plain_numpy
from benchmarks.draw.frames import STRATA, write_frame
from benchmarks.machine import in_child
from benchmarks.results import write_result

Say = Callable[[str], None]


def measure(sizes: tuple[int, ...], draws: int, hashed_draws: int, say: Say) -> Path:
    """Run rounds of every size by both methods, count inclusion, and write what was found."""
    columns: dict[str, dict[str, str]] = {}
    for n in sizes:
        say(f"{n:,} firms")
        frame = write_frame(worlds.BUILD / f"frame-{n}.csv", n, STRATA)
        ledger, firm = worlds.BUILD / f"ledger-{n}", f"91{n // 3:016d}"
        for method in inclusion.METHODS:
            made = in_child(one_round.__name__, frame, ledger, method, firm)
            columns[f"{n:,} firms, {method}"] = _column(made)
        columns[f"{n:,} firms, allocation"] = _column(in_child(allocation.__name__, n))
        columns[f"{n:,} firms, plain NumPy"] = _column(in_child(plain_numpy.__name__, frame))
    sections = [
        (
            f"Seconds and peak memory (MB) of one round, each in one process on one core; {STRATA} "
            "strata, 1.25 % of the firms drawn. Allocation spreads the capacity by region. Plain "
            "NumPy reads the same frame and draws systematically; nothing of it can be checked.",
            pd.DataFrame(columns).fillna("").rename_axis("step").reset_index(),
        )
    ]
    sections += _inclusion(draws, hashed_draws, say)
    options = " ".join(f"--firms {n}" for n in sizes)
    command = f"python -m benchmarks draw {options} --draws {draws} --hashed-draws {hashed_draws}"
    return write_result("draw", "The verifiable draw", command, sections)


def _column(found: dict[str, Any]) -> dict[str, str]:
    steps = {step: f"{seconds:.1f}" for step, seconds in found["seconds"].items()}
    total = sum(found["seconds"][step] for step in ("commit", "run") if step in found["seconds"])
    both = {"commit + run": f"{total:.1f}"} if total else {}
    return {**steps, **both, "peak memory": f"{found['peak_mb']:.0f}"}


def _inclusion(draws: int, hashed_draws: int, say: Say) -> list[tuple[str, pd.DataFrame]]:
    design, sections = inclusion.the_design(), []
    for method in inclusion.METHODS:
        for source, n, made in (
            ("numbers from NumPy", draws, inclusion.simulated(design, method, draws)),
            ("the real hashes", hashed_draws, inclusion.hashed(design, method, hashed_draws)),
        ):
            say(f"{n:,} draws, {method}, {source}")
            found = inclusion.measure_inclusion(design, made)
            sentence = (
                f"Mean inclusion by bin of the promised chance: {method}, {n:,} draws of "
                f"{len(design.ppb):,} firms in {design.n_strata} strata, {source}; z in standard errors."
            )
            sections.append((sentence, found.table()))
    return sections
