"""Broken extracts: each ends in a clear message or a correct result, and leaves nothing half-written.

Every folder of ``tests/broken`` is one case: its files, and ``expected.yaml`` with the fault in a
sentence, the command, its exit code, what it must say, the files that it must leave (and no others),
what stands in them, and files that are there before.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from risk_index.cli import main

TESTS = Path(__file__).resolve().parents[1]
BROKEN, GOLDEN = TESTS / "broken", TESTS / "golden" / "run"
CASES = sorted(path.parent.name for path in BROKEN.glob("*/expected.yaml"))
IN_A_PROCESS = ("unclosed_quote", "one_firm_without_inspections")


def expected_of(case: str) -> dict[str, Any]:
    """Read what a case expects."""
    return yaml.safe_load((BROKEN / case / "expected.yaml").read_text(encoding="utf-8"))


def words(case: str, command: str) -> list[str]:
    """Return the command's words with the case's own paths."""
    paths = {"here": str(BROKEN / case), "golden": str(GOLDEN)}
    return [word.format(**paths) for word in command.split()]


def files_below(folder: Path) -> list[str]:
    """Return every file and every empty folder below `folder`."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() or not any(path.iterdir())
    )


def invoke(case: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Run the case's command in `folder`; an exception that reaches the user fails the test."""
    for name, content in expected_of(case).get("given", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(folder)
    arguments = words(case, expected_of(case)["command"])
    return CliRunner(catch_exceptions=False).invoke(main, arguments)


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES)
def test_broken_extract(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = expected_of(case)
    result = invoke(case, tmp_path, monkeypatch)
    assert result.exit_code == expected["exit"], result.stderr
    assert result.stdout == ""
    missing = [words for words in expected["says"] if words not in result.stderr]
    assert not missing, result.stderr
    assert files_below(tmp_path) == sorted(expected["leaves"])
    for name, fragments in expected.get("holds", {}).items():
        content = (tmp_path / name).read_text(encoding="utf-8-sig")
        assert [words for words in fragments if words not in content] == [], content


@pytest.mark.parametrize("case", IN_A_PROCESS)
def test_as_a_user_runs_it(case: str, tmp_path: Path) -> None:
    expected = expected_of(case)
    command = [sys.executable, "-m", "risk_index.cli", *words(case, expected["command"])]
    environment = {
        "PYTHONPATH": str(TESTS.parent), "PATH": "", "HOME": str(tmp_path.parent), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == expected["exit"], done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert all(words in done.stderr for words in expected["says"]), done.stderr
    assert files_below(tmp_path) == sorted(expected["leaves"])
