"""What moved since an earlier run: inputs, index, outcomes, rows of records, and who is in which tier."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from features.catalogue import BY_NAME
from risk_index.card_rows import figure
from risk_index.distributions import DRAWS, INDEX, Distributions, DrawnRate, read_distributions
from risk_index.earlier_ranking import LETTERS, place_of, show_ranking
from risk_index.errors import UserError
from risk_index.parts import of_part
from risk_index.shifts import shifts_between
from risk_index.texts import Texts
from risk_index.tiers import TIERS, churn
from risk_index.training import LIKELIHOOD, SEVERITY
from risk_index.whole_ranking import all_firms

MODERATE, LARGE = 0.1, 0.25
"""Customary limits of the PSI in credit scoring; `configs/gates.yaml` names the source of the second."""
MOST_SHOWN = 15
_NOW = f"""
SELECT
    o.firm_id IS NOT NULL AS known,
    {place_of("o.tier")} AS was,
    {place_of("n.tier")} AS is_now,
    n.index,
    o.index AS index_before
FROM new n LEFT JOIN old o USING (firm_id) ORDER BY n.firm_id
"""
OUTCOMES = (
    ("likelihood", "base_rate"),
    ("likelihood", "auc"),
    ("likelihood", "calibration_slope"),
    ("index", "harm_at_10"),
)


@dataclass(frozen=True)
class Run:
    """A fit and, where it was ranked, its ranking.

    Attributes
    ----------
    fit : Path
    ranked : Path or None
    facts : dict
        What stands in ``metrics.json``.
    """

    fit: Path
    ranked: Path | None
    facts: dict[str, Any]

    @classmethod
    def earlier(cls, folder: Path) -> Run:
        """Find the run in a folder: ``fit/`` and ``ranked.csv``, or the files of a fit alone.

        Raises
        ------
        UserError
            Where there is no fit.
        """
        fit = next((f for f in (folder / "fit", folder) if (f / "metrics.json").is_file()), None)
        if fit is None:
            raise UserError(
                f"{folder} holds no earlier run: name a folder with fit/ and ranked.csv, as "
                "`risk-index run --out` makes it, or the folder of a fit"
            )
        ranked = folder / "ranked.csv"
        facts = json.loads((fit / "metrics.json").read_text(encoding="utf-8"))
        return cls(fit, ranked if ranked.is_file() else None, facts)


@dataclass(frozen=True)
class Shift:
    """How far one number moved: its PSI, that of chance, and what to call it."""

    name: str
    psi: float
    chance: float

    @property
    def size(self) -> str:
        """Return the customary word for it."""
        if self.psi <= self.chance:
            return "within chance"
        return (
            "large shift"
            if self.psi >= LARGE
            else "moderate shift"
            if self.psi >= MODERATE
            else "small shift"
        )


@dataclass(frozen=True)
class Moves:
    """Firms of two rankings.

    Attributes
    ----------
    tiers : dict
        Firms by earlier tier (or "new"), then by tier of today.
    known, up, down, new, gone : int
        Firms in both, in a higher and in a lower tier than before, and in one ranking only.
    correlation : float
        Spearman's, of both indices over the firms in both.
    """

    tiers: dict[str, dict[str, int]]
    known: int
    up: int
    down: int
    new: int
    gone: int
    correlation: float


@dataclass(frozen=True)
class Drift:
    """What moved since an earlier run.

    Attributes
    ----------
    before : dict
        Facts of the earlier fit.
    shifts : list of Shift
        Index, index on random draws, then the inputs that moved most; empty where a fit kept no tallies.
    compared, moved, silent : int
        Inputs compared, those beyond chance and the limit of a moderate shift, and those beyond chance only.
    draws : tuple or None
        What the random draws of the year before either fit found.
    outcomes, records : list of list of str
        Rows of figures: before and now.
    moves : Moves or None
    """

    before: dict[str, Any]
    shifts: list[Shift]
    compared: int
    moved: int
    silent: int
    draws: tuple[DrawnRate, DrawnRate] | None
    outcomes: list[tuple[str, str, str]]
    records: list[tuple[str, str, str]]
    moves: Moves | None


def drift_since(earlier: Run, now: Run, words: Texts) -> Drift:
    """Compare two runs by the files that they left.

    Raises
    ------
    UserError
        Where one of the files is of another kind.
    """
    before, after = _distributions(earlier), _distributions(now)
    results, inputs = _shifts(before, after, words) if before and after else ([], [])
    kept = [one.drawn for one in (before, after) if one is not None and one.drawn is not None]
    drawn = (kept[0], kept[1]) if len(kept) == 2 else None
    beyond = [shift for shift in inputs if shift.psi > shift.chance]
    moved = [shift for shift in beyond if shift.psi >= MODERATE]
    return Drift(
        before=earlier.facts,
        shifts=results + inputs[:MOST_SHOWN],
        compared=len(inputs),
        moved=len(moved),
        silent=len(beyond) - len(moved),
        draws=drawn,
        outcomes=_outcomes(earlier.facts, now.facts),
        records=_records(earlier.facts, now.facts),
        moves=moves(earlier.ranked, now.ranked) if earlier.ranked and now.ranked else None,
    )


def _distributions(run: Run) -> Distributions | None:
    """Return what a fit kept; None where it is of a version that kept less."""
    file = run.fit / "distributions.json"
    found = read_distributions(file) if file.is_file() else None
    return found if found and found.tallies else None


def _shifts(
    before: Distributions, after: Distributions, words: Texts
) -> tuple[list[Shift], list[Shift]]:
    """Return the shifts of index and random draws, and those of the inputs, the farthest first."""
    found = shifts_between(before, after, set(LIKELIHOOD) | set(SEVERITY))
    results = [Shift(words.say(name), *found.pop(name)) for name in (INDEX, DRAWS) if name in found]
    inputs = [Shift(words.say(BY_NAME[n].title), *shift) for n, shift in found.items()]
    return results, sorted(inputs, key=lambda shift: (-shift.psi, shift.name))


def _outcomes(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return metrics of both fits, each on its own later inspections."""
    told = [{(r["method"], r["metric"]): figure(r) for r in of_part(f)} for f in (before, now)]
    return [
        (name, told[0].get((by, name), ""), told[1].get((by, name), "")) for by, name in OUTCOMES
    ]


