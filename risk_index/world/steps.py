"""A synthetic registry that goes on: season after season under a policy of inspection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.schema import BY_NAME
from risk_index.world.chunks import Chunk, chunk_of, tables
from risk_index.world.firms import Array, column, draw_firms
from risk_index.world.history import SELECTIONS, Columns, keep
from risk_index.world.records import sources
from risk_index.world.seasons import GIVEN, play
from risk_index.world.settings import WorldSettings
from risk_index.world.tables import Encoder, credit_codes
from risk_index.world.writing import WorldError, WorldSummary, write_tables

COLUMNS = ("firm_id", "inclusion_probability", "selection")


@dataclass(frozen=True, eq=False)
class World:
    """A registry on a day, with its truth; it never changes. All of its firms are held in memory.

    Attributes
    ----------
    settings : WorldSettings
        Knobs; their ``as_of`` is the day of the beginning.
    seed : int
        Seed of all random numbers.
    chunks : tuple of Chunk
        The firms and what was drawn of them.
    """

    settings: WorldSettings
    seed: int
    chunks: tuple[Chunk, ...]

    @property
    def season(self) -> int:
        """Seasons played since the beginning."""
        return self.chunks[0].year - self.settings.history_years

    @property
    def as_of(self) -> dt.date:
        """Last day on which anything was recorded."""
        day = np.datetime64(self.chunks[0].last(self.settings), "D")
        return pd.Timestamp(day).date()

    @cached_property
    def _tables(self) -> dict[str, pa.Table]:
        parts: dict[str, list[pa.Table]] = {}
        for name, table in self._encoded():
            parts.setdefault(name, []).append(table)
        return {name: pa.concat_tables(found) for name, found in parts.items()}

    @property
    def records(self) -> dict[str, pa.Table]:
        """The record tables under their names: what is known by `as_of`."""
        return {name: self._tables[name] for name in BY_NAME}

    @property
    def truth(self) -> pd.DataFrame:
        """True likelihood, severity, expected harm and reporting rate of the coming season by firm_id."""
        return self._tables["truth"].to_pandas()

    @property
    def attributes(self) -> pd.DataFrame:
        """The audited attributes by firm_id."""
        return self._tables["attributes"].to_pandas()

    @property
    def seen(self) -> pd.DataFrame:
        """What the visits given to the last season found, recorded or not; no row before a season.

        ``firm_id``, ``inspected_on``, ``selection``, ``inclusion_probability``, ``violation``, ``harm``.
        """
        encoder, parts = Encoder(self.settings), []
        for chunk, ids in zip(self.chunks, self._ids, strict=True):
            if chunk.seen:
                found = {name: chunk.seen[name] for name in (*SEEN, "recorded_on")}
                table = encoder.encode("inspections", _as_inspections(found), 0, ids)
                parts.append(table.select(SEEN).to_pandas())
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=SEEN)

    def step(self, inspected: pd.DataFrame) -> World:
        """Return the registry a season (a year) later.

        Parameters
        ----------
        inspected : DataFrame
            ``firm_id``; ``selection``, one of random, routine and directed; ``inclusion_probability``,
            known for random visits and else empty. A row is a visit, on a day of the firm's own; a firm
            that is not open on that day is not visited.

        Raises
        ------
        WorldError
            Naming the column, the rule and the first firms.
        """
        rows = _checked(inspected, pd.Index(np.concatenate([ids.to_pylist() for ids in self._ids])))
        chunk = rows["firm_id"] // self.settings.chunk_firms
        played = []
        for number, part in enumerate(self.chunks):
            given = keep(rows, chunk == number)
            given["firm_id"] = given["firm_id"] - number * self.settings.chunk_firms
            played.append(play(part, self.settings, self.seed, given))
        return replace(self, chunks=tuple(played))

    def write(self, out: Path) -> WorldSummary:
        """Write the registry as :func:`write_world` does, before the first season to the same bytes."""
        n = sum(len(chunk.firms) for chunk in self.chunks)
        return write_tables(out, self._encoded(), self.seed, self.settings, n, self.as_of)

    @cached_property
    def _ids(self) -> list[pa.Array]:
        codes, found = column(self.settings.regions, "code"), []
        for number, chunk in enumerate(self.chunks):
            first = number * self.settings.chunk_firms
            found.append(credit_codes(self.seed, first, codes[chunk.firms.region[0]]))
        return found

    def _encoded(self) -> Iterator[tuple[str, pa.Table]]:
        encoder, years = Encoder(self.settings), self.chunks[0].year
        audits = sources(self.settings, self.seed, years)
        yield "sources", encoder.encode("sources", audits, 0, None)
        for number, chunk in enumerate(self.chunks):
            for name, table in tables(chunk, self.settings, self.seed).items():
                yield name, encoder.encode(name, table, number, self._ids[number])


SEEN = ["firm_id", "inspected_on", "selection", "inclusion_probability", "violation", "harm"]


def _as_inspections(found: Columns) -> Columns:
    return found | {"inspector_id": np.zeros(len(found["firm_id"]), dtype=int)}


def begin(settings: WorldSettings, n_firms: int, seed: int) -> World:
    """Return a registry on the day ``as_of``, with the past that :func:`write_world` writes.

    Raises
    ------
    WorldError
        Where a number cannot be met.
    """
    if n_firms < 1 or seed < 0:
        raise WorldError(f"n_firms is {n_firms}, seed is {seed}; at least 1 and 0 are needed.")
    size, chunks = settings.chunk_firms, []
    for number, first in enumerate(range(0, n_firms, size)):
        firms = draw_firms(settings, seed, number, min(size, n_firms - first))
        chunks.append(chunk_of(firms, settings, seed))
    return World(settings, seed, tuple(chunks))


# ---- visits given --------------------------------------------------------------------------------


def _checked(inspected: pd.DataFrame, ids: pd.Index) -> Columns:
    """Return the visits in the order of the firms, with a slot for each visit of one firm."""
    if missing := [name for name in COLUMNS if name not in inspected]:
        raise WorldError(f"visits lack the columns {', '.join(missing)}.")
    chance = inspected.inclusion_probability.to_numpy(float)
    known = np.isin(inspected.selection, GIVEN)
    drawn = (inspected.selection == "random").to_numpy()
    place = ids.get_indexer(pd.Index(inspected.firm_id))
    _refuse(place < 0, inspected, "firm_id is no firm of this registry")
    _refuse(~known, inspected, f"selection must be one of {', '.join(GIVEN)}")
    _refuse(drawn & np.isnan(chance), inspected, "a random visit needs its inclusion_probability")
    _refuse((chance <= 0) | (chance > 1), inspected, "inclusion_probability must lie in (0, 1]")
    code = np.array([SELECTIONS.index(name) for name in inspected.selection], dtype=int)
    order = np.lexsort((chance, code, place))
    place = place[order]
    return {
        "firm_id": place,
        "selection": code[order],
        "inclusion_probability": chance[order],
        "slot": np.arange(len(place)) - np.searchsorted(place, place),
    }


def _refuse(broken: Array, inspected: pd.DataFrame, rule: str) -> None:
    if broken.any():
        first = inspected.firm_id[broken].head(3).tolist()
        raise WorldError(f"{rule}: {broken.sum()} of {len(inspected)} visits, first {first}.")
