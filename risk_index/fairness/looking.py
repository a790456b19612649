"""One look at a model: direct use, stand-ins, manipulation and remedies, before the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.fitted import FittedModel
from risk_index.fairness.attributes import crossed
from risk_index.fairness.case import Case
from risk_index.fairness.config import FairnessConfig, Thresholds
from risk_index.fairness.counterfactuals import Effect, Remedies, cheapest
from risk_index.fairness.evidence import CROSS, JOINED, Attribute, Contrast, contrasts
from risk_index.fairness.flags import (
    AMBER,
    NONE,
    ORDER,
    RED_CONFIRMED,
    RED_SUSPECTED,
    Flag,
    Look,
    Remedy,
)
from risk_index.fairness.gate import Waiver
from risk_index.fairness.ledger import Account
from risk_index.fairness.legs import exempted, flags_of, looks_of, settled, uncompared
from risk_index.fairness.lineage import DirectUse, direct_use, readers_of
from risk_index.fairness.manipulation import Manipulation, manipulations
from risk_index.fairness.opening import Opened
from risk_index.pipeline import Say

MOST_REMEDIED = 8
"""RED flags of either verdict for which remedies are tried; the notes name the others."""


@dataclass(frozen=True, eq=False)
class Rules:
    """What an audit is held by: settings, thresholds in force, the year's account, waivers, the day."""

    config: FairnessConfig
    limits: Thresholds
    spent: Account
    waivers: tuple[Waiver, ...]
    today: dt.date


@dataclass(frozen=True, eq=False)
class Looked:
    """What was looked at and found, before the gate."""

    audited: tuple[Attribute, ...]
    direct: list[DirectUse]
    attacks: list[Manipulation]
    flags: list[Flag]
    looks: list[Look]
    n_tests: int
    remedies: Remedies


def looked(rows: Opened, model: FittedModel, rules: Rules, say: Say) -> Looked:
    """Run the legs, one after the other."""
    case, config = rows.case, rules.config
    audited = _with_intersections(rows.joined.attributes, config, rules.limits)
    say("direct use: which inputs read an audited column, or are a function of an attribute")
    direct = _direct(case, rows, model, config)
    say(f"stand-ins: {len(case.inputs)} inputs against {len(audited)} attributes")
    least = rules.limits.least_firms
    tested = flags_of(case, audited, rules.spent.level, least)
    looks = looks_of(case, rows.joined.attributes, least)
    today = np.flatnonzero(case.registry)
    small = uncompared([a.take(today) for a in rows.joined.attributes], least)
    say("manipulation")
    X = case.firms.take(case.registry).X
    attacks = manipulations(config.manipulation, model, X, case.budget, direct, rules.limits)
    remedies = Remedies(case, rules.limits)
    flags = [exempted(flag, config) for flag in tested if flag.verdict != NONE]
    compared = [c for attribute in audited for c in contrasts(attribute, least)]
    flags = _remedied([*_red_by_rule(direct), *flags, *small], compared, remedies, say)
    flags += _manipulable(attacks)
    return Looked(audited, direct, attacks, flags, looks, len(tested), remedies)


def _with_intersections(
    attributes: tuple[Attribute, ...], config: FairnessConfig, limits: Thresholds
) -> tuple[Attribute, ...]:
    by_name = {attribute.name: attribute for attribute in attributes}
    pairs = [pair for pair in config.intersections if set(pair) <= set(by_name)]
    found = [crossed(by_name[a], by_name[b], limits.least_firms) for a, b in pairs]
    return (*attributes, *(attribute for attribute in found if attribute is not None))


def _direct(
    case: Case, rows: Opened, model: FittedModel, config: FairnessConfig
) -> list[DirectUse]:
    """Look at the registry's rows: the attributes are of today, and so are their inputs."""
    inputs = tuple(dict.fromkeys([*model.likelihood.columns, *model.severity.columns]))
    columns = [e.records for e in config.attributes.values() if e.measure == "value"]
    at = np.flatnonzero(case.registry)
    X = case.firms.X.iloc[at].reset_index(drop=True)
    raw = rows.joined.raw.iloc[at].reset_index(drop=True)
    return direct_use(config, inputs, X, raw, readers_of(columns))


