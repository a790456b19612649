"""The other record tables of a synthetic registry, its audited attributes and its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from risk_index.world.firms import (
    EVERYWHERE,
    NEVER,
    Array,
    Firms,
    column,
    log_odds,
    reviews,
    severity,
    stream,
    year_start,
)
from risk_index.world.history import Columns, concat, keep, recent_penalties, reporting_rates
from risk_index.world.luck import Draws, Luck
from risk_index.world.settings import Ground, Scheme, WorldSettings

STATUSES = ("valid", "expired", "suspended", "revoked", "cancelled")
LISTS = ("tax_credit_red_list", "serious_violations", "judgment_defaulters")
COLOURS = ("red", "black", "black")
GROUNDS = ("tax_grade_a", "serious_violation", "judgment_default")
SEXES = ("male", "female")
MAX_TERMS = 1000
"""Terms of one permit that are followed; shorter terms end there."""


def last_day(settings: WorldSettings) -> int:
    """Return the day number of as_of."""
    return year_start(settings, settings.history_years) - 1


def firm_versions(firms: Firms, seed: int) -> Columns:
    """Return the firms as registered, as changed and as closed: up to three rows a firm."""
    rng = stream(seed, firms.chunk, "versions")
    everyone = np.arange(len(firms))
    events = (firms.registered, firms.changed, firms.closed)
    versions = []
    for place, day in enumerate(events):
        delay = rng.integers(0, 6 if place == 0 else 31, len(firms))
        rows = everyone[day != NEVER]
        versions.append(_version(firms, rows, day[rows], day[rows] + delay[rows], place == 2))
    return concat(versions)


def _version(firms: Firms, rows: Array, day: Array, recorded: Array, closing: bool) -> Columns:
    sector, region = firms.known("sector", day, rows), firms.known("region", day, rows)
    return {
        "firm_id": rows,
        "name": firms.known("name", day, rows),
        "sector": sector,
        "region": region,
        "registered_on": firms.registered[rows],
        "closed_on": firms.closed[rows] if closing else np.full(len(rows), NEVER),
        "registered_capital": firms.known("capital", day, rows),
        "employees": firms.employees[rows],
        "ownership": firms.ownership[rows],
        "size_class": firms.size[rows],
        "group_id": firms.group[rows],
        "supervised_by": sector,
        "recorded_on": recorded,
    }


# ---- permits -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Permits:
    """Terms of permits as they run their course, and the terms that begin later (``due``)."""

    terms: Columns
    due: Columns

    def known(self, firms: Firms, last: int) -> Columns:
        """Return the terms with the status they have on day `last`; closing cancels them."""
        closed = firms.closed[self.terms["firm_id"]]
        changed = np.minimum(self.terms["status_changed_on"], closed)
        status = np.where(changed < self.terms["status_changed_on"], 4, self.terms["status"])
        happened = changed <= last
        return self.terms | {
            "status": np.where(happened, status, 0),
            "status_changed_on": np.where(happened, changed, NEVER),
        }


def permits(firms: Firms, settings: WorldSettings, seed: int) -> Permits:
    """Return the terms of the permits that firms' sectors require, renewed, late or lapsed."""
    rng = stream(seed, firms.chunk, "permits")
    return _terms(firms, settings, rng, _first_terms(firms, settings, rng), last_day(settings))


def more_permits(
    firms: Firms, settings: WorldSettings, seed: int, year: int, before: Permits
) -> Permits:
    """Return the terms so far and those that begin in a season."""
    rng = stream(seed, firms.chunk, "permits", year)
    later = _terms(firms, settings, rng, before.due, year_start(settings, year + 1) - 1)
    return Permits(concat([before.terms, later.terms]), later.due)


def _terms(
    firms: Firms, settings: WorldSettings, rng: np.random.Generator, held: Columns, last: int
) -> Permits:
    """Follow permits from term to term up to day `last`."""
    terms, due = [], []
    for _ in range(MAX_TERMS):
        held = keep(held, held["issued_on"] < firms.closed[held["firm_id"]])
        due.append(keep(held, held["issued_on"] > last))
        held = keep(held, held["issued_on"] <= last)
        terms.append(_term(firms, settings, rng, held))
        if not len(held["firm_id"]):
            break
        held = _renewed(firms, settings, rng, terms[-1])
    return Permits(concat(terms), concat(due))


