"""A mapping works as users run it: in a process of its own, where DuckDB starts otherwise than in a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRMS = "SELECT id AS firm_id, name FROM 'shops.csv'"
VISITS = (
    "SELECT no AS inspection_id, shop AS firm_id, day AS inspected_on, bad AS violation "
    "FROM 'visits.csv'"
)


@pytest.mark.parametrize(
    "start", [["-m", "risk_index.cli"], ["-c", "from risk_index.cli import main; main()"]]
)
def test_a_mapped_extract_is_checked(tmp_path: Path, start: list[str]) -> None:
    source, mapping = tmp_path / "source", tmp_path / "mapping"
    source.mkdir()
    mapping.mkdir()
    (source / "shops.csv").write_text("id,name\na,Alpha\nb,Beta\n", encoding="utf-8")
    (source / "visits.csv").write_text("no,shop,day,bad\n1,a,2024-01-05,0\n", encoding="utf-8")
    (mapping / "mapping.yaml").write_text("title: shops\nlicence: none\n", encoding="utf-8")
    (mapping / "firms.sql").write_text(FIRMS, encoding="utf-8")
    (mapping / "inspections.sql").write_text(VISITS, encoding="utf-8")
    words = ["check", str(source), "--mapping", str(mapping), "--out", str(tmp_path / "check")]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *start, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    quality = json.loads((tmp_path / "check" / "quality.json").read_text(encoding="utf-8"))
    assert {table["table"]: table["n_accepted"] for table in quality["tables"]}["firms"] == 2
