"""The statistical legs of every audited attribute, as flags of the audit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from risk_index.fairness.attributions import co_occurrence
from risk_index.fairness.case import Case
from risk_index.fairness.config import FairnessConfig
from risk_index.fairness.evidence import Attribute, EvidenceError, contrasts
from risk_index.fairness.findings import (
    AMBER,
    DISPARATE,
    JOINED,
    RED_CONFIRMED,
    RED_SUSPECTED,
    Flag,
    Look,
    Measured,
)
from risk_index.fairness.pointers import Pointer, pointers
from risk_index.fairness.proxies import Finding, find_proxies


def flags_of(case: Case, attributes: Sequence[Attribute], level: float) -> list[Flag]:
    """Return a flag for every input, or block of inputs, and every group of every attribute.

    Without enough random draws there is one AMBER flag an attribute that says so.
    """
    compared = [contrast for attribute in attributes for contrast in contrasts(attribute)]
    gains = np.sum([co_occurrence(trees.booster) for trees in case.release.trees], axis=0)
    try:
        found = find_proxies(case.sample, compared, gains, false_discovery=level, seed=case.seed)
    except EvidenceError as error:
        return [_inconclusive(attribute.name, str(error), case) for attribute in attributes]
    return [_flag(finding) for finding in found]


def looks_of(case: Case, attributes: Sequence[Attribute]) -> list[Look]:
    """Return the pointers of every group of every attribute; none without enough random draws."""
    compared = [contrast for attribute in attributes for contrast in contrasts(attribute)]
    try:
        found = pointers(case.sample, compared, seed=case.seed)
    except EvidenceError:
        return []
    return [_look(pointer) for pointer in found]


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
        input="all inputs",
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
    needed = max(finding.judgement.draws_needed, finding.judgement.firms_needed)
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
        n_needed=needed or None,
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
    return f"{words} Verdict: {finding.judgement.reason}."


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
