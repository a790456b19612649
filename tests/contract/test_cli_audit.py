"""`risk-index audit` keeps its contract: files, exit codes, waivers, nothing left behind after an error."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result

from risk_index.fairness.command import audit
from risk_index.fairness.config import FAIRNESS_CONFIG
from risk_index.fairness.findings import Audit
from risk_index.report.writing import Shown, write_report
from tests.contract import made as small


@dataclass(frozen=True)
class Made:
    """A small world, its fit and its audit."""

    world: Path
    run: Path
    out: Path
    result: Result

    @property
    def found(self) -> dict[str, object]:
        return json.loads((self.out / "audit.json").read_text(encoding="utf-8"))


def invoke(*words: object) -> Result:
    """Run the verb; an exception that reaches the user fails the test."""
    return CliRunner(catch_exceptions=False).invoke(audit, [str(word) for word in words])


def audited(world: Path, run: Path, out: Path, *more: object) -> Result:
    attributes = world / "attributes.parquet"
    return invoke(world, "--model", run, "--attributes", attributes, "--out", out, "--json", *more)


@pytest.fixture(scope="module")
def made(made: small.Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The audit of the small world; it writes on the card of a copy of the fit."""
    folder, world = tmp_path_factory.mktemp("audit"), made.records.parent
    shutil.copytree(made.out / "fit", folder / "fit")
    result = audited(world, folder / "fit", folder / "out")
    return Made(world, folder / "fit", folder / "out", result)


def test_everything_is_written_and_the_gate_speaks_by_its_exit_code(made: Made) -> None:
    names = {path.name for path in made.out.iterdir()}
    assert names == {
        "audit.json", "audit.schema.json", "flags.csv", "audit.html", "pictures", "ledger.json",
    }  # fmt: skip
    assert made.result.exit_code == (0 if made.found["passed"] else 1), made.result.stderr
    said = json.loads(made.result.stdout)
    assert said["stops"] == len(made.found["stops"])
    assert ("error" in said) == (not made.found["passed"])
    assert Path(said["audit"]).is_file()
    assert "Traceback" not in made.result.stderr


def test_the_json_keeps_its_schema(made: Made) -> None:
    schema = json.loads((made.out / "audit.schema.json").read_text(encoding="utf-8"))
    assert schema == Audit.model_json_schema()
    assert Audit.model_validate(made.found).model_dump(mode="json") == made.found
    assert made.found["schema_version"] == "1.0"
    assert made.found["n_compared"] <= made.found["n_firms"]
    assert made.found["join_rate"] == 1


