"""The report of a check: how every table fared, what was found, how well firms were identified."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from features.failures import Failure


@dataclass(frozen=True)
class TableQuality:
    """How a table fared: rows read, accepted and rejected, its file and its fingerprint."""

    table: str
    file: str
    n_read: int
    n_accepted: int
    fingerprint: str


@dataclass(frozen=True)
class Quality:
    """The report of a check.

    Attributes
    ----------
    tables : tuple of TableQuality
    failures : tuple of Failure
    recognised : tuple of str
        What sheets were recognised as.
    identity : dict
        How well firms were identified.
    """

    tables: tuple[TableQuality, ...]
    failures: tuple[Failure, ...]
    recognised: tuple[str, ...] = ()
    identity: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "tables": [vars(table) for table in self.tables],
            "failures": [failure.as_dict() for failure in self.failures],
            "recognised": list(self.recognised),
            "identity": self.identity,
        }

    @classmethod
    def of(cls, report: dict[str, Any]) -> Quality:
        """Return the report from plain values."""
        failures = [f | {"first_ids": tuple(f["first_ids"])} for f in report["failures"]]
        return cls(
            tuple(TableQuality(**table) for table in report["tables"]),
            tuple(Failure(**failure) for failure in failures),
            tuple(report["recognised"]),
            report["identity"],
        )

    def as_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False)

    @property
    def fingerprint(self) -> dict[str, str]:
        """Fingerprint of each table's accepted content, the same for any order of rows."""
        return {table.table: table.fingerprint for table in self.tables}
