"""A chunk of firms with all that was drawn of it, and the tables of what is known of it on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from risk_index.world.firms import NEVER, Array, Firms, year_start
from risk_index.world.history import Columns, history, keep
from risk_index.world.records import (
    Permits,
    attributes,
    firm_versions,
    irregularities,
    listings,
    permits,
    ratings,
    truth,
)
from risk_index.world.repeats import with_repeats
from risk_index.world.settings import WorldSettings


@dataclass(frozen=True)
class Chunk:
    """Firms and what happened to them up to the beginning of a year.

    Attributes
    ----------
    firms : Firms
        The firms.
    found : ndarray of bool, shape (years + 1, n)
        Whether a visit found a violation; the last row is the coming year's.
    events : mapping of str to Columns
        Penalties, inspections, irregularities, listings and ratings; also those that become known later.
    permits : Permits
        Terms of permits.
    seen : Columns
        What the visits given to the last season found, whether recorded or not; empty without one.
    """

    firms: Firms
    found: Array
    events: Mapping[str, Columns]
    permits: Permits
    seen: Columns = field(default_factory=dict)

    @property
    def year(self) -> int:
        """Number of the coming year; that of the one after as_of is ``history_years``."""
        return len(self.found) - 1

    def last(self, settings: WorldSettings) -> int:
        """Return the last day before the coming year."""
        return year_start(settings, self.year) - 1


def chunk_of(firms: Firms, settings: WorldSettings, seed: int) -> Chunk:
    """Play the history of a chunk's firms."""
    past, years = history(firms, settings, seed), range(settings.history_years)
    events = {
        "penalties": past.penalties,
        "irregularities": irregularities(firms, settings, seed, years),
        "listings": listings(firms, settings, seed, past.penalties),
        "inspections": past.visits,
        "ratings": ratings(firms, settings, seed, [past.penalties], years),
    }
    return Chunk(firms, past.found, events, permits(firms, settings, seed))


def tables(chunk: Chunk, settings: WorldSettings, seed: int) -> dict[str, Columns]:
    """Return all tables of a chunk but the sources, with nothing that became known later."""
    firms, last = chunk.firms, chunk.last(settings)
    drawn = {
        "firms": firm_versions(firms, seed),
        "permits": chunk.permits.known(firms, last),
        **chunk.events,
        "penalties": with_repeats(chunk.events["penalties"], settings, seed, firms),
        "inspections": _took_place(firms, chunk.events["inspections"]),
    }
    beside = {
        "attributes": attributes(firms, settings, seed, chunk.year),
        "truth": truth(firms, settings, chunk.found),
    }
    return {name: known(table, last) for name, table in drawn.items()} | beside


def _took_place(firms: Firms, visits: Columns) -> Columns:
    """Leave out follow-ups that were planned before the firm closed and fell due after it."""
    return keep(visits, visits["inspected_on"] < firms.closed[visits["firm_id"]])


def known(table: Columns, last: int) -> Columns:
    """Leave out what was recorded after day `last`, in the order of recording.

    Ends that lie after it (a repair, a removal) have not happened; only a permit's term may reach
    beyond it.
    """
    order = np.argsort(table["recorded_on"], kind="stable")
    order = order[: np.searchsorted(table["recorded_on"][order], last, side="right")]
    kept = {name: values[order] for name, values in table.items()}
    dates = [name for name in kept if name.endswith("_on")]
    return kept | {name: np.where(kept[name] > last, NEVER, kept[name]) for name in dates}
