"""One sentence on what stands behind a feature: what is on record of the firm, and since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from features.evidence import JUDGED, VIOLATED, Evidence, Kind, evidence, kind_of
from features.feature import Decayed, Feature, Largest, Ratio, Total
from risk_index.nouns import NOUNS, SINCE, UNDATED, UNTIL
from risk_index.texts import Texts

Value = Callable[[str], float]
"""Reads a firm's row of the matrix by the name of a feature."""
SPOKEN = {
    "not known": "{what} not known",
    "class 1-5": "{what} {value} of 5",
    "harm units": "{what} {value} harm units",
    "times": "{what} {value} times",
}
"""How a number is told, by its unit; others stand as they are."""
PLAIN = "{what} {value}"
REGISTERED = "registered on {day}"
IN = "{fact} in {whole}"
HARM = "harm of {harm} units in {fact}"
DATED = {
    "since": "{fact} since {first}",
    "on": "{fact} on {last}",
    "between": "{fact} from {first} to {last}",
    "until": "{fact}, the next to end on {last}",
}
YES, NO = "yes", "no"


def reads(feature: Feature) -> tuple[str, ...]:
    """Return the columns that :func:`fact` may read of a firm's row."""
    kind = kind_of(feature)
    kinds = [] if kind is None else [kind]
    if kind is not None and kind.where == VIOLATED:
        kinds.append(Kind(kind.table, JUDGED, kind.within_days))
    counted = [part.name for of in kinds for part in of.features]
    harm = ["harm_seen"] if _about_harm(feature) else []
    return tuple(dict.fromkeys([feature.name, *counted, *harm]))


def fact(feature: Feature, value: Value, as_of: dt.date, texts: Texts) -> str:
    """Return a sentence on a firm: the events that a feature counts with their days, or its number.

    Parameters
    ----------
    feature : Feature
        Feature that a model reads.
    value : callable
        The firm's values by name, those of `features.evidence` among them.
    """
    kind = kind_of(feature)
    if kind is None:
        return number(feature, value(feature.name), as_of, texts)
    found = evidence(kind, value, as_of)
    if "visit_no" in dict(kind.where):
        return _of_one_visit(feature, value(feature.name), found, texts)
    if feature.table == "ratings" and found.count:
        said = number(feature, value(feature.name), as_of, texts)
        return texts.say(DATED["on"], fact=said, last=found.last)
    if kind.where == VIOLATED:
        return _of_violations(kind, found, value, as_of, texts)
    noun = NOUNS[kind]
    if not found.count:
        return texts.say(noun.none)
    said = texts.count(noun.one, noun.many, found.count)
    if _about_harm(feature):
        said = texts.say(HARM, harm=_shown(value("harm_seen")), fact=said)
    return _dated(said, noun.days, found, texts)


def _of_violations(kind: Kind, found: Evidence, value: Value, as_of: dt.date, texts: Texts) -> str:
    """Return how many violations were found in how many inspections."""
    judged = Kind(kind.table, JUDGED, kind.within_days)
    seen = evidence(judged, value, as_of)
    of, noun = NOUNS[judged], NOUNS[kind]
    if not seen.count:
        return texts.say(of.none)
    hits = texts.count(noun.one, noun.many, found.count) if found.count else texts.say(noun.none)
    said = texts.say(IN, fact=hits, whole=texts.count(of.one, of.many, seen.count))
    return _dated(said, of.days, found if found.count else seen, texts)


def number(feature: Feature, value: float, as_of: dt.date, texts: Texts) -> str:
    """Return a feature's number in words."""
    what = texts.say(feature.title)
    if value != value:
        return texts.say(SPOKEN["not known"], what=what)
    if feature.name == "firm_age_days":
        return texts.say(REGISTERED, day=as_of - dt.timedelta(days=int(value)))
    share = feature.unit in ("rate", "share") and feature.table != "penalties"
    shown = f"{value:.1%}" if share else _shown(value)
    return texts.say(SPOKEN.get(feature.unit, PLAIN), what=what, value=shown)


def _dated(said: str, days: str, found: Evidence, texts: Texts) -> str:
    """Add the days of events to what is said of them."""
    if days == UNDATED or found.last is None:
        return said
    if days not in (SINCE, UNTIL):
        days = "on" if found.first == found.last else "between"
    return texts.say(DATED[days], fact=said, first=found.first, last=found.last)


def _of_one_visit(feature: Feature, value: float, found: Evidence, texts: Texts) -> str:
    what = texts.say(feature.title)
    if value != value or not found.count:
        return texts.say(SPOKEN["not known"], what=what)
    shown = texts.say(YES if value else NO) if feature.unit == "0/1" else _shown(value)
    said = texts.say(PLAIN, what=what, value=shown)
    return texts.say(DATED["on"], fact=said, last=found.last)


def _about_harm(feature: Feature) -> bool:
    """Tell whether a feature weighs its inspections by what harm they recorded."""
    measure = feature.measure
    if isinstance(measure, Ratio):
        return _about_harm(measure.of)
    return isinstance(measure, Total | Decayed | Largest) and measure.column.startswith("harm")


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"