def _first_terms(firms: Firms, settings: WorldSettings, rng: np.random.Generator) -> Columns:
    kinds = [kind.name for kind in settings.permits]
    required = np.array([[kind in s.permits for kind in kinds] for s in settings.sectors])
    rows, kind = np.nonzero(required[firms.sector[0]])
    start = year_start(settings, 0)
    running = start - (rng.random(len(rows)) * _term_days(settings)[kind]).astype(int)
    opened = firms.registered[rows] + rng.integers(0, 60, len(rows))
    return {"firm_id": rows, "kind": kind, "issued_on": np.maximum(running, opened)}


def _term_days(settings: WorldSettings) -> Array:
    days = 365.25 * column(settings.permits, "term_years") * settings.permit_term_scale
    return np.maximum(days, 20).astype(int)


def _term(
    firms: Firms, settings: WorldSettings, rng: np.random.Generator, held: Columns
) -> Columns:
    """Return one term a permit, with how and when it ends if the firm stays open."""
    rows, issued = held["firm_id"], held["issued_on"]
    n, length = len(rows), _term_days(settings)[held["kind"]]
    valid_to = issued + length - 1
    withdrawn = rng.random(n) < settings.withdrawn_share * np.exp(
        _theta_on(firms, settings, rows, issued)
    )
    ends = [
        valid_to + 1,
        np.where(withdrawn, issued + (rng.random(n) * length).astype(int), NEVER),
    ]
    return {
        **held,
        "valid_to": valid_to,
        "status": np.choose(np.argmin(ends, axis=0), [np.ones(n, int), rng.integers(2, 4, n)]),
        "status_changed_on": np.min(ends, axis=0),
        "recorded_on": issued + rng.integers(1, 11, n),
    }


def _renewed(
    firms: Firms, settings: WorldSettings, rng: np.random.Generator, term: Columns
) -> Columns:
    """Return the next terms: at once, after a gap, or (one lapse in six) never."""
    rows, end = term["firm_id"], term["valid_to"] + 1
    theta = _theta_on(firms, settings, rows, end)
    lapsed = rng.random(len(rows)) < expit(settings.lapse_log_odds + settings.lapse_theta * theta)
    gap = np.where(lapsed, 5 + rng.exponential(120, len(rows)).astype(int), 0)
    again = ~lapsed | (rng.random(len(rows)) > 1 / 6)
    return keep({"firm_id": rows, "kind": term["kind"], "issued_on": end + gap}, again)


def _theta_on(firms: Firms, settings: WorldSettings, rows: Array, day: Array) -> Array:
    year = (day - year_start(settings, 0)) // 365.25
    return firms.theta[np.clip(year, 0, len(firms.theta) - 1).astype(int), rows]


# ---- lists ---------------------------------------------------------------------------------------


def irregularities(firms: Firms, settings: WorldSettings, seed: int, years: range) -> Columns:
    """Return entries in the list of abnormal operations, at most one a firm, ground and year."""
    entries = []
    for year in years:
        rng = stream(seed, firms.chunk, "irregularities", year)
        for place, ground in enumerate(settings.irregularities):
            entries.append(_irregular(firms, settings, rng, year, place, ground))
    return concat(entries)


def _irregular(
    firms: Firms,
    settings: WorldSettings,
    rng: np.random.Generator,
    year: int,
    place: int,
    ground: Ground,
) -> Columns:
    """Return one year's entries on one ground; annual reports fall due when the year begins."""
    chance = expit(ground.log_odds + ground.theta * firms.theta[year])
    rows = np.flatnonzero(rng.random(len(firms)) < chance)
    start, end = year_start(settings, year), year_start(settings, year + 1)
    listed = rng.integers(start, start + 30 if "annual" in ground.reason else end, len(rows))
    removed = listed + 7 + rng.exponential(ground.removal_days, len(rows)).astype(int)
    entries = {
        "firm_id": rows,
        "reason": np.full(len(rows), place),
        "listed_on": listed,
        "removed_on": np.where(rng.random(len(rows)) < ground.removed_share, removed, NEVER),
        "recorded_on": listed + rng.integers(1, 11, len(rows)),
    }
    return keep(entries, firms.open_on(listed, rows))


