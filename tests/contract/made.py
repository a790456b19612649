"""A small world with every step taken by `risk-index run`, made once for all contracts that read it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from click.testing import CliRunner, Result

from risk_index.cli import main
from risk_index.world import load_world_settings, write_world

FIRMS, SEED = 1500, 3
TEXTS = {
    "firm_id", "name", "sector", "region", "tier", "reason_1", "reason_2", "reason_3",
    "notes", "model_version", "as_of",
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What `risk-index run` left of a small world."""

    records: Path
    out: Path
    as_of: str
    said: str

    @property
    def facts(self) -> dict[str, object]:
        """The facts of the fit."""
        return json.loads((self.out / "fit" / "metrics.json").read_text(encoding="utf-8"))

    @property
    def ranked(self) -> pd.DataFrame:
        """The ranking, ids and texts as they stand."""
        types = dict.fromkeys(TEXTS, str)
        file = self.out / "ranked.csv"
        return pd.read_csv(file, dtype=types, keep_default_na=False, encoding="utf-8-sig")


def invoke(*words: object) -> Result:
    """Run a command; an exception that reaches the user fails the test."""
    return CliRunner(catch_exceptions=False).invoke(main, [str(word) for word in words])


def make(folder: Path) -> Made:
    """Write a small world and take every step, by the one command for given records."""
    settings = load_world_settings()
    write_world(folder / "world", FIRMS, SEED, settings)
    as_of = settings.as_of.isoformat()
    result = invoke("run", folder / "world", "--as-of", as_of, "--out", folder / "out", "--json")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert {name for name in ("check", "ranked", "report") if Path(said[name]).is_file()} == {
        "check", "ranked", "report",
    }  # fmt: skip
    assert Path(said["fit"]["model"]).is_dir()
    _said(folder).write_text(result.stderr, encoding="utf-8")
    return _of(folder, as_of, result.stderr)


def kept(folder: Path) -> Made | None:
    """Return what :func:`make` left in a folder, if it came to its end there."""
    if not _said(folder).is_file():
        return None
    as_of = load_world_settings().as_of.isoformat()
    return _of(folder, as_of, _said(folder).read_text(encoding="utf-8"))


def _said(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.said")


def _of(folder: Path, as_of: str, said: str) -> Made:
    return Made(folder / "world" / "records", folder / "out", as_of, said)
