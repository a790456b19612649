"""Every rule of every table breaks for the bad row, for that row alone, and nothing else does.

One registry holds, per table, good rows and one bad row per rule that the schema declares. Each row
has a key of its own, so the report says which rows broke which rule.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.quality import Quality
from features.records import open_records
from features.rules import TOO_LARGE
from features.schema import BY_NAME, TABLES, Column, RecordTable

TODAY = dt.date(2024, 6, 30)
FUTURE = f"in the future (after {TODAY})"
GOOD_DAY, TOO_EARLY, RECORDED = "2020-01-01", "2019-06-01", "2022-01-01"
GOOD_ROWS = 60
Broken = dict[tuple[str, str, str], tuple[str, ...]]


def bad_values(column: Column) -> Iterator[tuple[str, str]]:
    """Yield a value for every rule that a column's declaration implies, with the rule."""
    if column.required:
        yield "", "empty"
    if column.allowed:
        yield "nonsense", f"not one of {', '.join(column.allowed)}"
    if column.kind == "date":
        yield "2020-02-30", "not a date (YYYY-MM-DD)"
        if column.required:
            yield "1850-01-01", "before 1900-01-01"
        else:
            yield "9999-12-31", "a placeholder (year before 1900 or after 2199)"
        if not column.may_be_future:
            yield "2030-01-01", FUTURE
        if column.not_before:
            yield TOO_EARLY, f"before {column.not_before}"
    if column.kind == "number":
        yield "many", "not a finite number"
        if column.minimum is not None:
            yield ("0", "not above 0") if column.positive else ("-1", "below 0")
        if column.whole:
            yield "0.5", "not a whole number"
        top = TOO_LARGE if column.maximum is None else column.maximum
        yield str(3 * top), f"above {top:g}"


def good_cell(column: Column) -> str:
    """Return a value that keeps every rule."""
    if column.name == "recorded_on":
        return RECORDED
    if column.allowed:
        return column.allowed[0]
    if column.kind == "date":
        return GOOD_DAY if column.required or column.name == "registered_on" else ""
    return "1" if column.kind == "number" else "x"


def changes_of(table: RecordTable) -> list[tuple[str, str, str]]:
    """Return (column, bad value, rule) for every rule of a table that a single cell can break."""
    found = [(c.name, value, rule) for c in table.columns for value, rule in bad_values(c)]
    if table.name not in ("firms", "permits", "sources"):
        found.append(("recorded_on", TOO_EARLY, f"before {table.event}"))
    if table.name != "firms" and "firm_id" in table.names:
        found.append(("firm_id", "nobody", "firm is not in table firms"))
    return found


def rows_of(table: RecordTable) -> tuple[list[dict[str, str]], Broken]:
    """Return good and bad rows of a table, and the row that breaks each rule."""
    rows: list[dict[str, str]] = []
    broken: Broken = {}
    for column, value, rule in [("", "", "")] * GOOD_ROWS + changes_of(table):
        row = {c.name: good_cell(c) for c in table.columns}
        if "firm_id" in row:
            row["firm_id"] = f"F{len(rows):03d}"
        row[table.key[0]] = f"F{len(rows):03d}"
        rows.append(row | ({column: value} if column else {}))
        if rule:
            key = rows[-1][table.key[0]] or f"row {len(rows)}"
            broken[table.name, column, rule] = (key,)
    return rows, broken


