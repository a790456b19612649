"""The fairness audit of a fit: rows, legs, remedies, manipulation, outcomes, gate; written whole."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.fitted import FittedModel
from risk_index.fairness.attributes import (
    CROSS,
    crossed,
    group_of,
    known,
    levels,
    read_attributes,
)
from risk_index.fairness.case import Case
from risk_index.fairness.config import FairnessConfig, Thresholds, load_fairness
from risk_index.fairness.counterfactuals import Remedies, cheapest
from risk_index.fairness.evidence import Attribute, Contrast, contrasts
from risk_index.fairness.findings import (
    AMBER,
    NONE,
    RED_CONFIRMED,
    Audit,
    AuditedColumn,
    Burden,
    Direct,
    Flag,
    Look,
    Moves,
    Outcome,
    Override,
    Remedy,
    in_order,
)
from risk_index.fairness.gate import Gate, Waiver, gate, read_waivers
from risk_index.fairness.groups import outcomes
from risk_index.fairness.ledger import Account, account, read_ledger, write_ledger
from risk_index.fairness.legs import exempted, flags_of, looks_of, settled
from risk_index.fairness.lineage import DirectUse, direct_use, readers_of
from risk_index.fairness.manipulation import Manipulation, manipulations
from risk_index.fairness.opening import Opened, fitted, opened, settings_of_fit
from risk_index.fairness.overrides import by_group, read_overrides
from risk_index.fairness.writing import write_audit
from risk_index.pipeline import Say, Source, whole_folder

LEDGER = "ledger.json"
MOST_REMEDIED = 8
"""Flags for which remedies are tried, the gravest first; the others say so."""


@dataclass(frozen=True)
class Asked:
    """Files that an audit may be given besides records, model and attributes.

    Attributes
    ----------
    waivers, overrides, config, ledger : Path or None
        Waivers (YAML), officers' overrides (CSV), another ``fairness.yaml``, and the ledger of the
        year's audits (``OUT/ledger.json`` by default).
    today : date or None
        Day on which waivers must hold; the day of the run by default.
    """

    waivers: Path | None = None
    overrides: Path | None = None
    config: Path | None = None
    ledger: Path | None = None
    today: dt.date | None = None


def audit(
    source: Source,
    run: Path,
    attributes: Path,
    out: Path,
    say: Say,
    asked: Asked | None = None,
) -> Audit:
    """Audit the fit in folder `run` and write everything into `out`, whole or not at all.

    The caller closes the gate: ``gate_of(found).refuse(...)`` raises where a RED stops the release.

    Raises
    ------
    UserError
        Where a file cannot be used, or `out` holds something else than an earlier audit.
    """
    asked = asked or Asked()
    config = load_fairness(asked.config)
    waivers = read_waivers(asked.waivers)
    model, as_of = fitted(run)
    settings = settings_of_fit(model, as_of, source.settings)
    limits = config.thresholds(as_of)
    ledger = asked.ledger or out / LEDGER
    spent = account(
        read_ledger(ledger), model.version, as_of, limits.false_discovery, limits.audits_a_year
    )
    table = read_attributes(attributes)
    log = read_overrides(asked.overrides) if asked.overrides else None
    with whole_folder(out, "audit.json") as fresh:
        say("reading and checking the records")
        with source.open() as records:
            say("computing features of past dates and of today's firms, fitting crosswise")
            rows = opened(records, model, as_of, settings, source.sectors, table, config)
        rules = _Rules(config, limits, spent, waivers, asked.today or dt.date.today())
        found = _found(rows, model, rules, log, say)
        say("drawing and writing")
        write_audit(found, config, fresh)
        if ledger.parent.resolve() == out.resolve():
            write_ledger(fresh / ledger.name, spent.entries)
    if ledger.parent.resolve() != out.resolve():
        write_ledger(ledger, spent.entries)
    return found


def gate_of(found: Audit) -> Gate:
    """Return the gate that an audit left open or closed."""
    return Gate(found.stops, found.waived, found.lapsed, found.unused_waivers)


@dataclass(frozen=True, eq=False)
class _Rules:
    """What an audit is held by: settings, thresholds in force, the year's account, waivers, the day."""

    config: FairnessConfig
    limits: Thresholds
    spent: Account
    waivers: tuple[Waiver, ...]
    today: dt.date


