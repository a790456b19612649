"""`check --keep`: the accepted records stay, and other commands open them without another check."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features import begun
from features.begun import Begun
from features.checking import Check
from features.extract import read_folder
from features.quality import Quality
from features.records import open_records
from features.schema import TABLES, RecordTable
from features.stored import MARK, REGISTRY, store
from risk_index import pipeline
from risk_index.cli import main
from risk_index.release.experiments import changed

GOLDEN = Path(__file__).parents[1] / "golden"
AS_OF = "2026-06-30"


def called(*words: object) -> Result:
    """Call the command line."""
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden records, one of them with a fault, checked and kept."""
    folder = tmp_path_factory.mktemp("kept")
    made = called("check", GOLDEN / "records", "--out", folder / "checked", "--keep")
    assert made.exit_code == 0, made.output
    return folder / "checked"


def test_the_ranking_is_that_of_the_records(kept: Path, tmp_path: Path) -> None:
    for records, name in ((kept, "kept.csv"), (GOLDEN / "records", "read.csv")):
        found = called(
            "rank", records, "--as-of", AS_OF, "--model", GOLDEN / "run", "--out", tmp_path / name
        )
        assert found.exit_code == 0, found.output
    assert (tmp_path / "kept.csv").read_bytes() == (tmp_path / "read.csv").read_bytes()