def also_broken(broken: Broken) -> Broken:
    """Return the rules that a bad row breaks besides its own."""
    more: Broken = {}
    for table in TABLES:
        future = broken.get((table.name, table.event, FUTURE))
        if future and table.name not in ("firms", "permits"):
            more[table.name, "recorded_on", f"before {table.event}"] = future  # known too early
        nameless = broken.get((table.name, "firm_id", "empty"))
        if nameless and table.name != "firms":
            more[table.name, "firm_id", "firm is not in table firms"] = nameless
    return more


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Quality, Broken, Path]:
    """The report on a registry with one bad row per rule, what must break, and the rejected rows."""
    folder = tmp_path_factory.mktemp("rules")
    expected: Broken = {}
    for table in TABLES:
        rows, broken = rows_of(table)
        expected |= broken
        with (folder / f"{table.name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, table.names)
            writer.writeheader()
            writer.writerows(rows)
    with (folder / "firms.csv").open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, BY_NAME["firms"].names)
        spare = {c.name: good_cell(c) for c in BY_NAME["firms"].columns}
        known = len(rows_of(BY_NAME["firms"])[0])
        firm_id_is_empty = next(iter(expected["firms", "firm_id", "empty"])).removeprefix("row ")
        ids = [int(firm_id_is_empty) - 1, *range(known, 200)]
        writer.writerows(spare | {"firm_id": f"F{n:03d}"} for n in ids)
    with open_records(folder, today=TODAY, rejected=folder / "rejected") as records:
        return records.quality, expected, folder / "rejected"


def test_each_bad_row_breaks_its_rule_and_no_good_row_breaks_any(
    checked: tuple[Quality, Broken, Path],
) -> None:
    quality, expected, _ = checked
    found = {(f.table, f.column, f.rule): f.first_ids for f in quality.failures}
    also = also_broken(expected)
    assert set(found) == set(expected)
    for rule, ids in expected.items():
        assert sorted(found[rule]) == sorted((*ids, *also.get(rule, ()))), rule
    assert {f.count for f in quality.failures} == {1, 2}


def test_a_firm_loses_the_cell_and_an_event_its_row(checked: tuple[Quality, Broken, Path]) -> None:
    for failure in checked[0].failures:
        column = BY_NAME[failure.table].column(failure.column)
        placeholder = failure.rule.startswith("a placeholder")
        detail = failure.table == "firms" and not column.required
        assert failure.action == ("cell emptied" if detail or placeholder else "row rejected")
        assert failure.remedy.endswith(".")


def test_rejected_rows_are_counted(checked: tuple[Quality, Broken, Path]) -> None:
    quality, _, _ = checked
    lost = {
        table.name: {i for f in quality.failures
                     if f.table == table.name and f.action == "row rejected" for i in f.first_ids}
        for table in TABLES
    }  # fmt: skip
    for line in quality.tables:
        assert line.n_read - line.n_accepted == len(lost[line.table]), line.table


def test_rejected_files_hold_number_column_rule_and_the_row_as_it_came(
    checked: tuple[Quality, Broken, Path],
) -> None:
    quality, _, rejected = checked
    for table in TABLES:
        with (rejected / f"{table.name}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == ["row", "column", "rule", "action", *table.names]
        assert len(rows) == sum(f.count for f in quality.failures if f.table == table.name)
        with (rejected.parent / f"{table.name}.csv").open(encoding="utf-8") as stream:
            source = list(csv.DictReader(stream))
        for row in rows:
            came = source[int(row["row"]) - 1]
            assert {name: row[name] for name in table.names} == came


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_key_that_occurs_twice(table: RecordTable, tmp_path: Path) -> None:
    """A row with the same key and recorded_on is a copy; with a later recorded_on, a version."""
    row = {c.name: good_cell(c) for c in table.columns}
    later = row | {"recorded_on": "2023-01-01"}
    others = [row | {table.key[0]: f"x{n}"} for n in range(5)]
    firms = [{"firm_id": name} for name in ("x", *(f"x{n}" for n in range(5)))]
    tables = {"firms": firms, "inspections": [], table.name: [row, later, row, *others]}
    for name, rows in tables.items():
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, BY_NAME[name].names)
            writer.writeheader()
            writer.writerows(rows)
    with open_records(tmp_path, today=TODAY) as records:
        (failure,) = records.quality.failures
        kept = records.table(table.name).execute()
    assert (failure.rule, failure.count) == ("key occurs twice on one recorded_on", 1)
    assert failure.column == "+".join(table.key)
    first = kept[kept[table.key[0]] == "x"].sort_values("recorded_on")
    assert first.recorded_on.astype(str).tolist() == [RECORDED, "2023-01-01"]
    assert str(first.superseded_on.iloc[0])[:10] == "2023-01-01"
    assert first.superseded_on.isna().tolist() == [False, True]
