"""Records straight from a PostgreSQL server, which the test starts itself."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from features.failures import RecordsError
from features.records import open_records
from risk_index.cli import main

psycopg = pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
FIRMS = [("F1", "Alpha, Foods", "2010-01-02", 1e6, None), ("F2", '北京"华盛"', None, 0.1, 12)]
VISITS = [("V1", "F1", "2020-05-01", True), ("V2", "F2", "2021-06-02", False)]


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, or skip."""
    found = shutil.which("initdb") or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None
    )
    if found is None:
        pytest.skip("PostgreSQL's server (initdb) is not installed")
    return Path(found).resolve().parent


def owner() -> str:
    """Return who runs the server: nobody runs it as root."""
    if os.geteuid() != 0:
        return getpass.getuser()
    if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
        pytest.skip("a server does not start as root, and there is no user postgres")
    return "postgres"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Start a server that listens on a socket only; stop it at the end."""
    bin_, user = programs(), owner()
    base = Path(tempfile.mkdtemp(prefix="ri-pg-", dir="/tmp"))  # short: a socket's path is limited
    who = {"user": user} if os.geteuid() == 0 else {}
    if who:
        shutil.chown(base, user)
    run = {"check": True, "capture_output": True, "cwd": base, **who}
    data, socket = base / "data", f"-k {base} -c listen_addresses= -c fsync=off"
    subprocess.run([bin_ / "initdb", "-D", data, "-A", "trust", "-U", "test", "-E", "UTF8"], **run)
    start = [bin_ / "pg_ctl", "-D", data, "-w", "-l", base / "log", "-o", socket, "start"]
    subprocess.run(start, **run | {"capture_output": False, "stdout": subprocess.DEVNULL})
    try:
        address = f"postgresql://test@/postgres?host={base}"
        fill(address)
        yield address
    finally:
        subprocess.run([bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **run)
        shutil.rmtree(base)


def fill(address: str) -> None:
    """Write a table, a view under a capital name and a table of the same name in another schema."""
    with psycopg.connect(address) as con:
        con.execute("CREATE TABLE firms (firm_id text, name text, registered_on date, "
                    "registered_capital numeric, employees int)")  # fmt: skip
        con.execute("CREATE TABLE seen (no text, firm text, at timestamp, found boolean)")
        con.execute('CREATE VIEW "Inspections" AS SELECT no AS inspection_id, firm AS firm_id, '
                    "at AS inspected_on, found AS violation FROM seen")  # fmt: skip
        con.execute("CREATE SCHEMA other CREATE TABLE firms (firm_id text)")
        con.cursor().executemany("INSERT INTO firms VALUES (%s, %s, %s, %s, %s)", FIRMS)
        con.cursor().executemany("INSERT INTO seen VALUES (%s, %s, %s, %s)", VISITS)
        con.execute("CREATE ROLE blind LOGIN")


def test_tables_and_views_are_read(address: str) -> None:
    with open_records(address) as records:
        firms = records.table("firms").execute().set_index("firm_id")
        visits = records.table("inspections").execute().set_index("inspection_id")
        files = {t.table: t.file for t in records.quality.tables if t.file}
        assert not records.quality.failures
    assert firms.name.to_dict() == {"F1": "Alpha, Foods", "F2": '北京"华盛"'}
    assert firms.registered_capital.tolist() == [1e6, 0.1]
    assert pd.isna(firms.employees["F1"])
    assert visits.violation.tolist() == [1, 0]
    assert visits.inspected_on.astype(str).tolist() == ["2020-05-01", "2021-06-02"]
    assert files == {
        "firms": "postgresql public.firms",
        "inspections": "postgresql public.Inspections",
    }


def test_check_reads_an_address(address: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check", address, "--out", str(tmp_path / "check")])
    assert done.exit_code == 0, done.stderr
    assert "firms: 2 of 2 rows accepted (postgresql public.firms)" in done.stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("", "&options=-csearch_path%3Dpublic,other"), "two tables: public.firms and other.firms"),
        (("", "&options=-csearch_path%3Dpg_temp"), "no record table in the search path"),
        (("test@", "blind@"), "no record table in the search path"),
        (("/postgres", "/absent"), 'database "absent" does not exist'),
    ],
)
def test_what_cannot_be_read_is_said(change: tuple[str, str], says: str, address: str) -> None:
    old, new = change
    other = address.replace(old, new, 1) if old else address + new
    with pytest.raises(RecordsError, match=says), open_records(other):
        pass


def test_the_password_is_not_repeated(address: str) -> None:
    with (
        pytest.raises(RecordsError) as caught,
        open_records(address.replace("test@/postgres", "test:hidden-word@/absent")),
    ):
        pass
    assert "hidden-word" not in str(caught.value)
