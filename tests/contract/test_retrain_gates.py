"""One challenger through every gate, beside a champion: what is asked, written and logged.

The limits are wide, since the world is small, but for one that nobody passes. What each gate refuses
stands in tests/spec/test_gates.py, tests/spec/test_gate_experiments.py and, with the limits of the project,
tests/truth/test_retrain_refuses.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from risk_index.release.log import read_log
from risk_index.release.verdicts import GATE_NAMES
from risk_index.settings import CONFIGS
from risk_index.tracking import CHALLENGER, CHAMPION, Registry
from tests.contract.made import Made, invoke

FEW = "refits: 0\ngrid_months: 6\nhistory_years: 3\n"
WIDE = {
    "slope_low": 0, "slope_high": 10, "intercept_most": 5, "least_auc": 0.99, "most_auc": 1,
    "harm_margin": 1, "reporting_change": 1, "fine_points": 100, "fine_tiers": 3,
    "sentinel_points": 100, "most_churn": 1, "most_one_input": 1, "most_psi": 10,
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(made: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The fit of the small world is champion; a challenger with fewer dates is held against it."""
    folder = tmp_path_factory.mktemp("gates")
    place = folder / "registry"
    assert invoke("model", "send", made.out / "fit", "--registry", place).exit_code == 0
    assert invoke("model", "promote", 1, "--registry", place, "--why", "first").exit_code == 0
    stated = (CONFIGS / "example-settings.yaml").read_text(encoding="utf-8")
    (folder / "few.yaml").write_text(FEW + stated, encoding="utf-8")
    sentinels = made.ranked.sort_values("rank").firm_id.head(2).tolist()
    lists = {"required_gates": list(GATE_NAMES), "sentinel_firms": sentinels}
    (folder / "gates.yaml").write_text(yaml.safe_dump(WIDE | lists), encoding="utf-8")
    known = pd.read_parquet(made.records.parent / "attributes.parquet")
    known[["firm_id", "legal_rep_sex"]].to_parquet(folder / "attributes.parquet")
    done = invoke(
        "retrain", made.records, "--as-of", made.as_of, "--out", folder / "run",
        "--registry", place, "--settings", folder / "few.yaml", "--gates", folder / "gates.yaml",
        "--attributes", folder / "attributes.parquet", "--who", "a test",
    )  # fmt: skip
    assert done.exit_code == 1, done.stderr
    return folder, done.stderr


def test_every_gate_is_asked_and_said(asked: tuple[Path, str]) -> None:
    folder, said = asked
    told = json.loads((folder / "run" / "verdict.json").read_text(encoding="utf-8"))
    wanted = dict.fromkeys(GATE_NAMES, "passed") | {"chance": "refused"}
    assert {gate["name"]: gate["status"] for gate in told["gates"]} == wanted
    assert told["not_run"] == []
    assert sorted(told["required_gates"]) == sorted(GATE_NAMES)
    for name, status in wanted.items():
        assert f"\n{name}: {status}. " in said
    found = {gate["name"]: gate["sentence"] for gate in told["gates"]}
    assert found["sentinels"].startswith("0 of 2 sentinel firms")
    assert "expected inspections change by" in found["reporting"]
    assert "percentile points" in found["fine"]
    assert "weighed by 1 / chance" in found["drift"]


def test_the_champion_stays_and_the_log_says_why_until_a_person_decides(
    asked: tuple[Path, str],
) -> None:
    folder, said = asked
    assert "refused by 1 gates. chance: AUC" in said
    registry = Registry(str(folder / "registry"))
    held, next_one = registry.holder(CHAMPION), registry.holder(CHALLENGER)
    assert (held and held.number, next_one and next_one.number) == (1, 2)
    last = read_log(folder / "registry" / "decisions.jsonl")[-1]
    assert (last.action, last.who, last.why) == ("refuse", "a test", "refused by chance")
    assert (folder / "registry" / "audits.json").is_file()


def test_no_row_of_a_firm_reaches_the_registry(asked: tuple[Path, str], made: Made) -> None:
    some = made.ranked.firm_id.head(50).tolist()
    sentinels = json.loads((asked[0] / "run" / "verdict.json").read_text(encoding="utf-8"))
    named = json.dumps(sentinels)
    store = asked[0] / "registry" / "mlflow-artefacts"
    texts = [path for path in store.rglob("*") if path.is_file() and path.suffix != ".png"]
    assert texts
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert not [firm for firm in some if firm in text and firm not in named], path
