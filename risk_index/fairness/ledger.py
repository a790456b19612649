"""The year's error budget: a share of false findings spent in equal parts on the audits of a year.

Every audit tests at the yearly level divided by the audits planned for the year, so that their sum keeps
to the level whatever they find (Bonferroni's bound). An audit of the same model is the same spending.
Sequential rules that win level back after a finding (LORD: Javanmard and Montanari, 2018) were left
aside: their level depends on the history, and a quiet history would make later audits blind.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from risk_index.errors import UserError


class LedgerError(UserError):
    """The ledger of audits cannot be read."""


class Spending(BaseModel):
    """One audit's part of the year's budget."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    year: int
    as_of: dt.date
    model_version: str
    level: float


@dataclass(frozen=True)
class Account:
    """What an audit may spend, and the year so far.

    Attributes
    ----------
    level : float
        False discovery rate of this audit.
    number : int
        Place of the audit in the year, 1 the first.
    planned : int
        Audits planned for the year.
    spent : float
        Sum of the year's levels, this audit's among them.
    entries : tuple of Spending
        The whole ledger, this audit last.
    """

    level: float
    number: int
    planned: int
    spent: float
    entries: tuple[Spending, ...]

    @property
    def overspent(self) -> bool:
        """Whether more audits were made than planned."""
        return self.number > self.planned

    def said(self) -> str:
        """Return the account in words."""
        words = (
            f"Audit {self.number} of {self.planned} planned this year, at a false discovery rate of "
            f"{self.level:.4g}; {self.spent:.4g} spent."
        )
        return words + (" More than planned: the year's level is exceeded." * self.overspent)


def account(
    entries: Sequence[Spending], model_version: str, as_of: dt.date, yearly: float, planned: int
) -> Account:
    """Return what an audit of a model may spend; a model audited before spends nothing more."""
    level = yearly / planned
    mine = Spending(year=as_of.year, as_of=as_of, model_version=model_version, level=level)
    others = [e for e in entries if (e.model_version, e.year) != (model_version, as_of.year)]
    year = [e for e in others if e.year == as_of.year]
    spent = sum(e.level for e in year) + level
    return Account(level, len(year) + 1, planned, spent, (*others, mine))


def read_ledger(path: Path | None) -> tuple[Spending, ...]:
    """Read a ledger; empty where there is none yet.

    Raises
    ------
    LedgerError
        Where the file is no ledger.
    """
    if path is None or not path.exists():
        return ()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return TypeAdapter(tuple[Spending, ...]).validate_python(content)
    except (OSError, ValueError, ValidationError) as error:
        raise LedgerError(
            f"{path} is no ledger of audits ({error}): restore it, or name a new file"
        ) from error


def write_ledger(path: Path, entries: Sequence[Spending]) -> None:
    """Write a ledger, whole or not at all."""
    text = json.dumps([e.model_dump(mode="json") for e in entries], indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.partial")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)