def test_the_report_and_what_was_rejected_come_with_them(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    firms = pd.DataFrame(
        {"firm_id": ["a", "b", "c", "d", "d"], "registered_on": ["2020-01-01"] * 5}
    )
    firms.loc[3, "registered_on"] = "soon"
    firms.to_csv(records / "firms.csv", index=False)
    pd.DataFrame({"firm_id": ["a"], "inspection_id": ["1"], "inspected_on": ["2025-01-01"],
                  "violation": [0]}).to_csv(records / "inspections.csv", index=False)  # fmt: skip
    assert called("check", records, "--out", tmp_path / "kept", "--keep").exit_code == 0
    assert called("check", tmp_path / "kept", "--out", tmp_path / "again").exit_code == 0
    one, two = (tmp_path / name for name in ("kept", "again"))
    assert (one / "quality.json").read_bytes() == (two / "quality.json").read_bytes()
    assert list((one / "rejected").iterdir())
    for file in (one / "rejected").iterdir():
        assert file.read_bytes() == (two / "rejected" / file.name).read_bytes()


def test_tables_lie_in_the_order_of_the_firms(kept: Path) -> None:
    for name in ("firms", "permits", "penalties", "inspections"):
        keys = pd.read_parquet(kept / REGISTRY / f"{name}.parquet").firm_key
        assert keys.is_monotonic_increasing
        assert keys.dtype == "int32"


def test_a_trial_changes_a_table_and_leaves_it_as_it_was(kept: Path) -> None:
    with open_records(kept) as records:
        before = records.table("penalties").count().execute()
        with changed(records, "penalties", "FROM whole LIMIT 1"):
            assert records.table("penalties").count().execute() == 1
        assert records.table("penalties").count().execute() == before > 1


def test_what_was_kept_can_be_kept_elsewhere(kept: Path, tmp_path: Path) -> None:
    assert called("check", kept, "--out", tmp_path / "again", "--keep").exit_code == 0
    with open_records(tmp_path / "again") as found, open_records(kept) as there:
        assert found.quality == there.quality
        assert found.n_firms == there.n_firms > 0


def test_a_refused_check_keeps_no_part_of_a_registry(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    pd.DataFrame({"firm_id": ["a"]}).to_csv(records / "firms.csv", index=False)
    rows = {"firm_id": ["a"], "inspection_id": ["1"], "inspected_on": ["soon"], "violation": [0]}
    pd.DataFrame(rows).to_csv(records / "inspections.csv", index=False)  # all its rows are rejected
    assert called("check", records, "--out", tmp_path / "out", "--keep").exit_code == 1
    assert (tmp_path / "out" / "quality.json").is_file()
    assert not (tmp_path / "out" / REGISTRY).exists()


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden records, penalties and permits with rows that are rejected."""
    records = tmp_path_factory.mktemp("faulty") / "records"
    shutil.copytree(GOLDEN / "records", records)
    for name, column in (("penalties", "decided_on"), ("permits", "granted_on")):
        file = next(records.glob(f"{name}.*"))
        rows = pd.read_csv(file, dtype=str)
        rows.loc[rows.index[::7], column] = "soon"
        rows.to_csv(file, index=False)
    return records


@pytest.fixture(scope="module")
def at_once(faulty: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a check of these records keeps that nothing broke off."""
    out = tmp_path_factory.mktemp("at_once") / "out"
    assert called("check", faulty, "--out", out, "--keep").exit_code == 0
    return contents(out)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()
    }


@pytest.mark.parametrize("table", ["firms", "penalties", TABLES[-1].name])
def test_a_check_that_was_broken_off_goes_on(
    faulty: Path,
    at_once: dict[str, bytes],
    tmp_path: Path,
    table: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed while a table is stored, it checks none of those before it again, to the same files."""
    out, before = (
        tmp_path / "out",
        [t.name for t in TABLES][: [t.name for t in TABLES].index(table)],
    )
    checked: list[str] = []
    whole = Check._checked

    def noting(self: Check, of: RecordTable) -> Quality:
        checked.append(of.name)
        return whole(self, of)

    def killed(con: object, name: str, folder: Path) -> None:
        if name == table:
            (folder / f"{name}.parquet").write_bytes(b"half of it")
            raise KeyboardInterrupt
        store(con, name, folder)

    monkeypatch.setattr(Check, "_checked", noting)
    with monkeypatch.context() as dying:
        dying.setattr(begun, "store", killed)
        with pytest.raises(KeyboardInterrupt):
            pipeline.check(pipeline.Source(faulty), out, keep=True)
    assert checked == [*before, table]
    assert not out.exists()
    checked.clear()
    assert "going on" in called("check", faulty, "--out", out, "--keep").output
    assert checked == [t.name for t in TABLES][len(before) :]
    assert contents(out) == at_once
    assert not (tmp_path / "out.checking").exists()


def test_a_broken_off_check_of_other_records_begins_anew(
    faulty: Path, at_once: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, out = tmp_path / "records", tmp_path / "out"
    shutil.copytree(faulty, records)
    permits = next(records.glob("permits.*"))
    whole = permits.read_text()
    permits.write_text("".join(whole.splitlines(keepends=True)[:50]))
    with monkeypatch.context() as dying:
        dying.setattr(Check, "_across_tables", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.check(pipeline.Source(records), out, keep=True)
    permits.write_text(whole)
    assert called("check", records, "--out", out, "--keep").exit_code == 0
    assert contents(out) == at_once


@pytest.mark.parametrize("cut", ["begun.json", "finished/firms.json", "registry/firm_keys.parquet"])
def test_a_file_cut_short_by_a_machine_that_went_down_is_made_again(
    faulty: Path,
    at_once: dict[str, bytes],
    tmp_path: Path,
    cut: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as dying:
        dying.setattr(Check, "_across_tables", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.check(pipeline.Source(faulty), out, keep=True)
    file = tmp_path / "out.checking" / cut
    file.write_bytes(file.read_bytes()[:20])
    assert called("check", faulty, "--out", out, "--keep").exit_code == 0
    assert contents(out) == at_once


def test_the_check_goes_on_as_of_the_day_on_which_it_began(faulty: Path, tmp_path: Path) -> None:
    first, next_day = dt.date(2026, 7, 1), dt.date(2026, 7, 2)
    for day, expected in ((first, first), (next_day, first)):
        with duckdb.connect() as con:
            extract = read_folder(con, faulty, tmp_path)
            assert Begun.at(tmp_path, con, extract, day).today == expected


def test_a_folder_of_somebody_else_is_left_alone(faulty: Path, tmp_path: Path) -> None:
    (tmp_path / "out.checking").mkdir()
    (tmp_path / "out.checking" / "diary.txt").write_text("mine")
    refused = called("check", faulty, "--out", tmp_path / "out", "--keep")
    assert refused.exit_code == 1
    assert "holds something else" in refused.output
    assert (tmp_path / "out.checking" / "diary.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "fault", ["another version", "a broken report", "a table is missing", "mapped again"]
)
def test_what_cannot_be_opened_is_refused(kept: Path, tmp_path: Path, fault: str) -> None:
    copy, options, said = tmp_path / "copy", [], ""
    (copy / REGISTRY).mkdir(parents=True)
    for file in (kept / REGISTRY).iterdir():
        (copy / REGISTRY / file.name).symlink_to(file)
    if fault == "another version":
        mark = json.loads((kept / REGISTRY / MARK).read_text(encoding="utf-8"))
        (copy / REGISTRY / MARK).unlink()
        text = json.dumps(mark | {"checked_by": "somebody"})
        (copy / REGISTRY / MARK).write_text(text, encoding="utf-8")
        said = "another version of the program"
    elif fault == "a broken report":
        (copy / REGISTRY / MARK).unlink()
        (copy / REGISTRY / MARK).write_text("{", encoding="utf-8")
        said = "registry.json cannot be read"
    elif fault == "a table is missing":
        (copy / REGISTRY / "permits.parquet").unlink()
        said = "lacks permits.parquet"
    else:
        mapping = Path(__file__).parents[2] / "configs" / "mappings"
        options = ["--mapping", next(p for p in sorted(mapping.iterdir()) if p.is_dir())]
        said = "Leave out the mapping"
    found = called("check", copy, "--out", tmp_path / "out", *options)
    assert found.exit_code == 1
    assert said in found.output


def test_a_parquet_that_breaks_off_is_named(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    for file in (GOLDEN / "records").iterdir():
        (records / file.name).write_bytes(file.read_bytes())
    rows = pd.DataFrame({"firm_id": [f"f{i}" for i in range(50_000)], "kind": "food",
                         "permit_id": range(50_000), "issued_on": "2020-01-01"})  # fmt: skip
    for old in records.glob("permits.*"):
        old.unlink()
    rows.to_parquet(records / "permits.parquet", index=False)
    content = bytearray((records / "permits.parquet").read_bytes())
    content[1000:60_000] = bytes(59_000)
    (records / "permits.parquet").write_bytes(bytes(content))
    found = called("check", records, "--out", tmp_path / "out")
    assert found.exit_code == 1
    assert "permits.parquet cannot be read" in found.output
