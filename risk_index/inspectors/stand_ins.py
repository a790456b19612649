"""Stand-ins for inspectors who cannot come: the next in the random order of that visit, each logged.

The order is that of the visit's keys among its realised eligible set, so nobody chooses. Who makes their
max_visits already is passed over. Loads are not levelled anew. The log is a hash chain that begins with the
hash of ``schedule.json``.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from risk_index.errors import UserError
from risk_index.inspectors.duties import Duties, duties_of, has_room
from risk_index.inspectors.errors import PoolError
from risk_index.inspectors.facts import read_facts
from risk_index.inspectors.keys import in_order
from risk_index.inspectors.logs import (
    STAND_INS,
    StandIn,
    last_sha256,
    late_visits_of,
    stand_ins_of,
    write_log,
)
from risk_index.inspectors.replaced import replacements_of
from risk_index.inspectors.seed import seed_of
from risk_index.ranked_rows import defused


def send_next(
    folder: Path, firm_id: str, inspector_id: str, reason: str, person: str, day: dt.date
) -> StandIn:
    """Take the next inspector of a visit for one who cannot come, and log it.

    Raises
    ------
    PoolError
        Where the visit's eligible set is used up.
    UserError
        Where the files were altered, the inspector is not to make that visit, or a word is missing.
    """
    for what, text in (("reason", reason), ("person", person)):
        _refuse_unfit(what, text)
    seed = seed_of(folder)
    facts = read_facts(folder, seed)
    log = stand_ins_of(folder)
    duties = duties_of(folder, late_visits_of(folder), log, replacements_of(folder))
    duties.check(firm_id)
    if inspector_id not in (now := duties.now(firm_id)):
        raise UserError(f"{inspector_id} is not to visit {firm_id}: {', '.join(now)} are.")
    following = _next(seed, firm_id, duties, facts.max_visits)
    words = (reason.strip(), person.strip(), following, last_sha256(folder, log))
    entry = StandIn(len(log) + 1, day.isoformat(), firm_id, inspector_id, *words)
    write_log(folder / STAND_INS, [*log, entry])
    return entry


def _next(seed: bytes, firm_id: str, duties: Duties, most: dict[str, int | None]) -> str:
    """Return the next of the random order who was not sent and may make one visit more."""
    able, sent = duties.eligible[firm_id], duties.sent[firm_id]
    left = [one for one in in_order(seed, firm_id, able) if one not in sent]
    free = has_room(left, most, duties.loads)
    if not free:
        raise PoolError(
            f"firm {firm_id}: of {len(able)} eligible inspectors {len(sent)} were sent or could not come, "
            f"{len(left)} make their max_visits; 1 is needed, 0 are left: leave the visit to the next round, "
            "or replace the firm."
        )
    return free[0]


def _refuse_unfit(what: str, text: str) -> None:
    if not text.strip() or not text.isprintable():
        raise UserError(f"the {what} must be stated in one line of text, not {text!r}")
    if defused(text.strip()) != text.strip():
        raise UserError(
            f"the {what} {text!r} would be a formula in a spreadsheet: begin it with a letter or a digit."
        )
