"""Outcomes by group, on random draws alone: burden, calibration, capture and coverage, with intervals.

Intervals resample whole controllers. A group of too few draws, or too few violations among them, gets no
figure but the numbers that are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from models.arrays import Bools, Floats
from models.fitted import FittedModel
from models.metrics import Outcomes, ends, kish, resampled_weights
from models.reliability import recalibration
from risk_index.fairness.attributes import group_of, known, levels
from risk_index.fairness.burden import REPLICATES, harm_captured, ratio
from risk_index.fairness.case import Case
from risk_index.fairness.config import Thresholds
from risk_index.fairness.evidence import Attribute

COLUMNS = ("attribute", "group", "measure", "value", "low", "high", "n", "n_eff", "note")
UNKNOWN = "unknown"
BURDEN = "burden of compliant firms at equal risk, against the others"
CAPTURE = "harm found, in multiples of uniform visits"
RATE, SAID = "rate of violations found", "likelihood said"
LOW_SAID, HIGH_SAID = "lower end of the likelihood said", "upper end of the likelihood said"
SLOPE, INTERCEPT = "calibration slope", "calibration intercept"
COVERAGE = "harm found that lies in its interval"
Statistic = Callable[[Floats], Floats]
"""From weights, shape (B, n), to values, shape (B,)."""


def outcomes(
    case: Case, model: FittedModel, attributes: Iterable[Attribute], limits: Thresholds
) -> pd.DataFrame:
    """Return every measure of every group, and of the firms whose group is unknown.

    Returns
    -------
    DataFrame, columns COLUMNS
        ``n`` random draws (of coverage: violations with harm measured); NaN values carry a note.
    """
    rows: list[dict[str, object]] = []
    held = _held(case, model)
    for attribute in attributes:
        group = np.where(known(attribute), group_of(attribute), UNKNOWN)
        for name in (*levels(attribute), UNKNOWN):
            inside = group == name
            if name == UNKNOWN and not inside.any():
                continue
            for row in _of_group(case, inside, known(attribute), held, limits):
                rows.append({"attribute": attribute.name, "group": name, **row})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _held(case: Case, model: FittedModel) -> dict[str, Floats]:
    """Return what the release says of every row: ends of both intervals and the frequency."""
    release = case.recipe.likelihood.calibrator
    low, high = release.interval(case.sample.margin)
    harm_low, harm_high = model.severity.interval(case.firms.X)
    frequency = case.frequencies(case.sample.likelihood)
    return {
        LOW_SAID: low,
        HIGH_SAID: high,
        "harm_low": harm_low,
        "harm_high": harm_high,
        "frequency": frequency,
    }


def _of_group(
    case: Case, inside: Bools, stated: Bools, held: dict[str, Floats], limits: Thresholds
) -> Iterator[dict[str, object]]:
    rows = inside & case.drawn
    n, found = int(rows.sum()), int(np.nansum(case.sample.violation[rows]))
    n_firms = int((inside & case.registry).sum())
    if n_firms < limits.least_firms:
        yield _missing(
            n, f"not shown: {n_firms} firms of the registry, {limits.least_firms} needed"
        )
        return
    least_found = limits.least_outcomes / 10
    if n < limits.least_outcomes or found < least_found:
        yield _missing(
            n,
            f"insufficient data: {n} random draws with {found} violations, "
            f"{limits.least_outcomes} with {least_found:g} needed",
        )
        return
    yield _burden(case, inside, stated, held["frequency"])
    for name, statistic in _statistics(case, rows, held):
        yield _measured(name, statistic, case, rows)
    yield _coverage(case, rows, held)


def _missing(n: int, note: str) -> dict[str, object]:
    nan = float("nan")
    return {
        "measure": "all",
        "value": nan,
        "low": nan,
        "high": nan,
        "n": n,
        "n_eff": nan,
        "note": note,
    }


def _burden(case: Case, inside: Bools, stated: Bools, frequency: Floats) -> dict[str, object]:
    """Compare firms that a random draw found compliant, by 1 / inclusion probability."""
    rows = case.drawn & (case.sample.violation == 0)
    against = stated | inside
    found = ratio(
        frequency[rows],
        inside[rows],
        against[rows],
        case.stratum[rows],
        case.sample.weight[rows],
        case.firms.controller[rows],
        case.seed,
    )
    note = "" if np.isfinite(found.value) else "no others of equal risk to compare with"
    values = {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "n_eff": found.n_eff,
    }
    return {"measure": BURDEN, **values, "note": note}


def _statistics(
    case: Case, rows: Bools, held: dict[str, Floats]
) -> Iterator[tuple[str, Statistic]]:
    """Yield the measures that are functions of weights on a group's draws."""
    said, found = case.sample.likelihood[rows], case.sample.violation[rows]
    logit = np.log(said) - np.log1p(-said)
    harm, frequency = case.harm[rows], held["frequency"][rows]

    def mean_of(values: Floats) -> Statistic:
        return lambda weight: weight @ values / weight.sum(axis=1)

    yield RATE, mean_of(found)
    yield SAID, mean_of(said)
    yield LOW_SAID, mean_of(held[LOW_SAID][rows])
    yield HIGH_SAID, mean_of(held[HIGH_SAID][rows])
    yield SLOPE, lambda weight: recalibration(logit, found, weight)[1]
    yield INTERCEPT, lambda weight: recalibration(logit, found, weight)[0]
    yield CAPTURE, lambda weight: np.array([harm_captured(frequency, harm, w) for w in weight])


def _measured(name: str, statistic: Statistic, case: Case, rows: Bools) -> dict[str, object]:
    weight, controller = case.sample.weight[rows], case.firms.controller[rows]
    value = float(statistic(weight[None])[0])
    zeros = np.zeros(len(weight))
    drawn = np.concatenate([
        statistic(block)
        for block in resampled_weights(
            Outcomes(zeros, zeros, weight, controller), REPLICATES, case.seed
        )
    ])  # fmt: skip
    low, high = ends(drawn)
    note = "" if np.isfinite(value) else "not estimable on these draws"
    row = {"measure": name, "value": value, "low": low, "high": high}
    return {**row, "n": int(rows.sum()), "n_eff": kish(weight), "note": note}


def _coverage(case: Case, rows: Bools, held: dict[str, Floats]) -> dict[str, object]:
    """Return the share of harms found that lie in their interval; the severity saw some of them."""
    measured = rows & (case.harm > 0)
    inside = (held["harm_low"] <= case.harm) & (case.harm <= held["harm_high"])
    row = {"measure": COVERAGE, "n": int(measured.sum())}
    if not measured.any():
        return {**_missing(0, "no harm was measured"), **row}
    share = inside.astype(float)[measured]
    return _measured(COVERAGE, lambda weight: weight @ share / weight.sum(axis=1), case, measured)