@dataclass(frozen=True, eq=False)
class _Looked:
    """What was looked at and found, before the gate."""

    audited: tuple[Attribute, ...]
    direct: list[DirectUse]
    attacks: list[Manipulation]
    flags: list[Flag]
    looks: list[Look]
    n_tests: int
    remedies: Remedies


def _looked(rows: Opened, model: FittedModel, rules: _Rules, say: Say) -> _Looked:
    """Run the legs, one after the other."""
    case, config = rows.case, rules.config
    audited = _with_intersections(rows.joined.attributes, config, rules.limits)
    say("direct use: which inputs read an audited column, or are a function of an attribute")
    direct = _direct(case, rows, model, config)
    say(f"stand-ins: {len(case.inputs)} inputs against {len(audited)} attributes")
    tested = flags_of(case, audited, rules.spent.level)
    looks = looks_of(case, rows.joined.attributes)
    say("manipulation")
    X = case.firms.take(case.registry).X
    attacks = manipulations(config.manipulation, model, X, case.budget, direct, rules.limits)
    remedies = Remedies(case, rules.limits)
    flags = [exempted(flag, config) for flag in tested if flag.verdict != NONE]
    flags = _remedied(
        [*_red_by_rule(direct), *flags, *_manipulable(attacks)], audited, remedies, say
    )
    return _Looked(audited, direct, attacks, flags, looks, len(tested), remedies)


def _found(
    rows: Opened, model: FittedModel, rules: _Rules, log: pd.DataFrame | None, say: Say
) -> Audit:
    """Put the audit together and close or open its gate."""
    case, looked = rows.case, _looked(rows, model, rules, say)
    say("outcomes by group on random draws")
    measured = outcomes(case, model, looked.audited, rules.limits)
    shut = gate(looked.flags, rules.waivers, rules.today)
    signed = {(w.input, w.attribute): w for w in shut.waived}
    flags = [
        flag.model_copy(update={"waiver": signed.get((flag.input, flag.attribute))})
        for flag in looked.flags
    ]
    return Audit(
        model_version=model.version,
        as_of=dt.date.fromisoformat(model.meta["as_of"]),
        **_counts(rows, rules),
        attributes=tuple(_column(a, case, rules.config, rules.limits) for a in looked.audited),
        direct=tuple(Direct.of(use) for use in looked.direct),
        n_tests=looked.n_tests,
        flags=in_order(flags),
        looks=tuple(looked.looks),
        burdens=tuple(_burdens(looked.audited, looked.remedies, rules.limits)),
        outcomes=tuple(Outcome.model_validate(row) for row in measured.to_dict("records")),
        manipulation=tuple(Moves.of(attack) for attack in looked.attacks),
        overrides=_overrides(log, rows),
        waived=shut.waived,
        lapsed=shut.lapsed,
        unused_waivers=shut.unused,
        stops=shut.stops,
        passed=shut.passed,
        notes=tuple(_notes(rows, flags)),
    )


