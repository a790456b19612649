"""Small worlds for retraining: more random draws than usual, so that few firms tell enough."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from risk_index.pipeline import Source
from risk_index.release.retrain import Wanted, retrain
from risk_index.release.verdicts import Ruling, Verdict
from risk_index.settings import CONFIGS
from risk_index.tracking import CHAMPION, Registry
from risk_index.world import load_world_settings, write_world
from risk_index.world.settings import WORLD_CONFIG

DRAWS = 6
STATED = (CONFIGS / "example-settings.yaml").read_text(encoding="utf-8")
FEW = f"refits: 0\ngrid_months: 6\nhistory_years: 3\n{STATED}"
"""Few dates, no refits, and an authority that states everything."""
FIRST, LATER = dt.date(2025, 12, 31), dt.date(2026, 6, 30)
Change = Callable[[pd.DataFrame], pd.DataFrame]


def small_world(folder: Path, firms: int, seed: int, **knobs: float) -> Path:
    """Write a world in which six times as many firms are drawn; return its records."""
    folder.mkdir(parents=True, exist_ok=True)
    written = yaml.safe_load(WORLD_CONFIG.read_text(encoding="utf-8"))
    at = list(written["sizes"]["columns"]).index("random_share")
    for row in written["sizes"]["rows"]:
        row[at] *= DRAWS
    knobs_file = folder / "world.yaml"
    knobs_file.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), "utf-8")
    write_world(folder / "world", firms, seed, load_world_settings(knobs_file, **knobs))
    (folder / "few.yaml").write_text(FEW, encoding="utf-8")
    return folder / "world" / "records"


def retrained(
    records: Path, as_of: dt.date, registry: Path, run: Path, wanted: Wanted | None = None
) -> Ruling:
    """Retrain with few dates and no refits."""
    settings = next(folder for folder in records.parents if (folder / "few.yaml").is_file())
    source = Source(records, settings=settings / "few.yaml")
    place = Registry(str(registry))
    wanted = replace(wanted or Wanted(), first=place.holder(CHAMPION) is None)
    return retrain(source, as_of, place, run, lambda _: None, wanted)


def altered(records: Path, name: str, **changes: Change) -> Path:
    """Copy records with some tables changed."""
    copy = shutil.copytree(records, records.parent / name)
    for table, change in changes.items():
        file = copy / f"{table}.parquet"
        change(pd.read_parquet(file)).to_parquet(file, index=False)
    return copy


def of(found: Ruling, gate: str) -> Verdict:
    """Return what one gate said."""
    return next(verdict for verdict in found.verdicts if verdict.name == gate)
