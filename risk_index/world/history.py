"""Years of visits and penalties of a synthetic registry, one small step after the other.

Every visit draws its outcome from the firm's true odds and the inspector's strictness; violations,
found by a visit or otherwise, lead to penalties, and only a share of these reaches the records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from risk_index.world.firms import (
    EVERYWHERE,
    MEAN_OPINION,
    NEVER,
    SD_OPINION,
    Array,
    Firms,
    column,
    log_odds,
    older_rep,
    reviews,
    severity,
    stream,
    year_start,
)
from risk_index.world.luck import Draws
from risk_index.world.settings import WorldSettings

Columns = dict[str, Array]
"""Columns of a record table under their names; ``firm_id`` holds the firm's place."""

SELECTIONS = ("random", "routine", "directed", "complaint", "follow_up")
CHOSEN = (1, 2)
"""Places of the selections that inspectors choose: routine and directed."""
GRAVITIES = ("minor", "moderate", "serious")
REPAIRABLE_AFTER = np.array([0, 90, 365])
"""Days from a decision to its earliest repair, by gravity (NDRC Order 36 of 2026)."""
REPORTING_BOUNDS = (0.10, 0.95)


@dataclass(frozen=True)
class History:
    """Visits and recorded penalties of a chunk; ``found`` (years + 1, n): a violation was found."""

    visits: Columns
    penalties: Columns
    found: Array


@dataclass(frozen=True)
class Year:
    """A year as it opens: true log-odds, severity, penalties on record and reviews of each firm."""

    number: int
    start: int
    end: int
    odds: Array
    severity: Array
    on_record: Array
    score: Array
    rng: Draws

    def days(self, n: int) -> Array:
        """Draw `n` days of the year."""
        return self.rng.integers(self.start, self.end, n)

    def harm(self, settings: WorldSettings, rows: Array) -> Array:
        """Draw harm found in firms `rows`: log-normal, its mean the firm's severity."""
        sd = settings.outcome_harm_sd
        return self.severity[rows] * self.rng.lognormal(-(sd**2) / 2, sd, len(rows))


def concat(parts: Sequence[Columns]) -> Columns:
    """Put tables of the same columns below one another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def keep(table: Columns, rows: Array) -> Columns:
    """Return the chosen rows of a table."""
    return {name: values[rows] for name, values in table.items()}


def history(firms: Firms, settings: WorldSettings, seed: int) -> History:
    """Play the years up to as_of: visits, what they find, penalties, deterrence."""
    found = np.zeros((settings.history_years + 1, len(firms)), dtype=bool)
    strict = strictness(settings, seed).ravel()
    visits: list[Columns] = []
    penalties: list[Columns] = []
    for number in range(settings.history_years):
        year = open_year(firms, settings, seed, number, found, penalties)
        seen = visits_of_year(firms, settings, year, strict)
        found[number, seen["firm_id"][seen["violation"] == 1]] = True
        penalties.append(penalties_of_year(firms, settings, year, seen))
        visits.append(with_gaps(settings, seen, year.rng))
    return History(concat(visits), concat(penalties), found)


def open_year(
    firms: Firms, settings: WorldSettings, seed: int, number: int, found: Array,
    penalties: Sequence[Columns],
) -> Year:  # fmt: skip
    """Return the state at the beginning of a year, given what came before."""
    start = year_start(settings, number)
    return Year(
        number=number,
        start=start,
        end=year_start(settings, number + 1),
        odds=log_odds(firms, settings, number, found),
        severity=severity(firms, settings, start),
        on_record=recent_penalties(penalties, len(firms), start, 3 * 365),
        score=reviews(firms, settings, seed, number)[1],
        rng=stream(seed, firms.chunk, "year", number),
    )


def recent_penalties(penalties: Sequence[Columns], n: int, day: int, window: int) -> Array:
    """Count each firm's penalties recorded before `day` and at most `window` days earlier."""
    count = np.zeros(n, dtype=int)
    for part in penalties:
        recent = (part["recorded_on"] < day) & (part["recorded_on"] >= day - window)
        count += np.bincount(part["firm_id"][recent], minlength=n)
    return count


