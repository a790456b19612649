"""Rivals whose libraries are not this project's: each runs by the Python of an environment that has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.matrix.compare import Command, ours
from benchmarks.matrix.contender import SPARK

SCRIPTS = Path(__file__).parent / "elsewhere"


@dataclass(frozen=True)
class Rivals:
    """Pythons of environments that have a rival's libraries; none where a rival is not asked.

    Attributes
    ----------
    spark : Path
        Of an environment with this project and its extra ``spark``.
    address : str
        Database of a PostgreSQL as SQLAlchemy names it; its schema ``bench`` is made anew.
    """

    polars: Path | None = None
    featuretools: Path | None = None
    triage: Path | None = None
    address: str | None = None
    spark: Path | None = None

    def complete(self) -> dict[str, Command]:
        """Return those that compute all the features compared."""
        return {"Polars": _script(self.polars, "polars_way.py")} if self.polars else {}

    def aggregating(self) -> dict[str, Command]:
        """Return those that compute counts, sums and days of own events."""
        found = {}
        if self.featuretools:
            found["featuretools"] = _script(self.featuretools, "featuretools_way.py")
        if self.triage and self.address:
            script = _script(self.triage, "collate_way.py", "--address", self.address)
            found["triage's collate"] = script
        return found

    def on_spark(self) -> dict[str, Command]:
        """Return our features on Spark."""
        return {SPARK: ours(SPARK, self.spark)} if self.spark else {}

    def options(self) -> str:
        """Return the options as they were given, without paths and addresses."""
        given = {
            "--polars PYTHON": self.polars,
            "--featuretools PYTHON": self.featuretools,
            "--triage PYTHON": self.triage,
            "--postgres ADDRESS": self.address,
            "--spark PYTHON": self.spark,
        }
        return "".join(f" {option}" for option, value in given.items() if value)

    def not_asked(self) -> str:
        """Return a sentence on the rivals that were left out, empty if there are none."""
        reasons = [
            (self.polars, "Polars (--polars names no environment)"),
            (self.featuretools, "featuretools (--featuretools names no environment)"),
            (self.triage, "triage's collate (--triage names no environment)"),
            (self.address, "triage's collate (--postgres names no database)"),
            (self.spark, "Spark (--spark names no environment)"),
        ]
        missing = [reason for value, reason in reasons if not value]
        return f" Not asked: {', '.join(missing)}." if missing else ""


def _script(python: Path, script: str, *more: str) -> Command:
    return (str(python), str(SCRIPTS / script), *more)
