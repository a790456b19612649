"""Where records lie, how to read them, and with how much memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from features.addresses import Address
from features.asof import SectorClass
from features.mapping import load_mapping
from features.records import Records, open_records
from features.schema import TABLES
from risk_index.memory import asked_gb, engine_gb
from risk_index.progress import steps
from risk_index.settings import load_sectors


@dataclass(frozen=True)
class Source:
    """Where the records lie and how to read them, with how much memory; None for no limit."""

    records: Path | Address
    mapping: Path | None = None
    settings: Path | None = None
    memory_gb: float | None = field(default_factory=asked_gb)

    @property
    def sectors(self) -> tuple[SectorClass, ...]:
        """Return the guide of industries: the mapping's own ``sectors.csv`` if it has one."""
        own = self.mapping / "sectors.csv" if self.mapping else None
        return load_sectors(own if own and own.is_file() else None)

    @contextmanager
    def open(
        self, rejected: Path | None = None, scratch: Path | None = None, keep: Path | None = None
    ) -> Iterator[Records]:
        """Open the checked records; their database lies in `scratch` meanwhile, and they stay in `keep`."""
        mapping = load_mapping(self.mapping) if self.mapping else None
        with ExitStack() as opened:
            with steps("checking", len(TABLES), "tables") as checked:
                found = open_records(
                    self.records,
                    mapping,
                    rejected=rejected,
                    memory_limit_gb=engine_gb(self.memory_gb),
                    scratch=scratch,
                    keep=keep,
                    progress=checked,
                )
                records = opened.enter_context(found)
            yield records
