"""What the gates look at: the challenger's fit, the champion as registered, the registry of the day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.catalogue import in_use
from models.examples import MissingColumns
from models.fitted import FittedModel
from risk_index.distributions import (
    DRAWS,
    INDEX,
    Distributions,
    chances,
    index_of,
    last_draws,
    read_distributions,
)
from risk_index.errors import UserError
from risk_index.fairness.findings import Audit
from risk_index.fairness.opening import budget
from risk_index.pipeline import Fit, Say, Source
from risk_index.release.drift import drift, units
from risk_index.release.experiments import Registry, one_small_fine, reporting
from risk_index.release.limits import Limits
from risk_index.release.outcomes import carried_by_input, later_slice, on_outcomes
from risk_index.release.places import BothRanked, churn, sentinels
from risk_index.release.proxies import proxies
from risk_index.release.repeated import repeated
from risk_index.release.stated import card
from risk_index.release.verdicts import Ruling, Verdict, not_run
from risk_index.settings import Settings
from risk_index.shifts import shifts
from risk_index.tracking.served import inputs_of

NO_CHAMPION = "there is no champion yet"
MOST_EXPLAINED = 2_000


@dataclass(frozen=True, eq=False)
class Champion:
    """The champion as it was registered.

    Attributes
    ----------
    model : FittedModel
    judged : FittedModel or None
        Its models as they were fitted for being judged, with less of the past.
    as_of, judged_on : date
        Days of both.
    distributions : Distributions or None
        Of its day.
    """

    model: FittedModel
    judged: FittedModel | None
    as_of: dt.date
    judged_on: dt.date
    distributions: Distributions | None

    @classmethod
    def read(cls, fit: Path) -> Champion:
        """Read a registered fit.

        Raises
        ------
        UserError
            Where its facts are missing.
        ModelFileError
            Where a model was altered or is of another format.
        """
        model = FittedModel.load(fit / "model")
        try:
            facts = json.loads((fit / "metrics.json").read_text(encoding="utf-8"))
            judged_on = dt.date.fromisoformat(facts["judged_on"])
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"the champion's metrics.json cannot be read: {error}") from error
        judged = FittedModel.load(fit / "judged") if (fit / "judged").is_dir() else None
        kept = fit / "distributions.json"
        known = read_distributions(kept) if kept.is_file() else None
        return cls(model, judged, dt.date.fromisoformat(model.meta["as_of"]), judged_on, known)

    def before(self, day: dt.date) -> FittedModel | None:
        """Return its newest model that knew nothing later than a day; None where both did."""
        if self.as_of <= day:
            return self.model
        return self.judged if self.judged_on <= day else None


@dataclass(frozen=True, eq=False)
class Looked:
    """What is judged, and by which limits."""

    source: Source
    fit: Fit
    settings: Settings
    limits: Limits
    champion: Champion | None
    audit: Audit | None

    @property
    def as_of(self) -> dt.date:
        """The day of the challenger's fit."""
        return self.fit.training.calendar.as_of


def ruling(looked: Looked, say: Say) -> Ruling:
    """Ask every gate."""
    fit, limits = looked.fit, looked.limits
    later = later_slice(fit.training, looked.settings.plan.seed)
    with _registry(looked) as firms:
        say("judging challenger and champion on the same later inspections")
        verdicts = on_outcomes(
            later,
            fit.judgement.model,
            _beside(looked),
            carried_by_input(fit.model, firms.some(MOST_EXPLAINED)),
            limits,
            _why_none(looked),
        )
        say("fitting once more, to see whether the same comes out")
        verdicts.append(repeated(fit.model, fit.training, looked.settings.plan))
        verdicts.append(proxies(looked.audit))
        verdicts.append(card(fit.facts, limits))
        say("thinning one region's penalties, and adding one small fine to single firms")
        plan = budget(looked.settings)
        verdicts.append(reporting(firms, fit.model, plan, limits))
        verdicts.append(one_small_fine(firms, fit.model, plan, limits))
        say("comparing places and distributions with the champion's")
        verdicts += _compared(looked, firms)
    return Ruling(
        tuple(verdicts),
        fit.model.version,
        looked.champion.model.version if looked.champion else "",
        looked.as_of.isoformat(),
        fit.training.calendar.judged_on.isoformat(),
        later.part if later else "",
        limits.required_gates,
    )


def _beside(looked: Looked) -> FittedModel | None:
    """Return the champion's model that is judged on the challenger's later slice."""
    champion = looked.champion
    return champion.before(looked.fit.training.calendar.judged_on) if champion else None


def _why_none(looked: Looked) -> str:
    if looked.champion is None:
        return NO_CHAMPION
    return (
        f"the champion, of {looked.champion.as_of}, knew outcomes after "
        f"{looked.fit.training.calendar.judged_on}; take a later as-of date"
    )


def _compared(looked: Looked, firms: Registry) -> list[Verdict]:
    """Return the verdicts on places and distributions beside the champion's."""
    champion, limits = looked.champion, looked.limits
    names = ("churn", "sentinels", "drift", "unit")
    if champion is None:
        return [not_run(name, NO_CHAMPION) for name in names]
    models = champion.model, looked.fit.model
    try:
        both = BothRanked.by(models, firms.firms.firm_id, firms.X)
        watched = limits.sentinel_firms
        named = BothRanked.by(models, *firms.named(watched)) if watched else None
    except MissingColumns as error:
        why = f"the champion asks for inputs that are no more: {error}"
        return [not_run(name, why) for name in names]
    found = [churn(both, looked.settings.capacity_share, limits), sentinels(both, limits, named)]
    if champion.distributions is None:
        return found + [
            not_run(n, "the champion was registered without its distributions") for n in names[2:]
        ]
    return found + _records_moved(looked, champion, champion.distributions, firms)


def _records_moved(
    looked: Looked, champion: Champion, before: Distributions, firms: Registry
) -> list[Verdict]:
    after = looked.fit.distributions
    drawn = last_draws(looked.fit.training)
    draws = looked.fit.training.examples.X[drawn]
    weights = {DRAWS: 1 / chances(looked.fit.training, drawn)}
    values = {f.name: firms.X[f.name].to_numpy(np.float64) for f in in_use()}
    values |= {INDEX: index_of(champion.model, firms.X), DRAWS: index_of(champion.model, draws)}
    read = {*inputs_of(champion.model), *inputs_of(looked.fit.model)}
    carried = carried_by_input(champion.model, firms.some(MOST_EXPLAINED))
    return [
        drift(before, after, shifts(before, values, read, weights), carried, looked.limits),
        units(before, after, looked.limits),
    ]


@contextmanager
def _registry(looked: Looked) -> Iterator[Registry]:
    """Open the records again, with at most 20,000 firms of the day."""
    sample = looked.fit.sample.rows.sort_values("firm_key", ignore_index=True)
    with looked.source.open() as records:
        yield Registry.of(records, looked.as_of, looked.settings, looked.source.sectors, sample)