def _records(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, str, str]]:
    old, new = ({r["table"]: r["n_accepted"] for r in facts["records"]} for facts in (before, now))
    return [(name, f"{old.get(name, 0):,}", f"{new[name]:,}") for name in new]


def moves(before: Path, now: Path) -> Moves:
    """Tell who moved between two rankings.

    Raises
    ------
    UserError
        Where one is no ranking, or an index in it is no number.
    """
    with duckdb.connect() as con:
        for name, file in (("old", before), ("new", now)):
            show_ranking(con, name, all_firms(file), ("firm_id", "tier", "index"))
        rows = con.execute(_NOW).fetchnumpy()
        n_before = con.execute("SELECT count(*) FROM old").fetchall()[0][0]
    known, was, is_now = (np.asarray(rows[name]) for name in ("known", "was", "is_now"))
    letters = np.array(LETTERS)
    table = churn(letters[was], letters[is_now])
    index = pd.DataFrame({name: rows[name][known] for name in ("index", "index_before")})
    return Moves(
        tiers={str(k): {t: int(row[t]) for t in TIERS} for k, row in table.iterrows()},
        known=int(known.sum()),
        up=int((known & (is_now > was)).sum()),
        down=int((known & (is_now < was)).sum()),
        new=int((~known).sum()),
        gone=int(n_before - known.sum()),
        correlation=float(index.corr(method="spearman").iloc[0, 1])
        if len(index) > 1
        else float("nan"),
    )