def _counts(rows: Opened, rules: _Rules) -> dict[str, Any]:
    """Return what an audit rests on."""
    case, joined = rows.case, rows.joined
    return {
        "n_firms": rows.n_firms,
        "n_compared": int(case.registry.sum()),
        "n_draws": int(case.drawn.sum()),
        "n_violations": int(np.nansum(case.sample.violation)),
        "join_rate": joined.join_rate,
        "unmatched": joined.unmatched,
        "level": rules.spent.level,
        "spending": rules.spent.said(),
        "missing": tuple(rules.config.attributes[name].title for name in joined.missing),
        "not_audited": joined.unused,
    }


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
            input=" + ".join(attack.inputs),
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
    flags: list[Flag], audited: tuple[Attribute, ...], remedies: Remedies, say: Say
) -> list[Flag]:
    """Try remedies for RED flags of a single input and settle those that were only suspected.

    Intersections come last, and only for inputs for which nothing was tried yet.
    """
    compared = {(c.attribute, c.level): c for a in audited for c in contrasts(a)}
    done: dict[int, Flag] = {}
    tried: set[str] = set()
    for place in sorted(range(len(flags)), key=lambda k: CROSS in flags[k].attribute):
        flag = flags[place]
        contrast = compared.get((flag.attribute, flag.group)) or _adverse(flag, compared, remedies)
        again = CROSS in flag.attribute and flag.input in tried
        able = flag.red and flag.input in remedies.case.inputs and len(done) < MOST_REMEDIED
        if contrast is None or again or not able:
            continue
        say(f"remedies for {flag.input} ({contrast.name})")
        effects = remedies.tried(flag.input, contrast)
        best = cheapest(effects)
        update = {
            "remedies": tuple(Remedy.of(effect) for effect in effects),
            "named": None if best is None else Remedy.of(best),
        }
        done[place] = settled(flag.model_copy(update=update))
        tried.add(flag.input)
    return [done.get(place, flag) for place, flag in enumerate(flags)]


def _adverse(
    flag: Flag, compared: dict[tuple[str, str], Contrast], remedies: Remedies
) -> Contrast | None:
    """Return the comparison in which an attribute's burden is highest, for a flag without a group."""
    own = [c for (attribute, _), c in compared.items() if attribute == flag.attribute]
    if flag.group or not own:
        return None
    return max(own, key=lambda c: np.nan_to_num(remedies.burden(c).value, nan=0.0))


def _burdens(
    audited: tuple[Attribute, ...], remedies: Remedies, limits: Thresholds
) -> list[Burden]:
    found = []
    for attribute in audited:
        every = Attribute(attribute.name, attribute.kind, attribute.values)
        for contrast in contrasts(every, limits.least_firms):
            group = contrast.level or "upper half"
            found.append(Burden.of(attribute.name, group, remedies.burden(contrast)))
    return found


def _column(
    attribute: Attribute, case: Case, config: FairnessConfig, limits: Thresholds
) -> AuditedColumn:
    entry = config.attributes.get(attribute.name)
    group = group_of(attribute)[case.registry]
    counts = {name: int((group == name).sum()) for name in levels(attribute)}
    return AuditedColumn(
        name=attribute.name,
        title=entry.title if entry else attribute.name,
        kind=attribute.kind,
        groups={name: n for name, n in counts.items() if n >= limits.least_firms},
        known_share=float(known(attribute)[case.registry].mean()),
        shown=bool(contrasts(attribute, limits.least_firms)),
    )


def _overrides(log: pd.DataFrame | None, rows: Opened) -> tuple[Override, ...]:
    if log is None:
        return ()
    at = np.flatnonzero(rows.case.registry)
    attributes = [attribute.take(at) for attribute in rows.joined.attributes]
    table = by_group(log, rows.firm_id.iloc[at], attributes)
    return tuple(Override.model_validate(row) for row in table.to_dict("records"))


def _notes(rows: Opened, flags: list[Flag]) -> list[str]:
    notes = list(rows.notes)
    if rows.joined.join_rate < 1:
        notes.append(
            f"{1 - rows.joined.join_rate:.1%} of the firms compared are not in the attributes file; "
            "they are reported as unknown."
        )
    tried = {f.input for f in flags if f.remedies}
    names = ", ".join(sorted({f.input for f in flags if f.red} - tried))
    if names:
        notes.append(f"No remedies were tried for: {names}.")
    return notes
