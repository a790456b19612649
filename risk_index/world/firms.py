"""Firms of a synthetic registry and their true risk.

A firm's chance of a violation at an inspection in year `t` is ::

    likelihood = logistic(base + sector + size + youth + theta(t) - deterrence(t))

with a latent risk `theta` that moves slowly from year to year and is partly shared by the firms of
one controller. Expected harm given a violation is ``severity = sector x size x own factor``. All
functions are pure in settings, seed and chunk. Days are numbers since 1970-01-01; firms, sectors,
regions, sources and so on are numbered by their place.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from risk_index.world.settings import WorldSettings

Array = npt.NDArray[Any]

OWNERSHIPS = ("state", "private", "foreign", "other")
NEVER = 2**31 - 1
"""Day of what does not happen."""
EVERYWHERE = 2**32 - 1
"""In place of a chunk: what all chunks share."""
MEAN_REP_AGE, SD_REP_AGE = 47, 9
MEAN_OPINION, SD_OPINION, SD_REVIEW = 0.2, 0.35, 0.6
"""Social-media opinion of firms on -1 to 1, and how far one review lies from it."""
WORST_MARK = -1


@dataclass(frozen=True)
class Firms:
    """The firms of one chunk: one entry a firm in every array.

    ``sector``, ``region``, ``name`` and ``capital`` have a row before and a row after ``changed``,
    shape (2, n); ``theta`` has a row for each year so far and one for the year after it.
    """

    chunk: int
    size: Array
    ownership: Array
    registered: Array
    closed: Array
    changed: Array
    sector: Array
    region: Array
    name: Array
    capital: Array
    employees: Array
    group: Array
    rep_birth_year: Array
    theta: Array
    harm_factor: Array

    def __len__(self) -> int:
        return len(self.size)

    def known(self, detail: str, day: int | Array, rows: Array | slice = slice(None)) -> Array:
        """Return a detail that may change, as it was on `day`."""
        before, after = getattr(self, detail)[:, rows]
        return np.where(self.changed[rows] <= day, after, before)

    def open_on(self, day: int | Array, rows: Array | slice = slice(None)) -> Array:
        """Tell which firms were registered and not closed on `day`."""
        return (self.registered[rows] <= day) & (day < self.closed[rows])


def stream(seed: int, chunk: int, topic: str, year: int = 0) -> np.random.Generator:
    """Return the random numbers of a topic: the same whatever else was drawn before."""
    key = (chunk, zlib.crc32(topic.encode()), year)
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(seed, spawn_key=key)))


def column(rows: Sequence[Any], name: str) -> Array:
    """Return one column of a table of knobs."""
    return np.array([getattr(row, name) for row in rows])


def year_start(settings: WorldSettings, year: int) -> int:
    """Return the first day of a year of the history; year ``history_years`` begins after as_of."""
    end = np.datetime64(settings.as_of) + 1
    month = end.astype("M8[M]")
    day = (month - 12 * (settings.history_years - year)).astype("M8[D]") + (end - month)
    return int(day.astype(int))


def _pick(rng: np.random.Generator, weights: Array, size: int) -> Array:
    return rng.choice(len(weights), size, p=weights / weights.sum())


# ---- firms ---------------------------------------------------------------------------------------


def draw_firms(settings: WorldSettings, seed: int, chunk: int, n: int) -> Firms:
    """Draw the firms of a chunk."""
    rng = stream(seed, chunk, "firms")
    last = year_start(settings, settings.history_years) - 1
    size = _pick(rng, column(settings.sizes, "weight"), n)
    age = _ages(settings, rng, n)
    registered = last - 60 - (age * 365.25).astype(int)
    opened = np.maximum(registered, year_start(settings, 0)) + 180
    closed = opened + rng.exponential(365.25 / max(settings.closure_rate, 1e-9), n)
    group = _groups(settings, rng, n)
    details = _details(settings, rng, size, group)
    sd = settings.firm_harm_sd
    firms = Firms(
        chunk=chunk,
        size=size,
        ownership=_owners(settings, rng, size),
        registered=registered,
        closed=np.where(closed > last, NEVER, closed).astype(int),
        changed=_changes(settings, rng, registered, closed, last),
        employees=np.ceil(column(settings.sizes, "employees")[size] * rng.lognormal(0, 0.5, n)),
        group=group,
        rep_birth_year=_births(settings, rng, age),
        theta=_theta(settings, rng, group),
        harm_factor=rng.lognormal(-(sd**2) / 2, sd, n),
        **details,
    )
    return replace(firms, capital=_capital(settings, firms))


def _ages(settings: WorldSettings, rng: np.random.Generator, n: int) -> Array:
    """Return ages in years, exponential and cut at the oldest."""
    mean = settings.mean_age_years
    inside = -np.expm1(-settings.max_age_years / mean)
    return -mean * np.log1p(-rng.random(n) * inside)


def _groups(settings: WorldSettings, rng: np.random.Generator, n: int) -> Array:
    """Return each firm's controller, -1 where it has its own."""
    sizes = np.arange(2, settings.group_max + 1)
    members = int(settings.group_firms * n)
    ends = np.cumsum(sizes[_pick(rng, 1.0 / sizes**2, members // 2 + 1)])
    group = np.full(n, -1)
    group[rng.permutation(n)[:members]] = np.searchsorted(ends, np.arange(members), side="right")
    return group


def _details(
    settings: WorldSettings, rng: np.random.Generator, size: Array, group: Array
) -> dict[str, Array]:
    """Return details before and after the one change; firms of a controller share a name."""
    n, brands = len(size), len(settings.name_characters) ** 2
    shared = rng.integers(0, brands, group.max(initial=0) + 1)
    name = rng.integers(0, brands, (2, n))
    name[0] = np.where(group >= 0, shared[group], name[0])
    sector = _pick(rng, column(settings.sectors, "weight"), 2 * n).reshape(2, n)
    region = _pick(rng, column(settings.regions, "weight"), 2 * n).reshape(2, n)
    capital = column(settings.sizes, "capital")[size] * rng.lognormal(0, 0.9, (2, n))
    details = {"name": name, "sector": sector, "region": region, "capital": np.round(capital, -4)}
    for values, share in zip(details.values(), (0.5, 0.2, 0.3, 0.5), strict=True):
        values[1] = np.where(rng.random(n) < share, values[1], values[0])
    return details


def _owners(settings: WorldSettings, rng: np.random.Generator, size: Array) -> Array:
    state = rng.random(len(size)) < column(settings.sizes, "state_share")[size]
    foreign, other = settings.foreign_share, settings.other_owner_share
    shares = np.array([max(1 - foreign - other, 0), foreign, other])
    return np.where(state, 0, 1 + _pick(rng, shares, len(size)))


def _changes(
    settings: WorldSettings, rng: np.random.Generator, registered: Array, closed: Array, last: int
) -> Array:
    """Return the day on which a firm's details changed."""
    first = np.maximum(registered, year_start(settings, 0)) + 60
    end = np.minimum(closed, last) - 60
    day = first + rng.random(len(registered)) * (end - first)
    changes = (rng.random(len(registered)) < settings.change_share) & (end > first)
    return np.where(changes, day, NEVER).astype(int)


def _capital(settings: WorldSettings, firms: Firms) -> Array:
    """Return the registered capital, shifted by the age of the representative."""
    years = settings.as_of.year - firms.rep_birth_year
    shift = settings.rep_age_capital * (years - MEAN_REP_AGE) / SD_REP_AGE
    return np.round(firms.capital * np.exp(shift), -4)


def _births(settings: WorldSettings, rng: np.random.Generator, age: Array) -> Array:
    """Return the legal representatives' years of birth."""
    link = settings.rep_age_firm_age
    score = (np.argsort(np.argsort(age)) + 0.5) / len(age) * np.sqrt(12) - np.sqrt(3)
    years = MEAN_REP_AGE + SD_REP_AGE * (
        link * score + np.sqrt(1 - link**2) * rng.standard_normal(len(age))
    )
    return settings.as_of.year - np.clip(years, 20, 85).astype(int)


def _theta(settings: WorldSettings, rng: np.random.Generator, group: Array) -> Array:
    """Return the latent risk of each year and firm, shape (years + 1, n)."""
    own = _autoregression(settings, rng, len(group))
    shared = _autoregression(settings, rng, group.max(initial=0) + 1)[:, group]
    part = np.where(group >= 0, settings.group_risk_share, 0.0)
    return settings.theta_sd * (np.sqrt(1 - part) * own + np.sqrt(part) * shared)


def _autoregression(settings: WorldSettings, rng: np.random.Generator, n: int) -> Array:
    """Return stationary AR(1) paths of variance 1, shape (years + 1, n)."""
    correlation = settings.theta_yearly_correlation
    paths = rng.standard_normal((settings.history_years + 1, n))
    for year in range(1, len(paths)):
        paths[year] = correlation * paths[year - 1] + np.sqrt(1 - correlation**2) * paths[year]
    return paths


# ---- truth ---------------------------------------------------------------------------------------


def older_rep(firms: Firms, settings: WorldSettings) -> Array:
    """Tell which firms have an older legal representative."""
    return settings.as_of.year - firms.rep_birth_year >= settings.older_rep_age


def reviews(
    firms: Firms, settings: WorldSettings, seed: int, year: int
) -> tuple[Array, Array, np.random.Generator]:
    """Return each firm's number of reviews and their mean (NaN: none), and the stream behind them.

    Reviews are as they were at as_of, and as attacks before `year` left them.
    """
    rng = stream(seed, firms.chunk, "attributes")
    n, day = len(firms), year_start(settings, settings.history_years) - 1
    consumer = column(settings.sectors, "consumer")[firms.known("sector", day)]
    mean = settings.reviews_mean * np.where(consumer == 1, 10, 1) * rng.gamma(0.5, 2, n)
    count = rng.poisson(mean)
    theta = firms.theta[settings.history_years - 1] / max(settings.theta_sd, 1e-9)
    link = settings.sentiment_theta
    own = link * theta + np.sqrt(1 - link**2) * rng.standard_normal(n)
    opinion = MEAN_OPINION + SD_OPINION * own
    heard = opinion + rng.standard_normal(n) * SD_REVIEW / np.sqrt(np.maximum(count, 1))
    score = np.where(count > 0, np.round(np.clip(heard, -1, 1), 3), np.nan)
    return *_attacked(firms, settings, seed, year, count, score), rng


def _attacked(
    firms: Firms, settings: WorldSettings, seed: int, year: int, count: Array, score: Array
) -> tuple[Array, Array]:
    """Add the worst marks that some firms were given in each season since as_of."""
    for season in range(settings.history_years, year):
        drawn = stream(seed, firms.chunk, "attacks", season).random(len(firms))
        more = np.where(drawn < settings.attacked_share, settings.attack_reviews, 0)
        total = count * np.nan_to_num(score) + WORST_MARK * more
        score = np.where(more > 0, np.round(total / np.maximum(count + more, 1), 3), score)
        count = count + more
    return count, score


def log_odds(firms: Firms, settings: WorldSettings, year: int, found: Array) -> Array:
    """Return the log-odds of a violation at an inspection in `year`, shape (n,)."""
    start = year_start(settings, year)
    age = np.maximum(start + 182 - firms.registered, 0) / 365.25
    return (
        settings.base_log_odds
        + column(settings.sectors, "log_odds")[firms.known("sector", start)]
        + column(settings.sizes, "log_odds")[firms.size]
        + settings.young_log_odds * np.exp(-age / settings.young_years)
        + settings.older_rep_log_odds * older_rep(firms, settings)
        + firms.theta[year]
        - deterrence(settings, year, found)
    )


def deterrence(settings: WorldSettings, year: int, found: Array) -> Array:
    """Return by how much violations found in the two years before lower the log-odds."""
    last = found[year - 1] if year >= 1 else np.zeros_like(found[0])
    before = found[year - 2] if year >= 2 else np.zeros_like(found[0])
    return settings.deterrence_log_odds * np.where(last, 1.0, np.where(before, 0.5, 0.0))


def severity(firms: Firms, settings: WorldSettings, day: int) -> Array:
    """Return the expected harm of a violation, in harm units, shape (n,)."""
    hazard = true_hazard(settings)[firms.known("sector", day)]
    scale = settings.harm_base * settings.harm_spread**hazard
    return scale * column(settings.sizes, "harm")[firms.size] * firms.harm_factor


def true_hazard(settings: WorldSettings) -> Array:
    """Return each sector's true place on the scale of harm, shape (sectors,)."""
    misranked = column(settings.sectors, "code") == settings.misranked_sector
    return np.where(misranked, settings.misranked_hazard, column(settings.sectors, "hazard"))
