"""One more season of a chunk: the visits somebody else decided on, and all that goes on by itself.

A season is a year, as the history plays it: latent risk, deterrence and yearly shares keep their meaning.
Visits given take the place of random, routine and directed ones. Complaints, follow-ups, violations that
come to light otherwise, penalties, repairs, permits, lists, ratings, changes and closures go on.

Every number that a visit or a penalty is drawn with is the firm's own (:mod:`risk_index.world.luck`), so
two policies differ by whom they visit and by what follows from it, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from risk_index.world.chunks import Chunk
from risk_index.world.firms import EVERYWHERE, NEVER, Array, Firms, stream, year_start
from risk_index.world.history import (
    SELECTIONS,
    Columns,
    Year,
    come_to_light,
    concat,
    detected,
    keep,
    open_year,
    outcomes,
    oversight,
    penalised,
    planned,
    recorded,
    selection_chances,
    strictness,
    with_gaps,
)
from risk_index.world.luck import Season
from risk_index.world.records import (
    irregularities,
    listings_of_year,
    more_permits,
    ratings,
    serious_of_season,
)
from risk_index.world.settings import WorldSettings

GIVEN = SELECTIONS[:3]
"""Selections that a given visit may have; the others go on by themselves."""


@dataclass(frozen=True)
class Played:
    """Visits of a season by slot: in a slot no firm is visited twice, so that each row has its luck."""

    given: Mapping[str, Columns]
    others: Mapping[str, Columns]

    @property
    def slots(self) -> dict[str, Columns]:
        """Return all visits."""
        return {**self.given, **self.others}


@dataclass(frozen=True)
class Stage:
    """What the steps of a season have in common."""

    firms: Firms
    settings: WorldSettings
    season: Season
    year: Year
    strict: Array

    def lucky(self, topic: str, rows: Array) -> Year:
        """Return the year with the luck of a topic for the firms `rows`."""
        return replace(self.year, rng=self.season.luck(topic, rows))


def play(chunk: Chunk, settings: WorldSettings, seed: int, given: Columns) -> Chunk:
    """Return the chunk a season later.

    Parameters
    ----------
    given : Columns
        Visits: ``firm_id`` (place in the chunk), ``selection`` (place in `GIVEN`),
        ``inclusion_probability`` and ``slot``: 0 for a firm's first visit of the season, then 1, ...
    """
    firms = next_firms(chunk.firms, settings, seed, chunk.year)
    stage = _stage(chunk, firms, settings, seed)
    visits = _visits(stage, given)
    penalties = _penalties(stage, visits)
    seen = concat(list(visits.slots.values()))
    found = np.zeros((2, len(firms)), dtype=bool)
    found[0, seen["firm_id"][seen["violation"] == 1]] = True
    return Chunk(
        firms=firms,
        found=np.vstack([chunk.found[:-1], found]),
        events=_events(stage, seed, chunk.events, visits, penalties),
        permits=more_permits(firms, settings, seed, chunk.year, chunk.permits),
        seen=concat(list(visits.given.values())),
    )


def _stage(chunk: Chunk, firms: Firms, settings: WorldSettings, seed: int) -> Stage:
    penalties = [chunk.events["penalties"]]
    year = open_year(firms, settings, seed, chunk.year, chunk.found, penalties)
    season = Season(seed, firms.chunk, len(firms), chunk.year)
    return Stage(firms, settings, season, year, strictness(settings, seed).ravel())


# ---- firms ---------------------------------------------------------------------------------------


def next_firms(firms: Firms, settings: WorldSettings, seed: int, year: int) -> Firms:
    """Return the firms with what happens to them in a season, and theta of the year after it.

    Some close, and some of those that never changed change. None is founded.
    """
    rng = stream(seed, firms.chunk, "season firms", year)
    start, end = year_start(settings, year), year_start(settings, year + 1)
    closes, changes = rng.random((2, len(firms)))
    closing, changing = rng.integers(start, end, (2, len(firms)))
    closes = (closes < -np.expm1(-settings.closure_rate)) & (firms.closed == NEVER)
    changes = (changes < settings.change_share / settings.history_years) & (firms.changed == NEVER)
    theta = _next_theta(firms, settings, seed, rng)
    return replace(
        firms,
        closed=np.where(closes, closing, firms.closed),
        changed=np.where(changes & (firms.closed == NEVER), changing, firms.changed),
        theta=np.vstack([firms.theta, theta]),
    )


def _next_theta(
    firms: Firms, settings: WorldSettings, seed: int, rng: np.random.Generator
) -> Array:
    """Return theta a year later: the autoregression of the history, and the drift of sectors."""
    year, correlation = len(firms.theta), settings.theta_yearly_correlation
    shared = rng.standard_normal(firms.group.max(initial=0) + 1)[firms.group]
    part = np.where(firms.group >= 0, settings.group_risk_share, 0.0)
    new = np.sqrt(1 - part) * rng.standard_normal(len(firms)) + np.sqrt(part) * shared
    everywhere = stream(seed, EVERYWHERE, "sector drift", year)
    sectors = everywhere.standard_normal(len(settings.sectors))
    drift = settings.sector_drift_sd * sectors[firms.known("sector", year_start(settings, year))]
    spread = settings.theta_sd * np.sqrt(1 - correlation**2)
    return correlation * firms.theta[-1] + spread * new + drift


# ---- visits --------------------------------------------------------------------------------------


def _visits(stage: Stage, given: Columns) -> Played:
    """Return the given visits, complaints, and the follow-ups of both."""
    slots = range(given["slot"].max(initial=0) + 1)
    first = {f"given {k}": _given(stage, keep(given, given["slot"] == k), k) for k in slots}
    others = {"complaints": _complaints(stage)}
    again = {f"{name} again": _again(stage, name, v) for name, v in {**first, **others}.items()}
    return Played(first, {**others, **again})


def _given(stage: Stage, visits: Columns, slot: int) -> Columns:
    """Visit the firms given, as far as they are open on their day of the season."""
    rows, name = visits["firm_id"], f"given {slot}"
    day = stage.lucky(f"{name} day", rows).days(len(rows))
    plan = {name: visits[name] for name in ("firm_id", "selection", "inclusion_probability")}
    plan = keep(plan | {"inspected_on": day}, stage.firms.open_on(day, rows))
    return _outcomes(stage, name, plan, 0.0)


def _complaints(stage: Stage) -> Columns:
    code = SELECTIONS.index("complaint")
    chance = selection_chances(stage.firms, stage.settings, stage.year)[code]
    rows = np.flatnonzero(stage.season.luck("complaints").random() < chance)
    day = stage.lucky("complaints day", rows).days(len(rows))
    plan = planned(stage.firms, rows, day, code, chance[rows])
    return _outcomes(stage, "complaints", plan, stage.settings.complaint_log_odds)


def _again(stage: Stage, name: str, first: Columns) -> Columns:
    """Visit some violators again after 1 to 6 months, at lower odds."""
    luck = stage.season.luck(f"{name} again", first["firm_id"])
    n = len(first["firm_id"])
    again = (luck.random(n) < stage.settings.follow_up_share) & (first["violation"] == 1)
    day = first["inspected_on"] + luck.integers(30, 181, n)
    rows, code = first["firm_id"][again], SELECTIONS.index("follow_up")
    plan = planned(stage.firms, rows, day[again], code, np.zeros(len(rows)))
    return _outcomes(stage, f"{name} again", plan, -stage.settings.deterrence_log_odds)


def _outcomes(stage: Stage, name: str, plan: Columns, shift: float) -> Columns:
    year = stage.lucky(f"{name} outcome", plan["firm_id"])
    shifts = np.full(len(plan["firm_id"]), shift)
    return outcomes(stage.firms, stage.settings, year, plan, stage.strict, shifts)


# ---- what follows --------------------------------------------------------------------------------


def _penalties(stage: Stage, visits: Played) -> dict[str, Columns]:
    """Return the recorded penalties by slot, and those for what came to light otherwise."""
    overseen = oversight(stage.settings)[stage.firms.known("sector", stage.year.start)]
    cases = {}
    for name, seen in visits.slots.items():
        year = stage.lucky(f"{name} penalised", seen["firm_id"])
        cases[name] = penalised(stage.settings, year, seen)
    rows = come_to_light(stage.year, overseen, stage.season.luck("light"))
    year = stage.lucky("light case", rows)
    cases["light"] = detected(stage.firms, stage.settings, year, rows)
    return {name: _decided(stage, name, case, overseen) for name, case in cases.items()}


def _decided(stage: Stage, name: str, cases: Columns, overseen: Array) -> Columns:
    year = stage.lucky(f"{name} decision", cases["firm_id"])
    return recorded(stage.firms, stage.settings, year, cases, overseen)


def _events(
    stage: Stage, seed: int, before: Mapping[str, Columns], visits: Played,
    penalties: Mapping[str, Columns],
) -> dict[str, Columns]:  # fmt: skip
    """Return the events so far and those of the season."""
    firms, settings, number = stage.firms, stage.settings, stage.year.number
    fined = [before["penalties"], *penalties.values()]
    serious = [
        serious_of_season(settings, stage.season.luck(f"{name} listed", p["firm_id"]), p)
        for name, p in penalties.items()
    ]
    gaps = {
        name: stage.season.luck(f"{name} gaps", v["firm_id"]) for name, v in visits.slots.items()
    }
    years = range(number, number + 1)
    new = {
        "penalties": penalties.values(),
        "irregularities": [irregularities(firms, settings, seed, years)],
        "listings": [listings_of_year(firms, settings, seed, number), *serious],
        "inspections": [with_gaps(settings, v, gaps[name]) for name, v in visits.slots.items()],
        "ratings": [ratings(firms, settings, seed, fined, years)],
    }
    return {name: concat([before[name], *parts]) for name, parts in new.items()}
