"""How a matrix is put together: one expression over the records, the facts and the spine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
from ibis import ir

from features.asof import KEYS, Snapshot
from features.catalogue import with_parents
from features.controllers import CONTROLLER, parts_of, summed, totals, without_itself
from features.feature import SCALE, Fact, Feature, Others, Peers, Ratio, aggregate, whole_parts
from features.inspections import visits_seen
from features.irregularities import irregularities_standing
from features.listings import listings_standing
from features.penalties import penalties_in_force
from features.permits import permits_seen
from features.profile import changes_seen, firm_facts
from features.ratings import ratings_read
from features.reporting import with_exposure
from features.shrinkage import own_counts, region_rate, sector_rates, without_own

EVENTS: dict[str, Callable[[Snapshot], ibis.Table]] = {
    "firms": changes_seen,
    "penalties": penalties_in_force,
    "irregularities": irregularities_standing,
    "listings": listings_standing,
    "inspections": visits_seen,
}


@dataclass(frozen=True)
class Facts:
    """What is learnt once for all rows from the whole population.

    Attributes
    ----------
    groups : mapping
        "sector" and "region" -> one row per (as_of, group): hazard class, rates, counts of outcomes.
    paths : mapping
        "sector" and "region" -> the parts of every group's path.
    levels : mapping
        "sector" and "region" -> levels of the longest path.
    curves : ibis.Table
        Curves of the rating schemes.
    required : ibis.Table
        Kinds of permit that sectors require.
    controllers : ibis.Table, optional
        What the open firms of one controller have together, :func:`features.controllers.totals`; None
        where no feature asks for it.
    """

    groups: Mapping[str, ibis.Table]
    paths: Mapping[str, ibis.Table]
    levels: Mapping[str, tuple[int, ...]]
    curves: ibis.Table
    required: ibis.Table
    controllers: ibis.Table | None = None

    @property
    def tables(self) -> dict[str, ibis.Table]:
        """All tables, each by a name of its own."""
        found = {f"groups_{kind}": table for kind, table in self.groups.items()}
        found |= {f"paths_{kind}": table for kind, table in self.paths.items()}
        found |= {"curves": self.curves, "required": self.required}
        return found if self.controllers is None else found | {"controllers": self.controllers}

    @classmethod
    def of(cls, levels: Mapping[str, tuple[int, ...]], tables: Mapping[str, ibis.Table]) -> Facts:
        """Return the facts whose levels and :attr:`tables` these are."""
        groups, paths = ({k: tables[f"{part}_{k}"] for k in levels} for part in ("groups", "paths"))
        curves, required = tables["curves"], tables["required"]
        return cls(groups, paths, levels, curves, required, tables.get("controllers"))


def assembled(
    snapshot: Snapshot, features: tuple[Feature, ...], facts: Facts, kind: str = "float32"
) -> ibis.Table:
    """Return the matrix as one Ibis expression over the records, its numbers of the type `kind`."""
    needed = with_parents(features)
    wanted = [f for f in needed if _aggregates(f)]
    rows = firm_facts(snapshot)
    # one chain of joins: nested ones take longer to compile and to plan the deeper they are
    for name, (table, keys) in _beside(rows, snapshot, wanted, facts).items():
        rows = rows.left_join(table, keys, rname=f"of_{name}_{{name}}")
    rows = _with_rates(without_own(rows), facts)
    rows = rows.mutate(
        **{f.name: _filled(f, rows[f.name]) for f in wanted},
        **{
            f.name: _filled(f, rows[f.measure.column])
            for f in needed
            if isinstance(f.measure, Fact)
        },
    )
    rows = rows.mutate(**{name: without_itself(rows, of) for name, of in summed(needed).items()})
    rows = _with_derived(rows, [f for f in needed if isinstance(f.measure, Ratio | Peers)])
    return rows.select(*KEYS, **{f.name: rows[f.name].cast(kind) for f in features})


def with_controllers(
    snapshot: Snapshot, features: Iterable[Feature], facts: Facts, firms: ibis.Table
) -> Facts:
    """Return the facts with what the firms of each controller have together, as an expression.

    Parameters
    ----------
    features : iterable of Feature
        What the facts are for.
    firms : ibis.Table
        Of :func:`features.controllers.members`.
    """
    of = every_sum(features)
    rows = assembled(snapshot.restrict(firms.select(*KEYS)), of, facts, "float64")
    return replace(facts, controllers=totals(parts_of(rows, firms, of)))


def every_sum(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return what has to be added up over a controller's firms for some features, each once."""
    return tuple(dict.fromkeys(summed(with_parents(features)).values()))


