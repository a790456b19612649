"""The rules that a record must keep, derived from the schema, and which of them a table breaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import ibis
from ibis import ir
from ibis.backends.duckdb import Backend

from features.failures import Action
from features.schema import FIRMS, PERMITS, Column, RecordTable

TOO_LARGE = 1e15
"""No amount of money, harm or number of employees is larger; such cells are slips of a keyboard."""


@dataclass(frozen=True)
class Rule:
    """A rule on one column: which rows keep it, what happens to the others and what to do."""

    column: str
    text: str
    remedy: str
    action: Action
    keeps: Callable[[ibis.Table], ir.BooleanValue]


def unreadable(column: str) -> str:
    """Name of the flag that marks cells which are not of the column's type."""
    return f"{column}__unreadable"


def placeholder(column: str) -> str:
    """Name of the flag that marks optional dates such as 0001-01-01 or 9999-12-31."""
    return f"{column}__placeholder"


def rules_of(table: RecordTable, columns: set[str], today: dt.date) -> Iterator[Rule]:
    """Yield the rules of the columns that are there."""
    for column in table.columns:
        if column.name in columns:
            yield from _column_rules(table, column, columns, today)
    if table is FIRMS:
        yield from _identity_rules()
    elif "firm_key" in columns:
        yield Rule(
            "firm_id",
            "firm is not in table firms",
            "Add the firm, or drop the record.",
            "row rejected",
            lambda t: t.firm_key.notnull(),
        )
    if table is PERMITS and {"status", "status_changed_on"} <= columns:
        yield _dated_status()
    yield Rule(
        "+".join(table.key),
        "key occurs twice on one recorded_on",
        "Keep one row, or give the later version its own recorded_on.",
        "row rejected",
        lambda t: t.copy_no == 1,
    )


def _dated_status() -> Rule:
    """Return the rule that an end needs a day, or a record later than the day of issue."""
    return Rule(
        "status",
        "says that the permit ended, and no day tells when",
        "Fill status_changed_on, or recorded_on of the version that brought the status.",
        "cell emptied",
        lambda t: (
            _or_empty(t.status == "valid")
            | t.status_changed_on.notnull()
            | (t.recorded_on > t.issued_on).fill_null(True)
        ),
    )


def _column_rules(
    table: RecordTable, column: Column, columns: set[str], today: dt.date
) -> Iterator[Rule]:
    name = column.name
    action: Action = (
        "cell emptied" if table is FIRMS and not column.required else "row rejected"
    )  # a firm is never lost for a secondary detail
    kinds = {"date": "a date (YYYY-MM-DD)", "number": "a finite number", "text": "text"}
    yield Rule(
        name,
        f"not {kinds[column.kind]}",
        f"Write {kinds[column.kind]} or leave it empty.",
        action,
        lambda t: ~t[unreadable(name)],
    )
    yield from _cell_rules(column, action)
    if column.kind == "number":
        yield from _number_rules(column, action)
    if column.kind == "date":
        yield from _date_rules(column, today, action)
        yield from _order_rules(table, column, columns, action)


def _cell_rules(column: Column, action: Action) -> Iterator[Rule]:
    """Yield the rules of what must be filled, and of what may be filled with some words only."""
    name = column.name
    if column.required:
        yield Rule(
            name,
            "empty",
            "Fill the cell.",
            action,
            lambda t: t[name].notnull() | t[unreadable(name)],
        )
    if column.allowed:
        listed = ", ".join(column.allowed)
        yield Rule(
            name,
            f"not one of {listed}",
            "Translate the value in the mapping.",
            action,
            lambda t: _or_empty(t[name].isin(column.allowed)),
        )


def _number_rules(column: Column, action: Action) -> Iterator[Rule]:
    name, low, high = column.name, column.minimum, column.maximum
    if low is not None:
        yield Rule(
            name,
            f"not above {low:g}" if column.positive else f"below {low:g}",
            "Correct the amount or leave it empty.",
            action,
            lambda t: _or_empty(t[name] > low if column.positive else t[name] >= low),
        )
    if column.whole:
        yield Rule(
            name,
            "not a whole number",
            "Correct the number.",
            action,
            lambda t: _or_empty(t[name] == t[name].floor()),
        )
    top = TOO_LARGE if high is None else high
    yield Rule(
        name,
        f"above {top:g}",
        "Correct the number; check its unit.",
        action,
        lambda t: _or_empty(t[name] <= top),
    )


def _date_rules(column: Column, today: dt.date, action: Action) -> Iterator[Rule]:
    name = column.name
    if not column.may_be_future:
        yield Rule(
            name,
            f"in the future (after {today})",
            "Correct the date.",
            action,
            lambda t: _or_empty(t[name] <= ibis.date(today)),
        )
    if column.required:
        yield Rule(
            name,
            "before 1900-01-01",
            "Correct the date.",
            action,
            lambda t: _or_empty(t[name] >= ibis.date("1900-01-01")),
        )
    else:
        yield Rule(
            name,
            "a placeholder (year before 1900 or after 2199)",
            "Leave the cell empty.",
            "cell emptied",
            lambda t: ~t[placeholder(name)],
        )


def _order_rules(
    table: RecordTable, column: Column, columns: set[str], action: Action
) -> Iterator[Rule]:
    """Yield the rules of what comes before what."""
    name, earlier = column.name, column.not_before
    if earlier and earlier in columns:
        yield Rule(
            name,
            f"before {earlier}",
            f"Correct {name} or {earlier}.",
            action,
            lambda t: _or_empty(t[name] >= t[earlier]),
        )
    if name == "recorded_on" and table.name not in ("firms", "permits") and table.event:
        yield Rule(
            name,
            f"before {table.event}",
            "A fact is known when it has happened, not before.",
            action,
            lambda t: _or_empty(t.recorded_on >= t[table.event]),
        )


def _identity_rules() -> Iterator[Rule]:
    yield Rule(
        "firm_id",
        "a citizen's identity number",
        "Persons are never scored: drop the row.",
        "row rejected",
        lambda t: ~t.is_person,
    )
    yield Rule(
        "firm_id",
        "wrong check character of the unified social credit code (GB 32100)",
        "Correct the code.",
        "row rejected",
        lambda t: ~t.wrong_code,
    )
    yield Rule(
        "firm_id",
        "wrong inner check character of the credit code (GB 11714)",
        "Check the code; codes in use have it.",
        "noted",
        lambda t: ~t.wrong_inner_code,
    )


def _or_empty(holds: ir.BooleanValue) -> ir.BooleanValue:
    return holds.fill_null(True)


def broken_rules(con: Backend, typed: ibis.Table, table: RecordTable, today: dt.date) -> list[Rule]:
    """Return the rules of a typed table that at least one row breaks; all are asked in one pass."""
    rules, asked = _asked(typed.get_name(), typed.schema(), table, today)
    (found,) = con.con.execute(asked).fetchall()
    return [rule for rule, broken in zip(rules, found, strict=True) if broken]


@lru_cache(maxsize=64)
def _asked(
    name: str, columns: ibis.Schema, table: RecordTable, today: dt.date
) -> tuple[tuple[Rule, ...], str]:
    """Return the rules and the query that asks for them, which takes longer to make than to run."""
    typed, rules = ibis.table(columns, name=name), tuple(rules_of(table, set(columns), today))
    broken = {str(number): (~rule.keeps(typed)).any() for number, rule in enumerate(rules)}
    return rules, str(ibis.to_sql(typed.aggregate(**broken), dialect="duckdb", pretty=False))
