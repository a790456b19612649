"""The model card: every field that registers ask for, what is not stated, and the verdicts of an audit."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from risk_index.authority import MAY_BE_EMPTY, Authority
from risk_index.card import NOT_STATED, card_after_audit, card_page, model_card, plain, write_card
from risk_index.card_fields import FIELDS, REGISTERS
from risk_index.errors import SettingsError, UserError
from risk_index.release.limits import load_limits
from risk_index.release.stated import card
from risk_index.settings import CONFIGS, load_settings

DAY = dt.date(2026, 6, 30)
LIMITS = load_limits(DAY)
STATED = load_settings(DAY, CONFIGS / "example-settings.yaml").authority.model_dump()
MUST = [name for name in Authority.model_fields if name not in MAY_BE_EMPTY]
METRIC = {"part": "random draws", "low": 0.6, "high": 0.8, "n_eff": 90.0}
FACTS: dict[str, Any] = {
    "model_version": "0123456789ab",
    "as_of": "2026-06-30",
    "judged_on": "2025-06-30",
    "n_firms": 1234,
    "n_examples": 900,
    "n_inspections": 800,
    "horizon_days": 365,
    "average_harm": 0.5,
    "severity_form": "log_least_squares",
    "rounds": {"likelihood": 51, "severity": 40},
    "inspectors": None,
    "notes": ["a note"],
    "fingerprint": {"firms": "4-abc", "penalties": "8-def"},
    "records": [
        {"table": "firms", "n_read": 4, "n_accepted": 3},
        {"table": "penalties", "n_read": 0, "n_accepted": 0},
    ],
    "identity": {"firms": 3, "credit_codes": 2, "old_registration_numbers": 1, "other_ids": 0},
    "settings": {"horizon_days": 365, "average_points": 50.0, "points_per_doubling": 10.0},
    "versions": {"risk_index": "0.1.0", "python": "3.12.1", "numpy": "2.4"},
    "part": "random draws",
    "overlap": None,
    "metrics": [
        METRIC | {"method": "likelihood", "metric": "n_eff", "value": 90.0},
        METRIC | {"method": "likelihood", "metric": "auc", "value": 0.7},
    ],
    "calibration_by_group": [
        {
            "by": "region", "group": "110105", "n_eff": 250.0, "violations": 30, "note": "",
            "slope": 1.0, "slope_low": 0.8, "slope_high": 1.2, "intercept": 0.0, "intercept_low": None,
            "intercept_high": None, "observed_to_expected": 1.1, "observed_to_expected_low": 0.9,
            "observed_to_expected_high": 1.3,
        },
        {"by": "region", "group": "310115", "note": "insufficient data"},
    ],
    "reporting_rates": [
        {"region": "110105", "method": "stated", "reporting_rate": rate, "low": None, "high": None}
        for rate in (0.5, 0.9)
    ],
    "authority": STATED,
}  # fmt: skip
AUDIT: dict[str, Any] = {
    "model_version": "0123456789ab",
    "n_tests": 40,
    "level": 0.05,
    "n_compared": 1200,
    "n_draws": 90,
    "n_violations": 12,
    "attributes": [{"title": "age of the representative"}],
    "missing": ["ownership"],
    "flags": [
        {"verdict": verdict, "input": name, "attribute": "legal_rep_age", "group": "50 and over"}
        for verdict, name in (
            ("RED-confirmed", "registered_capital"),
            ("RED-suspected", "employees"),
            ("AMBER", "age_days"),
            ("none", "size_class"),
        )
    ],
    "burdens": [
        {"attribute": "legal_rep_age", "group": "50 and over", "n": 300,
         "ratio": {"value": 1.2, "low": 1.1, "high": 1.3}},
        {"attribute": "legal_rep_age", "group": "unknown", "n": 3,
         "ratio": {"value": None, "low": None, "high": None}},
    ],
    "stops": [["registered_capital", "legal_rep_age"]],
    "passed": False,
    "waived": [{"person": "Li Wei", "reason": "until July", "expires": "2026-12-31",
                "input": "employees", "attribute": "legal_rep_age"}],
    "lapsed": [],
}  # fmt: skip


def facts(**changes: object) -> dict[str, Any]:
    return FACTS | changes


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_card_has_every_declared_field_in_order_and_no_other() -> None:
    text = model_card(FACTS)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [field.heading for field in FIELDS]
    assert all(section(text, field.heading).strip() for field in FIELDS)
    assert set(REGISTERS) == {name for field in FIELDS for name in field.asked_by}
    assert set(Authority.model_fields) == {name for field in FIELDS for name in field.stated}


def test_the_card_tells_the_facts() -> None:
    text = model_card(FACTS)
    assert text.startswith("# Model card: 0123456789ab\n")
    assert "1,234 firms" in section(text, "Whom it concerns")
    assert "| firms | 4 | 3 | 75.0% |" in section(text, "Completeness")
    assert "| penalties | 0 | 0 |  |" in section(text, "Completeness")
    assert "2 of 3 firms by a unified credit code" in section(text, "Completeness")
    assert "| 110105 | 2 | 0.500 | 0.900 |  |  |" in section(text, "Completeness")
    judged = section(text, "How well it does")
    assert "| likelihood | 90 |  | 0.700 [0.600, 0.800] |" in judged
    assert (
        "| region | 110105 | 250 | 30 | 1.000 [0.800, 1.200] | 0.000 | 1.100 [0.900, 1.300] |"
        in judged
    )
    assert "for 1 of 2 groups: region 310115." in judged
    assert "python 3.12.1, numpy 2.4" in section(text, "Versions")
    assert "firms 4-abc, penalties 8-def" in section(text, "Versions")
    assert "SAMR Order 45" in section(text, "Data and their sources")
    for name in MUST:
        assert str(STATED[name]) in text


def test_the_day_of_review_is_counted_from_the_day_of_the_records() -> None:
    assert "anew by: 2027-06-30, that is every 12 months" in model_card(FACTS)
    leap = facts(as_of="2024-08-31", authority=STATED | {"review_every_months": 6})
    assert "anew by: 2025-02-28, that is every 6 months" in model_card(leap)


# ---- what is not stated --------------------------------------------------------------------------


def test_a_card_without_an_authority_says_so_at_every_entry_and_is_refused() -> None:
    none = facts(authority=Authority().model_dump())
    told = re.findall(re.escape(NOT_STATED) + r" \(`(\w+)`\)", model_card(none))
    assert set(told) == set(MUST)
    found = card(none, LIMITS)
    assert found.status == "refused"
    assert found.figure == len(MUST)
    assert all(f"authority.{name}" in found.sentence for name in MUST)
    assert "under `authority` in the file of --settings" in found.remedy


@pytest.mark.parametrize("name", MUST)
def test_one_empty_entry_is_shown_and_refused_by_its_name(name: str) -> None:
    empty = facts(authority=STATED | {name: Authority().model_dump()[name]})
    assert f"{NOT_STATED} (`{name}`)" in model_card(empty)
    found = card(empty, LIMITS)
    assert found.status == "refused"
    assert found.sentence == f"1 fields of the model card are empty: authority.{name}."
    let = replace(LIMITS, card_may_leave_empty=(name,))
    assert card(empty, let).status == "passed"


def test_blanks_are_no_statement(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("authority: {name: '  ', owner: ' A post '}\n", encoding="utf-8")
    read = load_settings(DAY, file).authority
    assert (read.name, read.owner) == ("", "A post")


def test_a_whole_card_passes_and_a_limit_of_days_may_be_left_out() -> None:
    assert NOT_STATED not in model_card(FACTS)
    assert card(FACTS, LIMITS).status == "passed"
    unlimited = facts(authority=STATED | {"object_within_days": None})
    assert card(unlimited, LIMITS).status == "passed"
    assert "Within: no limit is stated\n" in model_card(unlimited)


def test_a_fact_that_lacks_is_refused_under_its_heading() -> None:
    found = card(facts(metrics=[], calibration_by_group=[]), LIMITS)
    assert found.status == "refused"
    assert "How well it does (metrics), How well it does (calibration_by_group)" in found.sentence
    assert found.remedy == "Fit again on records that tell the rest."
    assert "Not judged." in model_card(facts(metrics=[], calibration_by_group=[]))


def test_what_may_be_empty_must_be_an_entry(tmp_path: Path) -> None:
    file = tmp_path / "gates.yaml"
    file.write_text("card_may_leave_empty: [ownr]\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="card_may_leave_empty names no authority entry: ownr"):
        load_limits(DAY, file)


# ---- the audit -----------------------------------------------------------------------------------


def test_before_an_audit_the_card_says_that_there_is_none_and_how_to_run_one() -> None:
    said = section(model_card(FACTS), "Fairness audit")
    assert "No audit stands beside this fit yet" in said
    assert "`risk-index audit RECORDS --model RUN --attributes FILE --out AUDIT`" in said


def test_after_an_audit_its_verdicts_inputs_and_waivers_stand_on_the_card() -> None:
    said = section(model_card(FACTS, AUDIT), "Fairness audit")
    assert "1 RED-confirmed, 1 RED-suspected, 1 AMBER, 1 none; 40 tests" in said
    assert (
        "RED: registered_capital for legal_rep_age 50 and over, employees for legal_rep_age" in said
    )
    assert "AMBER: age_days for legal_rep_age 50 and over." in said
    assert "**1 RED that nobody signed for: the model must not be released**" in said
    assert "signed by Li Wei until 2026-12-31: until July" in said
    assert "Not known, so not audited: ownership." in said
    assert "| legal_rep_age | 50 and over | 300 | 1.200 [1.100, 1.300] |" in said
    assert "| legal_rep_age | unknown |" not in said
    passed = AUDIT | {"flags": [], "stops": [], "passed": True, "waived": [], "burdens": []}
    said = section(model_card(FACTS, passed), "Fairness audit")
    assert "Findings: none; 40 tests" in said
    assert "Verdict: no RED that nobody signed for." in said
    assert "Waivers: none." in said


def folders(tmp_path: Path, **changes: object) -> tuple[Path, Path]:
    run, audit = tmp_path / "run", tmp_path / "audit"
    run.mkdir()
    audit.mkdir()
    write_card(run, FACTS)
    (run / "metrics.json").write_text(json.dumps(FACTS), encoding="utf-8")
    (audit / "audit.json").write_text(json.dumps(AUDIT | changes), encoding="utf-8")
    return run, audit


def test_the_card_is_written_anew_after_the_audit_and_leaves_nothing_beside(tmp_path: Path) -> None:
    run, audit = folders(tmp_path)
    card_after_audit(run, audit)
    assert (run / "card.md").read_text(encoding="utf-8") == model_card(FACTS, AUDIT)
    assert "signed by Li Wei" in (run / "card.html").read_text(encoding="utf-8")
    assert {file.name for file in run.iterdir()} == {"card.md", "card.html", "metrics.json"}


@pytest.mark.parametrize(
    ("changes", "lost", "told"),
    [
        ({"model_version": "other"}, None, "is the audit of model other, not of 0123456789ab"),
        ({}, "versions", "lacks versions: it is of another version of this program; fit anew"),
    ],
)
def test_an_audit_of_another_fit_leaves_the_card_as_it_was(
    tmp_path: Path, changes: dict[str, object], lost: str | None, told: str
) -> None:
    run, audit = folders(tmp_path, **changes)
    kept = {name: value for name, value in FACTS.items() if name != lost}
    (run / "metrics.json").write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(UserError, match=told):
        card_after_audit(run, audit)
    assert (run / "card.md").read_text(encoding="utf-8") == model_card(FACTS)


def test_a_card_that_cannot_be_made_leaves_the_earlier_one(tmp_path: Path) -> None:
    run, audit = folders(tmp_path)
    del_flags = {name: value for name, value in AUDIT.items() if name != "flags"}
    (audit / "audit.json").write_text(json.dumps(del_flags), encoding="utf-8")
    with pytest.raises(UserError, match="does not hold what a card needs"):
        card_after_audit(run, audit)
    assert (run / "card.md").read_text(encoding="utf-8") == model_card(FACTS)
    assert {file.name for file in run.iterdir()} == {"card.md", "card.html", "metrics.json"}


# ---- the page ------------------------------------------------------------------------------------


def test_the_page_has_the_cards_text_and_a_machine_can_read_it_out() -> None:
    page = card_page(model_card(FACTS, AUDIT), "Model card")
    assert '<html lang="en">' in page
    assert page.count("<h1") == 1
    assert page.count("<main") == page.count("<nav") == 1
    assert re.findall(r"<h2 [^>]*>(.+?)</h2>", page) == [field.heading for field in FIELDS]
    assert page.count("<th ") == page.count('<th scope="col"') > 20
    assert "<th>" not in page
    targets = re.findall(r'href="#([^"]+)"', page)
    assert len(targets) == len(FIELDS) + 1
    assert all(page.count(f'id="{target}"') == 1 for target in targets)
    assert "http" not in page.split("<main")[0]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a | b",
        "[press](javascript:alert(1))",
        "![x](http://example.org/x.png)",
        "<http://example.org>",
        "one\n\n## Another heading",
        "`code` and *stars* and \\",
    ],
)
def test_texts_of_others_stay_texts(text: str) -> None:
    page = card_page(model_card(facts(authority=STATED | {"owner": text}, notes=[text])), "card")
    for tag in ("<script", "<img", 'javascript:alert(1)"', "<em>stars"):
        assert tag not in page
    assert page.count("<h2") == len(FIELDS)
    assert page.count("<a ") == len(FIELDS) + 1
    groups = [FACTS["calibration_by_group"][0] | {"group": text}]
    rows = model_card(facts(calibration_by_group=groups))
    line = next(line for line in rows.splitlines() if "1.000 [0.800, 1.200]" in line)
    assert len(re.findall(r"(?<!\\)\|", line.replace("\\\\", ""))) == 8
    assert "\n" not in plain(text)
