"""Whose past the models learn from: everybody's, or that of controllers drawn by hash where it is too much.

A draw of whole controllers leaves every share and rate what it was, and no firm's fellows apart.
"""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd

from features.asof import known_by
from features.records import Records

DIGITS = 16
"""Hexadecimal digits of a name's SHA-256 that make its number."""


def controllers(records: Records, as_of: dt.date, among: ibis.Table | None = None) -> pd.DataFrame:
    """Return each firm's controller, as known on a day, as a number: a hash of the group or firm.

    The number depends on the names alone, so that firms known later move no firm to another fold.

    Parameters
    ----------
    among : ibis.Table, optional
        Firms that are asked for, by ``firm_key``; all by default.
    """
    firms = _hashed(records, as_of)
    if among is not None:
        firms = firms.semi_join(among, "firm_key")
    found = firms.execute()
    numbers = np.array([int(digits, 16) >> 1 for digits in found.digits], np.int64)
    return pd.DataFrame({"firm_key": found.firm_key, "controller": numbers})


def drawn(records: Records, as_of: dt.date, share: float) -> ibis.Table:
    """Return the firms, as ``firm_key``, of controllers that a share of all is drawn from by hash.

    A larger share holds every firm of a smaller one, on any day.

    Parameters
    ----------
    share : float
        Above 0 and below 1.
    """
    firms = _hashed(records, as_of)
    limit = f"{int(share * 16**DIGITS):0{DIGITS}x}"
    chosen = firms.filter(firms.digits < limit).select("firm_key").order_by("firm_key")
    return records.con.create_table(ibis.util.gen_name("learners"), chosen)


def _hashed(records: Records, as_of: dt.date) -> ibis.Table:
    """Return every firm with the first hexadecimal digits of its controller's hash."""
    firms = records.table("firms")
    known = firms.filter(known_by(firms, ibis.date(as_of)))
    name = ibis.coalesce(
        ibis.literal("group ") + known.group_id, ibis.literal("firm ") + known.firm_id
    )
    return known.select("firm_key", digits=name.hexdigest("sha256").left(DIGITS))
