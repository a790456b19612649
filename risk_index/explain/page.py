"""What stands on a firm's page: computed like its row of the ranking, with nobody else's records."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.asof import Snapshot
from models.fitted import FittedModel
from risk_index.authority import Authority
from risk_index.earlier_ranking import show_ranking
from risk_index.errors import UserError
from risk_index.explain.firm_records import FirmRecord, records_of
from risk_index.explain.lowering import Lower, lowering
from risk_index.explain.trials import trials
from risk_index.index import IndexScale
from risk_index.particulars import particulars
from risk_index.ranked_rows import rounded
from risk_index.reasons import OF_OTHERS, Reason, leading, points
from risk_index.scoring import Telling, on_record, scored
from risk_index.texts import Texts
from risk_index.whole_ranking import all_firms

CONTROLLER = OF_OTHERS[1]
WITHHELD = "their records are not shown here"
"""Instead of the fact of a topic that rests on other firms' own records."""


@dataclass(frozen=True)
class FirmPage:
    """The content of one firm's page.

    Attributes
    ----------
    row : dict
        The firm's row of the ranking, as far as it needs no other firm.
    tier : str
        Tier of the ranking that was given; empty without one.
    reasons : list of Reason
        All topics that move the index, by size within those the firm can check or change and the rest.
    start : float
        Points that every firm starts from.
    records : list of FirmRecord
    lower : list of Lower
        What the index would be if single records had ended.
    known : dict
        What is on record, by name.
    """

    row: dict[str, object]
    as_of: dt.date
    model_version: str
    tier: str
    reasons: list[Reason]
    start: float
    average: float
    records: list[FirmRecord]
    lower: list[Lower]
    known: dict[str, bool]
    authority: Authority


def firm_page(
    registry: Snapshot,
    firm_id: str,
    model: FittedModel,
    scale: IndexScale,
    authority: Authority,
    tier: str,
    texts: Texts,
) -> FirmPage:
    """Return the page of a firm of the registry.

    Raises
    ------
    UserError
        Where no open firm has the identifier.
    """
    one = only(registry, firm_id)
    tries = trials(registry, one)
    X = tries.matrix()
    stated = particulars(one)(X)
    told, details = Telling(one.dates[0], stated.evidence, texts), stated.details
    row = rounded(scored(details, X, model, scale, told).rows).iloc[0].to_dict()
    found = points(model, X, scale)
    reasons = leading(found, told.evidence, told.as_of, texts, None)[0]
    records = records_of(one, texts)
    return FirmPage(
        row=row,
        as_of=told.as_of,
        model_version=model.version,
        tier=tier,
        reasons=[_own(reason, texts) for reason in reasons],
        start=found.start,
        average=scale.average_points,
        records=records,
        lower=lowering(tries, model, scale, records),
        known={name: bool(flag.iloc[0]) for name, flag in on_record(details, X).items()},
        authority=authority,
    )


def only(registry: Snapshot, firm_id: str) -> Snapshot:
    """Return the snapshot of one firm.

    Raises
    ------
    UserError
        Where no open firm has the identifier.
    """
    firms = registry.known("firms")
    keys = firms.filter(firms.firm_id == firm_id).firm_key.execute()
    if keys.empty:
        raise UserError(
            f"firms: {firm_id} is no firm that is known, registered and open on {registry.dates[0]}; "
            "check the identifier and the as-of date."
        )
    return registry.restrict(registry.spine.filter(registry.spine.firm_key == int(keys.iloc[0])))


def _own(reason: Reason, texts: Texts) -> Reason:
    if reason.topic != CONTROLLER:
        return reason
    return Reason(reason.topic, texts.say(WITHHELD), reason.points)


def tier_in(ranked: Path, firm_id: str, model_version: str, as_of: dt.date) -> str:
    """Return the tier of a firm in a ranking of the same model and day.

    Raises
    ------
    UserError
        Where the ranking is another, or has no such firm.
    """
    with duckdb.connect() as con:
        show_ranking(con, "found", all_firms(ranked), ("firm_id", "tier", "model_version", "as_of"))
        made = con.execute("SELECT DISTINCT model_version, as_of FROM found").fetchall()
        tiers = con.execute("SELECT tier FROM found WHERE firm_id = ?", [firm_id]).fetchall()
    if made != [(model_version, as_of.isoformat())]:
        raise UserError(
            f"{ranked} was not ranked by model {model_version} as of {as_of}: "
            "name the ranking of the same fit and day, or leave --ranked out"
        )
    if not tiers:
        raise UserError(f"{ranked} has no firm {firm_id}")
    return str(tiers[0][0])
