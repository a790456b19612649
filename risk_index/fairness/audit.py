"""The fairness audit of a fit: rows, legs, remedies, manipulation, outcomes, gate; written whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.fitted import FittedModel
from risk_index.card import card_after_audit
from risk_index.errors import UserError
from risk_index.fairness.attributes import group_of, known, levels, read_attributes
from risk_index.fairness.case import Case
from risk_index.fairness.config import FairnessConfig, Thresholds, load_fairness
from risk_index.fairness.counterfactuals import Remedies
from risk_index.fairness.evidence import Attribute, contrasts
from risk_index.fairness.findings import (
    Audit,
    AuditedColumn,
    Burden,
    Direct,
    Moves,
    Outcome,
    Override,
)
from risk_index.fairness.flags import Flag, in_order
from risk_index.fairness.gate import Gate, gate, read_waivers
from risk_index.fairness.groups import outcomes
from risk_index.fairness.ledger import account, read_ledger, write_ledger
from risk_index.fairness.looking import Rules, looked, untried
from risk_index.fairness.opening import Opened, fitted, opened, settings_of_fit
from risk_index.fairness.overrides import by_group, counted, read_overrides
from risk_index.fairness.writing import write_audit
from risk_index.pipeline import Say, Source
from risk_index.whole_folder import whole_folder

LEDGER = "ledger.json"


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
        rules = Rules(config, limits, spent, waivers, asked.today or dt.date.today())
        found = _found(rows, model, rules, log, say)
        say("drawing and writing")
        write_audit(found, config, fresh)
        if ledger.parent.resolve() == out.resolve():
            write_ledger(fresh / ledger.name, spent.entries)
    if ledger.parent.resolve() != out.resolve():
        write_ledger(ledger, spent.entries)
    _on_the_card(run, out, say)
    return found


def _on_the_card(run: Path, out: Path, say: Say) -> None:
    """Write the verdicts on the fit's card; an audit stands where that cannot be done."""
    try:
        card_after_audit(run, out)
    except (UserError, OSError) as error:
        say(f"the card of the fit stays without the audit: {error}")


def gate_of(found: Audit) -> Gate:
    """Return the gate that an audit left open or closed."""
    return Gate(found.stops, found.waived, found.lapsed, found.unused_waivers)


def _found(
    rows: Opened, model: FittedModel, rules: Rules, log: pd.DataFrame | None, say: Say
) -> Audit:
    """Put the audit together and close or open its gate."""
    case, seen = rows.case, looked(rows, model, rules, say)
    as_of = dt.date.fromisoformat(model.meta["as_of"])
    overrides, more = _overrides(log, rows, as_of)
    say("outcomes by group on random draws")
    measured = outcomes(case, model, seen.audited, rules.limits)
    shut = gate(seen.flags, rules.waivers, rules.today)
    flags = _signed(seen.flags, shut)
    return Audit(
        model_version=model.version,
        as_of=as_of,
        **_counts(rows, rules),
        attributes=tuple(_column(a, case, rules.config, rules.limits) for a in seen.audited),
        direct=tuple(Direct.of(use) for use in seen.direct),
        n_tests=seen.n_tests,
        flags=in_order(flags),
        looks=tuple(seen.looks),
        burdens=tuple(_burdens(seen.audited, seen.remedies, rules.limits)),
        outcomes=tuple(Outcome.model_validate(row) for row in measured.to_dict("records")),
        manipulation=tuple(Moves.of(attack) for attack in seen.attacks),
        overrides=overrides,
        waived=shut.waived,
        lapsed=shut.lapsed,
        unused_waivers=shut.unused,
        stops=shut.stops,
        passed=shut.passed,
        notes=(*_notes(rows, flags), *more),
    )


def _signed(flags: Iterable[Flag], shut: Gate) -> list[Flag]:
    """Return the flags with the waivers that hold for them."""
    signed = {(w.input, w.attribute): w for w in shut.waived}
    return [
        flag.model_copy(update={"waiver": signed.get((flag.input, flag.attribute))})
        for flag in flags
    ]


def _counts(rows: Opened, rules: Rules) -> dict[str, Any]:
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


def _overrides(
    log: pd.DataFrame | None, rows: Opened, as_of: dt.date
) -> tuple[tuple[Override, ...], list[str]]:
    """Return overrides by group, and notes on those that are not counted."""
    if log is None:
        return (), []
    at = np.flatnonzero(rows.case.registry)
    attributes = [attribute.take(at) for attribute in rows.joined.attributes]
    firm_id = rows.firm_id.iloc[at]
    held, notes = counted(log, firm_id, as_of)
    table = by_group(held, firm_id, attributes)
    return tuple(Override.model_validate(row) for row in table.to_dict("records")), notes


def _notes(rows: Opened, flags: list[Flag]) -> list[str]:
    notes = list(rows.notes)
    if rows.joined.join_rate < 1:
        notes.append(
            f"{1 - rows.joined.join_rate:.1%} of the firms compared are not in the attributes file; "
            "they are reported as unknown."
        )
    if names := untried(flags):
        notes.append(f"No remedies were tried for: {'; '.join(names)}.")
    return notes
