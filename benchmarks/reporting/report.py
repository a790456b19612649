"""Worlds ranked as they are, with a region's penalties thinned, and with them doubled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.reporting.altered import KEPT, doubled, thinned
from benchmarks.results import write_result
from benchmarks.worlds import BUILD
from risk_index import pipeline
from risk_index.demo import harm_captured
from risk_index.world import load_world_settings, write_world

Say = Callable[[str], None]
SHARE = 0.05


def measure(seeds: tuple[int, ...], n_firms: int, region: str, say: Say) -> Path:
    """Rank every world and its altered copies, and write what changed."""
    rows = [row for seed in seeds for row in _of_world(seed, n_firms, region, say)]
    sentence = (
        f"Worlds of {n_firms:,} firms. Harm: share of what the truth's own order would hold in the first "
        f"{SHARE:.0%}. Order: rank correlation of expected harm with the true one. Visits: expected in "
        f"a round in region {region}, as the records are, with {KEPT:.0%} of its penalties (its rates "
        "in `sources` cut to match, or without `sources`), and with each penalty once more "
        "from a second platform that states no numbers; after a new fit and with the old one. "
        "Elasticity: of the visits by the share reported."
    )
    options = " ".join(f"--seed {seed}" for seed in seeds)
    command = f"python -m benchmarks reporting {options} --firms {n_firms} --region {region}"
    return write_result(
        "reporting", "Reporting and inspections", command, [(sentence, pd.DataFrame(rows))]
    )


def _of_world(seed: int, n_firms: int, region: str, say: Say) -> list[dict[str, str]]:
    folder, settings = BUILD / f"reporting-{n_firms}-{seed}", load_world_settings()
    if not (folder / "world" / "world.json").exists():
        write_world(folder / "world", n_firms, seed, settings)
    records = folder / "world" / "records"
    alike: dict[str, Callable[[], Path]] = {
        "as they are": lambda: records,
        "thinned": lambda: thinned(records, region, folder / "thinned"),
        "thinned, no rates": lambda: thinned(
            records, region, folder / "no rates", with_rates=False
        ),
        "doubled": lambda: doubled(records, region, folder / "doubled"),
    }
    ranked = {}
    for name, made in alike.items():
        say(f"seed {seed}, {name}")
        for fit, out in _rankings(folder, name, made).items():
            ranked[name, fit] = pd.read_csv(
                out, dtype={"region": str, "firm_id": str}, encoding="utf-8-sig"
            )
    truth = pd.read_parquet(folder / "world" / "truth.parquet")
    return [_row(seed, ranked, truth, region, name) for name in alike]


def _rankings(folder: Path, name: str, made: Callable[[], Path]) -> dict[str, Path]:
    """Return the rankings of altered records by their own fit and by the old one; those there are kept."""
    found = {fit: folder / f"{name} by {fit}.csv" for fit in dict.fromkeys(("as they are", name))}
    if not all(out.exists() for out in found.values()):
        source, as_of = pipeline.Source(made()), load_world_settings().as_of
        pipeline.fit(source, as_of, folder / f"fit {name}", _silent)
        for fit, out in found.items():
            pipeline.rank(source, as_of, folder / f"fit {fit}", out, _silent)
    return found


def _row(
    seed: int,
    ranked: dict[tuple[str, str], pd.DataFrame],
    truth: pd.DataFrame,
    region: str,
    name: str,
) -> dict[str, str]:
    base, new = ranked["as they are", "as they are"], ranked[name, name]
    found, best = harm_captured(new, truth, SHARE)
    order = new.merge(truth, on="firm_id", suffixes=("", "_true"))
    changes = [
        _visits(table, region) / _visits(base, region)
        for table in (new, ranked[name, "as they are"])
    ]
    elastic = f"{np.log(changes[0]) / np.log(KEPT):+.3f}" if name.startswith("thinned") else ""
    return {
        "seed": str(seed),
        "penalties": name,
        "harm": f"{found / best:.3f}",
        "order": f"{order.expected_harm.corr(order.expected_harm_true, method='spearman'):.4f}",
        "visits": f"{_visits(new, region):.2f}",
        "new fit": f"{changes[0] - 1:+.2%}",
        "old fit": f"{changes[1] - 1:+.2%}",
        "elasticity": elastic,
    }


def _visits(table: pd.DataFrame, region: str) -> float:
    return float(table.inspection_probability[table.region == region].sum())


def _silent(_: str) -> None:
    return None