def _red_by_rule(direct: list[DirectUse]) -> list[Flag]:
    return [
        Flag(
            input=use.name,
            attribute=use.attribute,
            group="",
            verdict=RED_CONFIRMED,
            legs=("F0",),
            said=f"The input {use.how}, and configs/fairness.yaml declares no legal basis for it.",
        )
        for use in direct
        if not use.exempt
    ]


def _manipulable(attacks: list[Manipulation]) -> list[Flag]:
    return [
        Flag(
            input=JOINED.join(attack.inputs),
            attribute=attack.attack.name,
            group="",
            verdict=RED_CONFIRMED if attack.attack.if_failed == "red" else AMBER,
            legs=("F6",),
            said=f"{attack.said} {attack.attack.reason}".strip(),
        )
        for attack in attacks
        if not attack.passed
    ]


def _remedied(
    flags: list[Flag], watched: list[Contrast], remedies: Remedies, say: Say
) -> list[Flag]:
    """Try remedies for RED flags of a single input and settle those that were only suspected.

    Of either verdict the first 8, the gravest first; intersections come last, and only where nothing
    was tried for the same input and one of their parts.
    """
    compared = {(c.attribute, c.level): c for c in watched}
    done: dict[int, Flag] = {}
    left = dict.fromkeys((RED_CONFIRMED, RED_SUSPECTED), MOST_REMEDIED)
    for place in sorted(range(len(flags)), key=lambda k: _turn(flags[k])):
        flag = flags[place]
        contrast = compared.get((flag.attribute, flag.group)) or _adverse(flag, compared, remedies)
        able = flag.input in remedies.case.inputs and left.get(flag.verdict, 0) > 0
        if contrast is None or not able or stands_for(flag, done.values()):
            continue
        say(f"remedies for {flag.input} ({contrast.name})")
        done[place] = _with_remedies(flag, remedies.tried(flag.input, contrast))
        left[flag.verdict] -= 1
    return [done.get(place, flag) for place, flag in enumerate(flags)]


def _turn(flag: Flag) -> tuple[bool, int]:
    return CROSS in flag.attribute, ORDER.index(flag.verdict)


def stands_for(flag: Flag, tried: Iterable[Flag]) -> bool:
    """Tell whether an intersection needs no remedies of its own: they were tried for a part of it."""
    parts = {flag.attribute, *flag.attribute.split(CROSS)}
    own = CROSS in flag.attribute
    return own and any(f.input == flag.input and f.attribute in parts for f in tried)


def _with_remedies(flag: Flag, effects: list[Effect]) -> Flag:
    best = cheapest(effects)
    update = {
        "remedies": tuple(Remedy.of(effect) for effect in effects),
        "named": None if best is None else Remedy.of(best),
    }
    return settled(flag.model_copy(update=update))


def untried(flags: Sequence[Flag]) -> list[str]:
    """Return the RED findings, as "input for attribute", for which no remedy was tried."""
    tried = [flag for flag in flags if flag.remedies]
    pairs = {(flag.input, flag.attribute) for flag in tried}
    left = [f for f in flags if f.red and not stands_for(f, tried)]
    return sorted(
        {f"{f.input} for {f.attribute}" for f in left if (f.input, f.attribute) not in pairs}
    )


def _adverse(
    flag: Flag, compared: dict[tuple[str, str], Contrast], remedies: Remedies
) -> Contrast | None:
    """Return the comparison in which an attribute's burden is highest, for a flag without a group."""
    own = [c for (attribute, _), c in compared.items() if attribute == flag.attribute]
    if flag.group or not own:
        return None
    return max(own, key=lambda c: np.nan_to_num(remedies.burden(c).value, nan=0.0))
