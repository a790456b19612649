"""What the registry states of the firms of a batch, beside the matrix: details, visits drawn, evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import pandas as pd

from features.asof import KEYS, Snapshot
from features.compiled import SPINE, prepared
from features.evidence import recorder, speaking

DETAILS = ("firm_id", "name", "sector", "region", "supervised_by")


@dataclass(frozen=True)
class Particulars:
    """What is on record of the firms of one batch, in the order of its matrix.

    Attributes
    ----------
    details : DataFrame, one row a firm
        ``firm_key``, the columns of `DETAILS` and ``drawn_this_year``, which the yearly ceiling counts.
    evidence : DataFrame, one row a firm
        The matrix with what stands behind its features.
    """

    details: pd.DataFrame
    evidence: pd.DataFrame


def particulars(snapshot: Snapshot) -> Callable[[pd.DataFrame], Particulars]:
    """Return what tells the particulars of one batch of a snapshot's matrix after the other.

    Its queries run over a table that holds the batch, so that they are compiled once: with a batch of
    100,000 firms that would take longer than to run them.
    """
    con = snapshot.records.con
    batch = con.create_table(ibis.util.gen_name("told"), schema=SPINE, temp=True)
    part = snapshot.restrict(batch)
    details, drawn = prepared(part, _details), prepared(part, drawn_this_year)
    recorded = recorder(part, speaking())

    def look(X: pd.DataFrame) -> Particulars:
        con.con.register("incoming", X[list(KEYS)])
        con.con.execute(f"DELETE FROM {batch.get_name()}")
        con.con.execute(f"INSERT INTO {batch.get_name()} SELECT firm_key, as_of FROM incoming")
        con.con.unregister("incoming")
        rows = X[["firm_key"]].merge(details(), on="firm_key", how="left", validate="1:1")
        visits = rows.firm_key.map(drawn().set_index("firm_key").n).fillna(0).astype("int64")
        return Particulars(
            rows.assign(drawn_this_year=visits),
            X.merge(recorded(), on="firm_key", how="left", validate="1:1"),
        )

    return look


def _details(snapshot: Snapshot) -> ibis.Table:
    return snapshot.known("firms").select("firm_key", *DETAILS)


def drawn_this_year(snapshot: Snapshot) -> ibis.Table:
    """Return visits, ``n``, that a random draw led to in the year of the day after the as-of date."""
    visits = snapshot.known("inspections")
    visits = visits.filter(
        visits.selection == "random",
        visits.inclusion_probability.notnull(),
        visits.inspected_on.year() == (visits.as_of + ibis.interval(days=1)).year(),
        visits.inspected_on <= visits.as_of,
    )
    return visits.group_by("firm_key").agg(n=visits.inspection_id.nunique())