# ---- visits --------------------------------------------------------------------------------------


def selection_chances(firms: Firms, settings: WorldSettings, year: Year) -> list[Array]:
    """Return each firm's chances a year, in the order of `SELECTIONS` without follow-ups."""
    sector, region = firms.known("sector", year.start), firms.known("region", year.start)
    rate = column(settings.regions, "reporting_rate")[region]
    pull = settings.directed_penalty_weight * np.minimum(year.on_record, 3)
    directed = np.exp(pull + settings.directed_reporting_weight * rate)
    consumer = 1 + 2 * column(settings.sectors, "consumer")[sector]
    opinion = np.nan_to_num((year.score - MEAN_OPINION) / SD_OPINION).clip(-2, 2)
    pull = settings.complaint_theta * firms.theta[year.number]
    complaint = consumer * np.exp(pull + settings.complaint_sentiment * opinion)
    return [
        column(settings.sizes, "random_share")[firms.size],
        settings.routine_share * _relative(0.5 + column(settings.sectors, "hazard")[sector]),
        settings.directed_share * _relative(directed),
        settings.complaint_rate * _relative(complaint),
    ]


def _relative(weights: Array) -> Array:
    return weights / weights.mean()


def visits_of_year(firms: Firms, settings: WorldSettings, year: Year, strict: Array) -> Columns:
    """Draw the year's visits, their outcomes and the follow-ups of what they found."""
    plans = []
    for code, chance in enumerate(selection_chances(firms, settings, year)):
        rows = np.flatnonzero(year.rng.random(len(firms)) < chance)
        plans.append(planned(firms, rows, year.days(len(rows)), code, chance[rows]))
    plan = concat(plans)
    complained = plan["selection"] == SELECTIONS.index("complaint")
    shift = np.where(complained, settings.complaint_log_odds, 0.0)
    first = outcomes(firms, settings, year, plan, strict, shift)
    return concat([first, _follow_ups(firms, settings, year, first, strict)])


def planned(firms: Firms, rows: Array, day: Array, selection: int, chance: Array) -> Columns:
    """Return planned visits of open firms; only the random draw knows its chances."""
    known = SELECTIONS[selection] == "random"
    plan = {
        "firm_id": rows,
        "inspected_on": day,
        "selection": np.full(len(rows), selection),
        "inclusion_probability": chance if known else np.full(len(rows), np.nan),
    }
    return keep(plan, firms.open_on(day, rows))


def _follow_ups(
    firms: Firms, settings: WorldSettings, year: Year, first: Columns, strict: Array
) -> Columns:
    """Visit some violators again after 1 to 6 months, at lower odds."""
    again = year.rng.random(len(first["violation"])) < settings.follow_up_share
    rows = first["firm_id"][again & (first["violation"] == 1)]
    day = first["inspected_on"][again & (first["violation"] == 1)]
    day = day + year.rng.integers(30, 181, len(rows))
    plan = planned(firms, rows, day, SELECTIONS.index("follow_up"), np.zeros(len(rows)))
    lower = np.full(len(plan["firm_id"]), -settings.deterrence_log_odds)
    return outcomes(firms, settings, year, plan, strict, lower)


def outcomes(
    firms: Firms, settings: WorldSettings, year: Year, plan: Columns, strict: Array, shift: Array
) -> Columns:
    """Add who went, what was found and when it was recorded (within 20 days)."""
    rows, day = plan["firm_id"], plan["inspected_on"]
    inspector = year.rng.integers(0, settings.inspectors_per_region, len(rows))
    inspector += settings.inspectors_per_region * firms.known("region", day, rows)
    bias = held_against(firms, settings, year, plan)
    chance = cited(year.odds[rows] + shift + bias, strict[inspector], settings.inspector_sd)
    violation = year.rng.random(len(rows)) < chance
    return plan | {
        "inspector_id": inspector,
        "violation": violation.astype(float),
        "harm": np.where(violation, year.harm(settings, rows), 0.0),
        "recorded_on": day + year.rng.integers(1, 21, len(rows)),
    }


