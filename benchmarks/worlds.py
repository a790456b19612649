"""Synthetic registries to measure on, written once into `build/benchmarks`."""

from __future__ import annotations

import json
from pathlib import Path

from risk_index.world import load_world_settings, write_world

BUILD = Path("build/benchmarks")
EVENTS_PER_FIRM = 10
SEED = 1


def world(n_firms: int, events: float = EVENTS_PER_FIRM) -> Path:
    """Return the folder of the world of `n_firms` firms with so many events a firm."""
    other = f"-{events:g}" if events != EVENTS_PER_FIRM else ""
    folder = BUILD / f"world-{n_firms}{other}"
    if not (folder / "world.json").exists():
        write_world(folder, n_firms, SEED, load_world_settings(), events)
    return folder


def as_of(folder: Path) -> str:
    """Return the date to fit and rank a world at."""
    return json.loads((folder / "world.json").read_text(encoding="utf-8"))["as_of"]


def size(folder: Path) -> str:
    """Return firms and events of a world in words."""
    n_firms, n_events = counts(folder)
    return f"{n_firms:,} firms, {n_events:,} events"


def counts(folder: Path) -> tuple[int, int]:
    """Return the firms and the events of a world."""
    told = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    events = ("penalties", "permits", "irregularities", "listings", "inspections")
    return told["n_firms"], sum(told["rows"][name] for name in events)
