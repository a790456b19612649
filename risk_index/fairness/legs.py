"""The statistical legs of every audited attribute, as flags of the audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from risk_index.fairness.attributes import known
from risk_index.fairness.attributions import co_occurrence
from risk_index.fairness.case import Case
from risk_index.fairness.config import FairnessConfig
from risk_index.fairness.evidence import JOINED, Attribute, Contrast, EvidenceError, contrasts
from risk_index.fairness.flags import (
    AMBER,
    DISPARATE,
    RED_CONFIRMED,
    RED_SUSPECTED,
    Flag,
    Look,
    Measured,
)
from risk_index.fairness.pointers import Pointer, pointers
from risk_index.fairness.proxies import Finding, find_proxies

ALL = "all inputs"
SPELLING = "Check how the file spells it (configs/fairness.yaml, adverse)."


def flags_of(case: Case, attributes: Sequence[Attribute], level: float, least: int) -> list[Flag]:
    """Return a flag for every input, or block of inputs, and every group of every attribute.

    Groups of fewer than `least` firms are left out: see :func:`uncompared`. Without enough random draws
    there is one AMBER flag an attribute that says so.
    """
    compared = _compared(case, attributes, least)
    gains = np.sum([co_occurrence(trees.booster) for trees in case.release.trees], axis=0)
    try:
        found = find_proxies(case.sample, compared, gains, false_discovery=level, seed=case.seed)
    except EvidenceError as error:
        return [_inconclusive(attribute.name, str(error), case) for attribute in attributes]
    return [_flag(finding) for finding in found]


def looks_of(case: Case, attributes: Sequence[Attribute], least: int) -> list[Look]:
    """Return the pointers of every group of every attribute; none without enough random draws."""
    try:
        found = pointers(case.sample, _compared(case, attributes, least), seed=case.seed)
    except EvidenceError:
        return []
    return [_look(pointer) for pointer in found]


def _compared(case: Case, attributes: Sequence[Attribute], least: int) -> list[Contrast]:
    """Return the contrasts, known of the registry's rows alone: every firm is compared once.

    A firm that was drawn several times would else count as many, and stand on both sides of a fold.
    """
    found = []
    for attribute in attributes:
        unknown: Any = None if attribute.kind == "categorical" else np.nan
        values = np.where(case.registry, attribute.values, unknown)
        found += contrasts(replace(attribute, values=values), least)
    return found


def uncompared(attributes: Sequence[Attribute], least: int) -> list[Flag]:
    """Return an AMBER flag for every watched group that has too few firms to be compared.

    Of an attribute none of whose groups is watched in particular, one flag names the small groups.

    Parameters
    ----------
    attributes : sequence of Attribute
        Of the firms of the registry.
    """
    return [flag for attribute in attributes for flag in _too_small(attribute, least)]


def _too_small(attribute: Attribute, least: int) -> Iterator[Flag]:
    compared = {contrast.level for contrast in contrasts(attribute, least)}
    if attribute.kind != "categorical":
        if not compared:
            n = int(known(attribute).sum())
            yield _left_out(
                attribute, "", f"{n} rows with a value, and two that differ are needed."
            )
        return
    counts = pd.Series(attribute.values, dtype=object).value_counts()
    of_file = ", ".join(f"{level} {n}" for level, n in counts.head(5).items()) or "nothing"
    for level in map(str, attribute.adverse):
        if level not in compared:
            n, others = int(counts.get(level, 0)), int(counts.drop(level, errors="ignore").sum())
            said = f"{n} rows of this group and {others} of others, {least} firms needed of each."
            yield _left_out(attribute, level, f"{said} {SPELLING} Found: {of_file}.")
    small = [str(level) for level in counts.index if str(level) not in compared]
    if not attribute.adverse and (small or not compared):
        named = f"{', '.join(small[:5])}{' ...' * (len(small) > 5)}" if small else "no group"
        said = (
            f"{len(small)} groups ({named}) of too few firms, {least} needed in and outside each."
        )
        yield _left_out(attribute, "", f"{said} {SPELLING}")


def _left_out(attribute: Attribute, level: str, why: str) -> Flag:
    said, n = f"Not compared: {why}", len(attribute)
    return Flag(input=ALL, attribute=attribute.name, group=level, verdict=AMBER, n=n, said=said)


def _look(pointer: Pointer) -> Look:
    most = max(pointer.loads, key=lambda name: pointer.loads[name] * (pointer.contrast.sign or 1))
    treatment = pointer.equal_treatment
    return Look(
        attribute=pointer.contrast.attribute,
        group=pointer.contrast.level,
        told=Measured(value=pointer.strength.auc, low=pointer.strength.low),
        load=pointer.load,
        most_input=most,
        most_load=pointer.loads[most],
        treatment_auc=treatment.auc,
        treatment_p=treatment.p,
        look=pointer.look,
    )


def _inconclusive(attribute: str, why: str, case: Case) -> Flag:
    said = f"Inconclusive: {why}. Draw firms at random with known chances and record what is found."
    return Flag(
        input=ALL,
        attribute=attribute,
        group="",
        verdict=AMBER,
        n=len(case.sample),
        n_draws=int(case.drawn.sum()),
        said=said,
    )


def _flag(finding: Finding) -> Flag:
    legs, weight = finding.legs, finding.legs.earned
    met = {"F1": legs.tells, "F2": legs.discovery, "F4": _idle(finding)}
    low, high = finding.gap_interval
    told = legs.joint if legs.joint is not None and not legs.strength.met else legs.strength
    partner = f" It tells most together with {finding.partner}." if finding.partner else ""
    return Flag(
        input=finding.name,
        attribute=finding.contrast.attribute,
        group=finding.contrast.level,
        verdict=str(finding.judgement.verdict),
        legs=tuple(name for name, holds in met.items() if holds),
        strength=Measured(value=told.auc, low=told.low),
        gap=Measured(value=finding.gap, low=low, high=high),
        null_band=finding.null_band,
        weight=Measured(value=weight.beta, low=weight.low, high=weight.high),
        n=legs.firms,
        n_draws=weight.n,
        n_needed=finding.judgement.draws_needed or None,
        said=_said(finding, told.auc) + partner,
    )


def _said(finding: Finding, auc: float) -> str:
    """Return the finding in a few sentences."""
    legs, weight = finding.legs, finding.legs.earned
    words = (
        f"Among {legs.firms} firms of equal risk, {finding.name} tells {finding.contrast.name} with an "
        f"area of {auc:.2f} under the curve (0.5 is chance) and moves the group's log-odds of a "
        f"violation by {finding.gap:+.3f} against the others."
    )
    if weight.n:
        words += (
            f" On {weight.n} random inspections it earns {weight.beta:.2f} of the weight that the model "
            f"gives it (90 % interval {weight.low:.2f} to {weight.high:.2f}; 1 is all of it)."
        )
    judged = finding.judgement
    more = judged.firms_needed > legs.firms
    firms = f" About {judged.firms_needed} firms would settle it." if more else ""
    return f"{words} Verdict: {judged.reason}.{firms}"


def _idle(finding: Finding) -> bool:
    return finding.legs.suspect and str(finding.judgement.verdict) in (RED_CONFIRMED, RED_SUSPECTED)


def exempted(flag: Flag, config: FairnessConfig) -> Flag:
    """Return a flag whose inputs are all declared legitimate by law as legitimate but disparate."""
    bases = [config.exemption(name, flag.attribute) for name in flag.input.split(JOINED)]
    if not flag.red or not all(bases):
        return flag
    said = f"{flag.said} Declared legitimate by law: {bases[0]}"
    return flag.model_copy(update={"verdict": DISPARATE, "said": said})


def settled(flag: Flag) -> Flag:
    """Return a flag after its remedies: a suspected one for which a cheap remedy works is confirmed."""
    if flag.verdict != RED_SUSPECTED or not any(remedy.works for remedy in flag.remedies):
        return flag
    said = f"{flag.said} A remedy lowers the burden for little harm, which confirms it."
    return flag.model_copy(
        update={"verdict": RED_CONFIRMED, "legs": (*flag.legs, "F5"), "said": said}
    )