def held_against(firms: Firms, settings: WorldSettings, year: Year, plan: Columns) -> Array:
    """Return the extra log-odds of being cited that nothing true stands behind, one a visit."""
    rows = plan["firm_id"]
    older, badly_reviewed = older_rep(firms, settings)[rows], year.score[rows] < 0
    suspected = (
        settings.older_rep_suspicion * older + settings.bad_reviews_suspicion * badly_reviewed
    )
    chosen = np.isin(plan["selection"], CHOSEN)
    return settings.older_rep_overcitation * older + np.where(chosen, suspected, 0.0)


def cited(odds: Array, strict: Array, sd: float) -> Array:
    """Return the chance that an inspector of log-odds `strict` finds a violation.

    Its mean over inspectors ``strict ~ N(0, sd^2)`` is ``logistic(odds)`` up to terms in ``sd^4``:
    the likelihood is the truth at average strictness.
    """
    return expit(odds + strict + 0.5 * sd**2 * np.tanh(odds / 2))


def strictness(settings: WorldSettings, seed: int) -> Array:
    """Return the inspectors' log-odds, shape (regions, inspectors), of mean 0 in each region."""
    shape = (len(settings.regions), settings.inspectors_per_region)
    drawn = stream(seed, EVERYWHERE, "inspectors").standard_normal(shape)
    centred = drawn - drawn.mean(axis=1, keepdims=True)
    return settings.inspector_sd * centred / centred.std(axis=1, keepdims=True)


def with_gaps(settings: WorldSettings, visits: Columns, rng: Draws) -> Columns:
    """Leave some outcomes and some harms unrecorded."""
    n = len(visits["firm_id"])
    lost = rng.random(n) < settings.outcome_missing
    unmeasured = (rng.random(n) < settings.harm_missing) & (visits["violation"] == 1)
    return visits | {
        "violation": np.where(lost, np.nan, visits["violation"]),
        "harm": np.where(lost | unmeasured, np.nan, np.round(visits["harm"], 3)),
    }


# ---- penalties -----------------------------------------------------------------------------------


def oversight(settings: WorldSettings) -> Array:
    """Return each source's chance to detect by itself, shape (sectors, sources)."""
    sections = [[s.code[0] in source.sections for source in settings.sources]
                for s in settings.sectors]  # fmt: skip
    return np.where(sections, 1.0, 0.1) * column(settings.sources, "detection")


def reporting_rates(settings: WorldSettings) -> Array:
    """Return the share of penalties that reach the records, shape (regions, sources)."""
    region = column(settings.regions, "reporting_rate")[:, None]
    return np.clip(region * column(settings.sources, "reporting_factor"), *REPORTING_BOUNDS)


def penalties_of_year(
    firms: Firms, settings: WorldSettings, year: Year, visits: Columns
) -> Columns:
    """Return the recorded penalties for what visits and others found in the year."""
    overseen = oversight(settings)[firms.known("sector", year.start)]
    seen = penalised(settings, year, visits)
    light = detected(firms, settings, year, come_to_light(year, overseen, year.rng))
    return recorded(firms, settings, year, concat([seen, light]), overseen)


def recorded(
    firms: Firms, settings: WorldSettings, year: Year, cases: Columns, overseen: Array
) -> Columns:
    """Return the recorded penalties for cases, each decided by one of the bodies that oversee it."""
    bounds = np.cumsum(overseen[cases["firm_id"]], axis=1)
    drawn = year.rng.random((len(bounds), 1)) * bounds[:, -1:]
    decisions = _decisions(firms, settings, year.rng, cases, (drawn > bounds).sum(axis=1))
    return _reported(firms, settings, year.rng, decisions)


