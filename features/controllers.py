"""What the open firms of one controller have together, from which each firm's fellow firms follow.

Summed once for the whole snapshot: a controller's firms lie anywhere in the registry, and a batch of firms
would otherwise need the rows of all their fellows as well.
"""

from __future__ import annotations

from collections.abc import Iterable

import ibis
from ibis import ir

from features.asof import KEYS, Snapshot, is_open
from features.feature import SCALE, Feature, Others, whole_parts

CONTROLLER = ("group_id", "as_of")


def summed(features: Iterable[Feature]) -> dict[str, Feature]:
    """Return what each feature on a controller's other firms sums up, by the feature's name."""
    return {f.name: f.measure.of for f in features if isinstance(f.measure, Others)}


def members(snapshot: Snapshot) -> ibis.Table:
    """Return the open firms of the controllers of several firms on the dates of a spine.

    Returns
    -------
    ibis.Table
        ``firm_key``, ``as_of`` and ``group_id``. Controllers are those of the spine's firms, open or not.
    """
    own = _controlled(snapshot.known("firms"))
    everywhere = snapshot.known_anywhere("firms")
    found = _controlled(everywhere.filter(is_open(everywhere))).semi_join(own, CONTROLLER)
    firms = ibis.union(own, found, distinct=True)
    several = firms.group_by(CONTROLLER).having(firms.count() > 1).agg(n=firms.count())
    return found.semi_join(several, CONTROLLER)


def _controlled(firms: ibis.Table) -> ibis.Table:
    return firms.filter(firms.group_id.notnull()).select(*KEYS, "group_id")


def parts_of(rows: ibis.Table, firms: ibis.Table, features: Iterable[Feature]) -> ibis.Table:
    """Return the whole millionths of features of each of the controllers' firms.

    Parameters
    ----------
    rows : ibis.Table
        The matrix of these features, in doubles.
    firms : ibis.Table
        Of :func:`members`.
    """
    found = {_all(feature): whole_parts(rows[feature.name]) for feature in features}
    return rows.select(*KEYS, **found).join(firms, KEYS).select(*CONTROLLER, *found)


def totals(parts: ibis.Table) -> ibis.Table:
    """Add :func:`parts_of` up by controller and date."""
    names = [name for name in parts.columns if name not in CONTROLLER]
    return parts.group_by(CONTROLLER).agg(**{n: parts[n].sum().cast("int64") for n in names})


def without_itself(rows: ibis.Table, feature: Feature) -> ir.Value:
    """Return the total of a feature over the controller's open firms less the firm itself.

    Parameters
    ----------
    rows : ibis.Table
        With the feature, ``is_open`` and the columns of :func:`totals`, empty where there are no others.
    """
    own = whole_parts(rows.is_open.ifelse(rows[feature.name], 0.0))
    return ((rows[_all(feature)] - own).cast("float64") / SCALE).fill_null(0.0)


def _all(feature: Feature) -> str:
    return f"all_{feature.name}"