def listings(firms: Firms, settings: WorldSettings, seed: int, penalties: Columns) -> Columns:
    """Return entries in red and black lists."""
    rng = stream(seed, firms.chunk, "serious violations")
    entries = [_serious(settings, rng, penalties)]
    for year in range(settings.history_years):
        entries.append(listings_of_year(firms, settings, seed, year))
    return concat(entries)


def listings_of_year(firms: Firms, settings: WorldSettings, seed: int, year: int) -> Columns:
    """Return a year's entries that no penalty led to."""
    rng = stream(seed, firms.chunk, "listings", year)
    red = _red(firms, settings, rng, year)
    return concat([red, _defaults(firms, settings, rng, year)])


def serious_of_season(settings: WorldSettings, luck: Luck, penalties: Columns) -> Columns:
    """Return entries after a season's recorded serious penalties, at most one a firm in each row."""
    rows, n = penalties["firm_id"], len(penalties["firm_id"])
    listed = luck.random(n) < settings.serious_listing_share
    day = penalties["recorded_on"] + luck.integers(10, 60, n)
    early = np.minimum(365 + luck.exponential(200, n).astype(int), 3 * 365)
    length = np.where(luck.random(n) < 0.3, early, 3 * 365)
    entries = _entries(luck, rows, day, day + length, place=1)
    return keep(entries, listed & (penalties["gravity"] == 2))


def _serious(settings: WorldSettings, rng: np.random.Generator, penalties: Columns) -> Columns:
    """Return entries after recorded serious penalties: 3 years, some removed after 1."""
    serious = penalties["gravity"] == 2
    listed = rng.random(len(serious)) < settings.serious_listing_share
    cases = keep(penalties, serious & listed)
    day = cases["recorded_on"] + rng.integers(10, 60, len(cases["recorded_on"]))
    _, first = np.unique(np.stack([cases["firm_id"], day]), axis=1, return_index=True)
    rows, day = cases["firm_id"][first], day[first]
    early = 365 + rng.exponential(200, len(rows)).astype(int)
    length = np.where(rng.random(len(rows)) < 0.3, np.minimum(early, 3 * 365), 3 * 365)
    return _entries(rng, rows, day, day + length, place=1)


def _red(firms: Firms, settings: WorldSettings, rng: np.random.Generator, year: int) -> Columns:
    """Return the tax authority's commendations of the year, each for one year."""
    chance = settings.red_rate * np.exp(settings.red_theta * firms.theta[year])
    rows = np.flatnonzero(rng.random(len(firms)) < chance)
    day = rng.integers(
        year_start(settings, year) + 280, year_start(settings, year) + 310, len(rows)
    )
    still = firms.open_on(day, rows)
    return _entries(rng, rows[still], day[still], day[still] + 365, place=0)


def _defaults(
    firms: Firms, settings: WorldSettings, rng: np.random.Generator, year: int
) -> Columns:
    """Return the courts' entries of the year: no regulatory violation, with an amount."""
    chance = settings.judgment_default_rate * np.exp(
        settings.judgment_default_theta * firms.theta[year]
    )
    rows = np.flatnonzero(rng.random(len(firms)) < chance)
    day = rng.integers(year_start(settings, year), year_start(settings, year + 1), len(rows))
    still = firms.open_on(day, rows)
    rows, day = rows[still], day[still]
    entries = _entries(
        rng, rows, day, day + 30 + rng.exponential(500, len(rows)).astype(int), place=2
    )
    return entries | {"amount": np.round(rng.lognormal(12, 1.3, len(rows)), 2)}


def _entries(rng: Draws, rows: Array, day: Array, removed: Array, place: int) -> Columns:
    return {
        "firm_id": rows,
        "list": np.full(len(rows), place),
        "colour": np.full(len(rows), place),
        "ground": np.full(len(rows), place),
        "amount": np.full(len(rows), np.nan),
        "listed_on": day,
        "removed_on": removed,
        "recorded_on": day + rng.integers(1, 15, len(rows)),
    }