def penalised(settings: WorldSettings, year: Year, visits: Columns) -> Columns:
    """Return the found violations that lead to a penalty."""
    drawn = year.rng.random(len(visits["firm_id"])) < settings.penalty_share
    cases = keep(visits, drawn & (visits["violation"] == 1))
    return {"firm_id": cases["firm_id"], "day": cases["inspected_on"], "harm": cases["harm"]}


def come_to_light(year: Year, overseen: Array, rng: Draws) -> Array:
    """Return the firms whose violation others find in the year, without a visit."""
    chance = expit(year.odds) * overseen.sum(axis=1)
    return np.flatnonzero(rng.random(len(chance)) < chance)


def detected(firms: Firms, settings: WorldSettings, year: Year, rows: Array) -> Columns:
    """Return what others found in firms `rows`, as far as these were open on the day."""
    cases = {"firm_id": rows, "day": year.days(len(rows)), "harm": year.harm(settings, rows)}
    return keep(cases, firms.open_on(cases["day"], rows))


def _decisions(
    firms: Firms, settings: WorldSettings, rng: Draws, cases: Columns, source: Array
) -> Columns:
    """Return the decision on each case; its record comes after the source's delay."""
    n, harm = len(source), cases["harm"]
    thresholds = np.log([settings.moderate_from, settings.serious_from])
    gravity = np.digitize(np.log(harm) + settings.gravity_sd * rng.standard_normal(n), thresholds)
    decided = cases["day"] + 20 + rng.exponential(40, n).astype(int)
    delay = column(settings.sources, "delay_days")[source] * rng.lognormal(0, 0.7, n)
    region = firms.known("region", cases["day"], cases["firm_id"])
    revoked = rng.random(n) < settings.revoked_share
    return {
        "firm_id": cases["firm_id"],
        "decided_on": decided,
        "authority": region * len(settings.sources) + source,
        "source": source,
        "category": _categories(settings, rng, source),
        "gravity": gravity,
        **_fines(settings, rng, harm, source, gravity),
        "repaired_on": _repairs(settings, rng, decided, gravity),
        "revoked_on": np.where(revoked, decided + rng.integers(30, 301, n), NEVER),
        "recorded_on": decided + 1 + delay.astype(int),
    }


def _categories(settings: WorldSettings, rng: Draws, source: Array) -> Array:
    """Return places in the list of all sources' categories, one source after the other."""
    counts = np.array([len(s.categories) for s in settings.sources])
    return (np.cumsum(counts) - counts)[source] + rng.integers(0, counts[source])


def _fines(
    settings: WorldSettings, rng: Draws, harm: Array, source: Array, gravity: Array
) -> Columns:
    """Return fines, a part of the statutory maximum that grows with harm; some only warn."""
    ceilings = np.stack([column(settings.sources, f"{band}_max") for band in GRAVITIES])
    ceiling = ceilings[gravity, source]
    logit = 0.4 * np.log(harm) - 0.5 * gravity - 1.4 + 0.6 * rng.standard_normal(len(harm))
    warned = (gravity == 0) & (rng.random(len(harm)) < 0.35)
    fine = np.where(warned, 0.0, np.round(expit(logit) * ceiling, -2))
    return {"fine": fine, "statutory_max": ceiling}


def _repairs(settings: WorldSettings, rng: Draws, decided: Array, gravity: Array) -> Array:
    """Return the days of repair, none before the legal minimum."""
    n = len(decided)
    day = decided + REPAIRABLE_AFTER[gravity] + 10 + rng.exponential(120, n).astype(int)
    return np.where(rng.random(n) < settings.repaired_share, day, NEVER)


def _reported(firms: Firms, settings: WorldSettings, rng: Draws, decisions: Columns) -> Columns:
    """Keep the decisions that reach the records, by region, source and owner."""
    rate = reporting_rates(settings).ravel()[decisions["authority"]]
    lenient = settings.state_leniency * (firms.ownership[decisions["firm_id"]] == 0)
    return keep(decisions, rng.random(len(rate)) < rate * (1 - lenient))