def ordered(
    snapshot: Snapshot,
    features: tuple[Feature, ...],
    levels: Mapping[str, tuple[int, ...]],
    kind: str = "float32",
    **tables: ibis.Table,
) -> ibis.Table:
    """Return :func:`assembled` with :meth:`Facts.of`, sorted by date and firm."""
    return in_order(assembled(snapshot, features, Facts.of(levels, tables), kind))


def in_order(table: ibis.Table) -> ibis.Table:
    """Sort a matrix by date and firm."""
    return table.order_by(["as_of", "firm_key"])


def _aggregates(feature: Feature) -> bool:
    return not isinstance(feature.measure, Fact | Others | Ratio | Peers)


def _beside(
    rows: ibis.Table, snapshot: Snapshot, wanted: list[Feature], facts: Facts
) -> dict[str, tuple[ibis.Table, Sequence[str]]]:
    """Return what is joined to the firms: facts of their groups, sums of their events; with the keys."""
    found: dict[str, tuple[ibis.Table, Sequence[str]]] = {}
    for kind, table in facts.groups.items():
        own = own_counts(rows, snapshot, kind, facts.paths[kind], facts.levels[kind])
        found |= {f"groups_{kind}": (table, ["as_of", kind]), f"own_{kind}": (own, KEYS)}
    events = EVENTS | {
        "permits": lambda seen: permits_seen(seen, facts.required),
        "ratings": lambda seen: ratings_read(seen, facts.curves),
    }
    for name, of in events.items():
        if features := [f for f in wanted if f.table == name]:
            seen = of(snapshot)
            sums = {f.name: aggregate(f, seen) for f in features}
            found[name] = seen.group_by(list(KEYS)).aggregate(**sums), KEYS
    if facts.controllers is not None:
        found["controllers"] = facts.controllers, CONTROLLER
    return found


def _with_rates(rows: ibis.Table, facts: Facts) -> ibis.Table:
    rates = sector_rates(rows, facts.levels["sector"])
    rates["region_rate"] = region_rate(rows, facts.levels["region"])
    return with_exposure(rows.mutate(**rates))


def _filled(feature: Feature, value: ir.Value) -> ir.Value:
    return value.cast("float64").fill_null(feature.if_none)


def _with_derived(rows: ibis.Table, features: list[Feature]) -> ibis.Table:
    """Add features that are made from others, as many at a time as their parents allow."""
    while features:
        there = set(rows.columns)
        now = [f for f in features if all(parent.name in there for parent in f.parents)]
        rows = rows.mutate(**{f.name: _derived(rows, f) for f in now})
        features = [f for f in features if f not in now]
    return rows


def _derived(rows: ibis.Table, feature: Feature) -> ir.Value:
    if isinstance(feature.measure, Peers):
        return _of_peers(rows, feature.measure)
    return _ratio(rows, feature)


def _of_peers(rows: ibis.Table, measure: Peers) -> ir.Value:
    """Return whole millionths, so that a firm's own event leaves no trace in the last digit."""
    own = rows[measure.own.name] * rows[measure.pull.name]
    left = (rows[measure.rate.name] - own).clip(lower=0.0)
    return whole_parts(left).cast("float64") / SCALE


def _ratio(rows: ibis.Table, feature: Feature) -> ir.Value:
    measure = feature.measure
    assert isinstance(measure, Ratio)
    top, bottom = rows[measure.of.name], rows[measure.over.name]
    if measure.prior is not None:
        prior, bottom = rows[measure.prior.name], bottom + measure.strength
        steadied = (top + measure.strength * prior) / bottom
        return (steadied - prior).clip(lower=0.0) if measure.above else steadied
    return (bottom > 0).ifelse(top / bottom, feature.if_none)