# ---- ratings and sources -------------------------------------------------------------------------


def ratings(
    firms: Firms, settings: WorldSettings, seed: int, penalties: Sequence[Columns], years: range
) -> Columns:
    """Return scores of the regional schemes, each on its own scale."""
    scores = []
    for year in years:
        rng = stream(seed, firms.chunk, "ratings", year)
        day = year_start(settings, year) + 183
        recent = recent_penalties(penalties, len(firms), day, 365)
        for place, scheme in enumerate(settings.schemes):
            scores.append(_rated(firms, settings, rng, day, place, scheme, recent))
    return concat(scores)


def _rated(
    firms: Firms, settings: WorldSettings, rng: np.random.Generator, day: int, place: int,
    scheme: Scheme, recent: Array,
) -> Columns:  # fmt: skip
    here = [region.code for region in settings.regions].index(scheme.region)
    rated = (firms.known("region", day) == here) & (rng.random(len(firms)) < settings.rated_share)
    rows = np.flatnonzero(rated & firms.open_on(day))
    score = scheme.start + scheme.per_penalty * recent[rows]
    score = np.clip(
        score + scheme.noise * rng.standard_normal(len(rows)), scheme.lowest, scheme.highest
    )
    return {
        "firm_id": rows,
        "scheme": np.full(len(rows), place),
        "score": np.round(score, 1),
        "better": np.full(len(rows), int(scheme.per_penalty > 0)),
        "rated_on": np.full(len(rows), day),
        "recorded_on": day + rng.integers(1, 15, len(rows)),
    }


def sources(settings: WorldSettings, seed: int, years: int) -> Columns:
    """Return what link audits found of each source's reporting by the end of each year.

    The reporting rate is ``(k + 1) / (n + 2)`` with `k` of `n` checked penalties found in the
    records so far; the penalties checked are not those of the world's firms.
    """
    rates = np.minimum(settings.audited_reporting_factor * reporting_rates(settings), 1.0)
    region, source = np.indices(rates.shape).reshape(2, -1)
    checked, found, audits = 0, np.zeros(rates.size, dtype=int), []
    for year in range(years):
        drawn = stream(seed, EVERYWHERE, "link audits", year).binomial(40, rates.ravel())
        checked, found = checked + 40, found + drawn
        audits.append({
            "source": source,
            "region": region,
            "reporting_rate": np.round((found + 1) / (checked + 2), 4),
            "n_checked": np.full(rates.size, float(checked)),
            "recorded_on": np.full(rates.size, year_start(settings, year + 1) - 1),
        })  # fmt: skip
    return concat(audits)


# ---- beside the records --------------------------------------------------------------------------


def attributes(firms: Firms, settings: WorldSettings, seed: int, year: int) -> Columns:
    """Return the audited attributes as `year` begins; none moves a true violation by default."""
    count, score, rng = reviews(firms, settings, seed, year)
    n, day = len(firms), year_start(settings, year) - 1
    return {
        "firm_id": np.arange(n),
        "legal_rep_birth_year": firms.rep_birth_year,
        "legal_rep_sex": (rng.random(n) < settings.female_share).astype(int),
        "sentiment_score": score,
        "n_reviews": count,
        "ownership": firms.ownership,
        "size_class": firms.size,
        "region": firms.known("region", day),
    }


def truth(firms: Firms, settings: WorldSettings, found: Array) -> Columns:
    """Return each firm's true likelihood, severity and expected harm in the coming year.

    That is the year of the last row of `found`, shape (years + 1, n). A firm closed before it cannot be
    visited: its likelihood and expected harm are 0.
    """
    year = len(found) - 1
    day = year_start(settings, year) - 1
    likelihood = expit(log_odds(firms, settings, year, found)) * firms.open_on(day)
    harm = severity(firms, settings, day)
    return {
        "firm_id": np.arange(len(firms)),
        "likelihood": likelihood,
        "severity": harm,
        "expected_harm": likelihood * harm,
        "reporting_rate": column(settings.regions, "reporting_rate")[firms.known("region", day)],
    }