def test_the_flags_are_those_of_the_json_gravest_first(made: Made) -> None:
    text = (made.out / "flags.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [r["verdict"] for r in rows] == [f["verdict"] for f in made.found["flags"]]
    assert "none" not in {row["verdict"] for row in rows}
    assert list(rows[0])[:4] == ["input", "attribute", "group", "verdict"]


def test_the_verdicts_stand_on_the_card_of_the_fit(made: Made, ruled: Made) -> None:
    """The last audit of the fit; both audits look at one fit."""
    card = (made.run / "card.md").read_text(encoding="utf-8")
    page = (made.run / "card.html").read_text(encoding="utf-8")
    said = card.split("## Fairness audit\n")[1].split("\n## ")[0]
    flags = ruled.found["flags"]
    for verdict in {flag["verdict"] for flag in flags}:
        assert f"{sum(flag['verdict'] == verdict for flag in flags)} {verdict}" in said
    red = [flag["input"] for flag in flags if flag["verdict"].startswith("RED")]
    assert red
    assert all(name in said for name in red[:20])
    assert "no RED that nobody signed for" in said
    assert "signed by Li Wei until" in said
    assert "signed by Li Wei until" in page
    assert not list(made.run.glob(".card*"))


def test_the_report_shows_the_flags_of_its_audit(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_report(made.run, out, Shown(audited=made.out))
    page = out.read_text(encoding="utf-8")
    assert ("findings stop this model" in page) != bool(made.found["passed"])
    assert all(f"<td>{flag['input']}</td>" in page for flag in made.found["flags"][:20])


def test_exemptions_are_printed_and_do_not_stop(made: Made) -> None:
    direct = {(d["input"], d["attribute"]): d for d in made.found["direct"]}
    assert direct["size_class", "size"]["exempt"]
    assert direct["region_rate", "region"]["basis"]
    assert not any(d["attribute"] == "ownership" for d in made.found["direct"])
    assert "State Council Order 746" in (made.out / "audit.html").read_text(encoding="utf-8")


def test_reviews_cannot_reach_the_model_and_complaints_can(made: Made) -> None:
    attacks = {attack["name"]: attack for attack in made.found["manipulation"]}
    assert not attacks["fake_reviews"]["reachable"]
    assert attacks["fake_reviews"]["passed"]
    assert attacks["complaints"]["reachable"]
    assert {row["amount"] for row in attacks["complaints"]["moved"]} == {1, 5, 10, 20, 50}


def test_the_page_stands_alone_and_speaks_plainly(made: Made) -> None:
    page = (made.out / "audit.html").read_text(encoding="utf-8")
    assert "http://" not in page
    assert "https://" not in page
    assert "age of the legal representative" in page
    assert "What was audited, and what could not be seen" in page
    for word in ("debias", "fair model", "untrustworthy"):
        assert word not in page


def test_pointers_stand_beside_the_findings(made: Made) -> None:
    looks = {(look["attribute"], look["group"]): look for look in made.found["looks"]}
    assert ("legal_rep_age", "50 and over") in looks
    assert not any(" x " in attribute for attribute, _ in looks)
    assert all(0 < look["treatment_p"] <= 1 for look in looks.values())


def test_small_groups_get_no_figure(made: Made) -> None:
    rows = [row for row in made.found["outcomes"] if row["value"] is None]
    assert rows
    assert all(row["note"] for row in rows)


@pytest.fixture(scope="module")
def ruled(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An audit under own rules, with everything that it may be given.

    Complaints are an attack that must fail and is RED, and all RED are signed for. Ownership is spelt
    with a capital letter; overrides are of another day and of an unknown firm.
    """
    folder = tmp_path_factory.mktemp("ruled")
    rules = yaml.safe_load(FAIRNESS_CONFIG.read_text(encoding="utf-8"))
    attack = next(a for a in rules["manipulation"] if a["name"] == "complaints")
    rules["attributes"] = {name: rules["attributes"][name] for name in ("sentiment", "ownership")}
    rules |= {"exemptions": [], "intersections": []}
    rules["manipulation"] = [attack | {"if_failed": "red", "amounts": [5, 10]}]
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True), "utf-8")
    (folder / "waivers.yaml").write_text(yaml.safe_dump(_waivers(made)), encoding="utf-8")
    table = pd.read_parquet(made.world / "attributes.parquet")
    table.assign(ownership=table.ownership.str.title()).to_csv(folder / "own.csv", index=False)
    log = "firm_id,officer,from_tier,to_tier,decided_on,reason\n"
    log += f"{table.firm_id[0]},O1,D,A,2030-01-01,r\nNOBODY,O1,D,A,2026-01-01,r\n"
    (folder / "overrides.csv").write_text(log, encoding="utf-8")
    result = invoke(
        made.world, "--model", made.run, "--attributes", folder / "own.csv", "--out", folder / "out",
        "--waivers", folder / "waivers.yaml", "--fairness", folder / "rules.yaml",
        "--overrides", folder / "overrides.csv", "--ledger", folder / "year" / "ledger.json",
    )  # fmt: skip
    return Made(made.world, made.run, folder / "out", result)


def _waivers(made: Made) -> list[dict[str, str]]:
    """Sign for the attack, for every RED on sentiment, and for nothing."""
    until = dt.date.today() + dt.timedelta(days=30)
    base = {"person": "Li Wei", "reason": "until July", "expires": until.isoformat()}
    attacked = next(m for m in made.found["manipulation"] if m["name"] == "complaints")
    pairs = [(" + ".join(attacked["inputs"]), "complaints"), ("none such", "sentiment")]
    pairs += [
        (f["input"], f["attribute"])
        for f in made.found["flags"]
        if f["attribute"] == "sentiment" and f["verdict"].startswith("RED")
    ]
    return [base | {"input": name, "attribute": attribute} for name, attribute in pairs]


def test_a_waiver_opens_the_gate_and_is_printed(made: Made, ruled: Made) -> None:
    assert ruled.result.exit_code == 0, ruled.result.stderr
    attacked = next(m for m in made.found["manipulation"] if m["name"] == "complaints")
    found = ruled.found
    assert found["passed"]
    assert " + ".join(attacked["inputs"]) in [w["input"] for w in found["waived"]]
    assert "none such" in [w["input"] for w in found["unused_waivers"]]
    assert "Li Wei" in (ruled.out / "audit.html").read_text(encoding="utf-8")
    assert "signed for by Li Wei" in ruled.result.stderr
    assert (ruled.out.parent / "year" / "ledger.json").is_file()
    assert not (ruled.out / "ledger.json").exists()
    assert found["not_audited"] == [
        "legal_rep_birth_year", "legal_rep_sex", "n_reviews", "region", "size_class",
    ]  # fmt: skip


def test_what_is_not_compared_is_said_first(ruled: Made) -> None:
    left = {f["group"]: f for f in ruled.found["flags"] if f["said"].startswith("Not compared")}
    assert set(left) == {"private", "foreign"}
    assert {flag["verdict"] for flag in left.values()} == {"AMBER"}
    assert "0 rows of this group" in left["private"]["said"]
    head = (ruled.out / "audit.html").read_text(encoding="utf-8").split("What this page answers")[0]
    unsettled = sum(f["verdict"] == "AMBER" and "F6" not in f["legs"] for f in ruled.found["flags"])
    assert unsettled >= 2
    assert f"{unsettled} findings are inconclusive (AMBER)" in head


def test_overrides_of_another_day_or_another_firm_are_said(ruled: Made) -> None:
    notes = [note for note in ruled.found["notes"] if "overrides are not counted" in note]
    assert len(notes) == 2
    assert "1 overrides" in notes[0]
    assert "decided after 2026-06-30" in notes[0]
    assert "(first: NOBODY)" in notes[1]
    assert sum(row["overrides"] for row in ruled.found["overrides"]) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--model": "nowhere"}, "holds no saved model"),
        ({"--attributes": "nowhere.csv"}, "no such file"),
        ({"--waivers": "nowhere.yaml"}, "cannot be read"),
        ({"--fairness": "nowhere.yaml"}, "nowhere.yaml"),
        ({"--overrides": "nowhere.csv"}, "cannot be read"),
    ],
)
def test_what_is_not_there_ends_with_a_message(
    made: Made, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    words = {
        "--model": str(made.run),
        "--attributes": str(made.world / "attributes.parquet"),
        "--out": str(tmp_path / "out"),
    }
    words |= {name: str(tmp_path / value) for name, value in change.items()}
    result = invoke(made.world, *[part for pair in words.items() for part in pair])
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_left_alone(made: Made, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    result = audited(made.world, made.run, tmp_path)
    assert result.exit_code == 1
    assert "holds something else" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_audit_names_no_firm(made: Made) -> None:
    ids = pd.read_parquet(made.world / "attributes.parquet").firm_id.head(200)
    files = [path for path in made.out.rglob("*") if path.suffix in (".json", ".csv", ".html")]
    assert len(files) == 5
    for file in files:
        text = file.read_text(encoding="utf-8-sig")
        assert not any(firm_id in text for firm_id in ids), file


def test_no_audited_column_stands_in_a_file_of_the_fit(made: Made) -> None:
    """Every file is opened, whatever it is: texts, pictures, the tracker's database."""
    files = [path for path in made.run.rglob("*") if path.is_file()]
    assert {"model.json", "metrics.json", "likelihood.txt"} <= {path.name for path in files}
    held = {path: path.read_bytes() for path in files}
    assert any(b"registered_capital" in content for content in held.values())
    for column in (b"legal_rep_birth_year", b"legal_rep_sex", b"sentiment_score", b"n_reviews"):
        assert [path for path, content in held.items() if column in content] == []
