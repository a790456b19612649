"""Policies played for some years in worlds of many seeds; a year's figures are kept once measured."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from zlib import crc32

import pandas as pd

from benchmarks.results import write_result
from benchmarks.rounds.policies import POLICIES
from benchmarks.worlds import BUILD
from risk_index.simulate.learnt import GRID_MONTHS, Learning
from risk_index.simulate.measured import STRATA, judged
from risk_index.simulate.policies import visits
from risk_index.world import PLANTED, begin, load_world_settings

Say = Callable[[str], None]
SHARE = Learning.capacity_share
ROUNDS = 3
ALIKE = "all alike, by lot"


def measure(seeds: tuple[int, ...], n_firms: int, jobs: int, say: Say) -> Path:
    """Play every policy in the world of every seed and write what came of it."""
    with ProcessPoolExecutor(jobs) as pool:
        tasks = {pool.submit(_played, seed, n_firms, name): f"seed {seed}: {name}"
                 for seed in seeds for name in POLICIES}  # fmt: skip
        for task in as_completed(tasks):
            say(f"{tasks[task]}, {len(task.result())} years")
        years = pd.concat([task.result() for task in tasks])
    options = " ".join(f"--seed {seed}" for seed in seeds)
    return write_result(
        "rounds",
        "Three rounds on what the last ones found",
        f"python -m benchmarks rounds {options} --firms {n_firms}",
        [(_said(n_firms, len(seeds)), _burden(years)), (_said_of_finds(), _found(years))],
    )


def _played(seed: int, n_firms: int, name: str) -> pd.DataFrame:
    """Return a row a year of one policy in one world; kept in a file, so that a rerun goes on."""
    kept = BUILD / f"rounds-{n_firms}-{seed}" / f"{crc32(name.encode()):08x}.csv"
    if kept.exists():
        return pd.read_csv(kept)
    settings = load_world_settings(**PLANTED)
    world, rows = begin(settings, n_firms, seed), []
    born = world.attributes.set_index("firm_id").legal_rep_birth_year
    older = settings.as_of.year - born >= settings.older_rep_age
    for number in range(1, ROUNDS + 1):
        chances, truth = POLICIES[name](world), world.truth
        world = world.step(visits(chances, world))
        found = judged(truth, older, chances, world.seen)
        rows.append({"policy": name, "seed": seed, "year": number} | found)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(".partial")
    pd.DataFrame(rows).to_csv(partial, index=False)
    partial.replace(kept)
    return pd.DataFrame(rows)


def _burden(years: pd.DataFrame) -> pd.DataFrame:
    """Return the burden ratio by policy and year, its least and largest, and worlds within the aim."""
    rows = []
    for name in POLICIES:
        part = years[years.policy == name]
        last = part[part.year == ROUNDS].burden
        row = {"policy": name}
        for year, found in part.groupby("year"):
            row[f"year {year}"] = f"{found.burden.mean():.3f}"
        row[f"year {ROUNDS} by seed"] = f"{last.min():.3f} to {last.max():.3f}"
        row["within 0.95-1.05"] = f"{last.between(0.95, 1.05).sum()} of {len(last)}"
        rows.append(row)
    return pd.DataFrame(rows)


def _found(years: pd.DataFrame) -> pd.DataFrame:
    base = years[years.policy == ALIKE].groupby("seed")[["harm", "violations"]].sum()
    rows = []
    for name in POLICIES:
        part = years[years.policy == name]
        ratio = (part.groupby("seed")[["harm", "violations"]].sum() / base).mean()
        lot = part.hajek.notna().all()
        rows.append({
            "policy": name,
            "harm": f"{ratio.harm:.2f}",
            "violations": f"{ratio.violations:.2f}",
            "cited a year": f"{part.cited.mean():.0f}",
            "naive rate, bias": f"{part.naive.mean():+.4f}",
            "design-based rate, error": f"{part.hajek.mean():+.4f}" if lot else "not estimable",
            "its spread": f"{part.hajek.std(ddof=1):.4f}" if lot else "",
        })  # fmt: skip
    return pd.DataFrame(rows)


def _said(n_firms: int, n_seeds: int) -> str:
    knobs = load_world_settings(**PLANTED)
    return (
        f"{n_seeds} worlds of {n_firms:,} firms as planted (`PLANTED`): at visits that inspectors choose, "
        f"firms with a legal representative of {knobs.older_rep_age} years or more are cited at log-odds "
        f"{knobs.older_rep_suspicion:g} above the truth; age has no true effect, and registered capital "
        f"carries it. {ROUNDS} rounds of a year, {SHARE:.0%} of the open firms visited in each, all policies "
        "on the same luck; every policy learns anew each year from all that its own visits and the past "
        f"brought (training dates every {GRID_MONTHS} months). Visits from a list are chosen (directed), "
        "visits by lot are random. **Burden ratio**: visits of compliant firms with an older "
        "representative over those of the others, in strata of equal true expected harm "
        f"({STRATA} of equal size); 1 is equal. The first rows need no records: a lot "
        "by the truth shows how far from 1 chance leads where strata hold unequal firms."
    )


def _said_of_finds() -> str:
    spread = load_world_settings(**PLANTED).harm_spread
    return (
        "What the truth expects at the firms visited, over what visiting all alike would meet, "
        f"{ROUNDS} years together (harm of the most hazardous sector over the least: {spread:g}). Cited: "
        "violations written down, over-citing included. Then the rate of violations among all firms, as the "
        "visits give it less the truth: their plain mean, and the design-based (Hajek) mean."
    )
