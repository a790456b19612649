"""What a fit leaves behind, and the report that shows it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

from tests.contract.made import Made, invoke


def test_run_leaves_every_result_and_nothing_else(made: Made) -> None:
    assert {path.name for path in made.out.iterdir()} == {
        "check", "fit", "ranked.csv", "ranked.frame.csv", "ranked.round.json", "ranked.topics.parquet",
        "report.html",
    }  # fmt: skip
    assert {path.name for path in made.out.parent.iterdir()} == {"world", "out"}
    fit = {path.name for path in (made.out / "fit").iterdir()}
    assert {
        "model",
        "metrics.json",
        "quality.json",
        "card.md",
        "card.html",
        "pictures",
        "mlflow.db",
    } <= fit
    assert str(made.out / "ranked.csv") in made.said


def test_the_fit_is_a_run_of_mlflow(made: Made) -> None:
    with closing(sqlite3.connect(made.out / "fit" / "mlflow.db")) as store:
        tags = dict(store.execute("SELECT key, value FROM tags").fetchall())
        metrics = dict(store.execute("SELECT key, value FROM latest_metrics").fetchall())
        status = store.execute("SELECT status FROM runs").fetchall()
    assert status == [("FINISHED",)]
    assert tags["model_version"] == made.facts["model_version"]
    assert json.loads(tags["data"]).keys() <= made.facts["fingerprint"].keys() | {""}
    judged = {
        (row["method"], row["metric"]): row["value"]
        for row in made.facts["metrics"]
        if row["part"] == made.facts["part"]
    }
    assert metrics["likelihood_auc"] == judged["likelihood", "auc"]


def test_a_fit_tells_how_much_inspectors_differ_and_names_nobody(made: Made) -> None:
    found = made.facts["inspectors"]
    card = (made.out / "fit" / "card.md").read_text(encoding="utf-8")
    assert "## Inspectors" in card
    noted = [note for note in made.facts["notes"] if "inspectors' strictness" in note]
    assert (found is None) == bool(noted)  # so few visits may not tell
    if found is not None:
        assert found["spread_low"] <= found["spread"] <= found["spread_high"]
        assert f"differ by a standard deviation of {found['spread']:.2f}" in card
    ids = set(pd.read_parquet(made.records / "inspections.parquet").inspector_id.dropna())
    assert len(ids) > 5
    texts = [f.read_text(encoding="utf-8") for f in (made.out / "fit").rglob("*.*")
             if f.suffix in (".json", ".md", ".txt")]  # fmt: skip
    assert not [name for name in ids for text in texts if name in text]


def test_every_figure_has_its_part_its_interval_and_its_effective_number(made: Made) -> None:
    facts = made.facts
    rows = pd.DataFrame(facts["metrics"])
    assert next(iter(rows.part.unique())) == facts["part"]
    assert set(rows.part) <= {"random draws", "all planned visits"}
    assert (rows.n_eff > 0).all()
    figures = rows[~rows.metric.isin(["rows", "violations", "n_eff"])].dropna(subset="value")
    assert {"base_rate", "auc", "brier"} <= set(figures.metric)
    assert (figures.low <= figures.high).mean() > 0.95
    groups = pd.DataFrame(facts["calibration_by_group"])
    assert set(groups["by"]) == {"region", "sector", "completeness"}
    told = groups.note != "insufficient data"
    assert (groups[told].n_eff >= 200).all()
    assert groups[~told].slope.isna().all()
    assert facts["overlap"]["rows"] == facts["n_examples"]


def test_card_and_report_lead_with_the_same_part_and_tell_the_overlap(made: Made) -> None:
    card = (made.out / "fit" / "card.md").read_text(encoding="utf-8")
    report = (made.out / "report.html").read_text(encoding="utf-8")
    part, verdict = made.facts["part"], made.facts["overlap"]["verdict"]
    assert card.index(f"### On {part}") == card.index("### On ")
    assert f"<caption>{part}: " in report[: report.index("<caption>all planned visits: ") + 40]
    for text in (card, report):
        assert verdict in text
        assert "nsufficient data" in text


# ---- the report ----------------------------------------------------------------------------------


def test_the_report_stands_alone(made: Made, tmp_path: Path) -> None:
    page = (made.out / "report.html").read_text(encoding="utf-8")
    assert str(made.facts["model_version"]) in page
    assert made.ranked.firm_id[0] in page
    assert "http://" not in page
    assert 'src="data:image/svg+xml;base64,' in page
    out = tmp_path / "deep" / "report.html"
    result = invoke("report", made.out / "fit", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert [path.name for path in out.parent.iterdir()] == ["report.html"]


def test_a_report_is_written_over_a_report_and_over_nothing_else(
    made: Made, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    shutil.copy(made.out / "report.html", out)
    assert invoke("report", made.out / "fit", "--out", out).exit_code == 0
    out.write_text("minutes of the meeting", encoding="utf-8")
    for taken in (out, tmp_path):
        result = invoke("report", made.out / "fit", "--out", taken)
        assert result.exit_code == 1
        assert "is no report: name a new file" in result.stderr
    assert out.read_text(encoding="utf-8") == "minutes of the meeting"


def test_a_fit_of_another_version_is_refused_by_the_report(made: Made, tmp_path: Path) -> None:
    (tmp_path / "fit").mkdir()
    facts = {name: value for name, value in made.facts.items() if name != "overlap"}
    (tmp_path / "fit" / "metrics.json").write_text(json.dumps(facts), encoding="utf-8")
    result = invoke("report", tmp_path / "fit", "--out", tmp_path / "report.html")
    assert result.exit_code == 1
    assert "lacks overlap: it is of another version of this program; fit anew" in result.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_report_shows_the_audit_of_its_own_fit_alone(made: Made, tmp_path: Path) -> None:
    assert "No audit of this fit was given" in (made.out / "report.html").read_text("utf-8")
    out = tmp_path / "report.html"
    for version, said in ((None, "holds no audit"), ("another", "is the audit of model another")):
        if version:
            (tmp_path / "audit.json").write_text(json.dumps({"model_version": version}))
        result = invoke("report", made.out / "fit", "--audit", tmp_path, "--out", out)
        assert result.exit_code == 1
        assert said in result.stderr
        assert not out.exists()


def test_a_registry_that_measures_no_harm_is_fitted_and_judged(made: Made, tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    for table in ("firms", "inspections"):
        shutil.copy(made.records / f"{table}.parquet", records)
    visits = pd.read_parquet(records / "inspections.parquet").drop(columns="harm")
    visits.to_parquet(records / "inspections.parquet")
    few = tmp_path / "few.yaml"
    few.write_text("refits: 0\ngrid_months: 12\nhistory_years: 4\n", encoding="utf-8")
    words = [records, "--as-of", made.as_of, "--out", tmp_path / "fit", "--settings", few]
    result = invoke("fit", *words)
    assert result.exit_code == 0, result.stderr
    assert "harm found by 10 % of visits unknown (own decayed rate unknown)" in result.stderr
    assert "severity is one constant" in result.stderr
