"""The files of an audit from findings written by hand: order, cells, figures not measured, pictures."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from risk_index.fairness.config import load_fairness
from risk_index.fairness.drawing import draw_audit
from risk_index.fairness.findings import Audit, Direct
from risk_index.fairness.flags import (
    AMBER,
    DISPARATE,
    INFO,
    RED_CONFIRMED,
    RED_SUSPECTED,
    Flag,
    Look,
    Measured,
    Remedy,
    in_order,
)
from risk_index.fairness.gate import Waiver
from risk_index.fairness.writing import COLUMNS, page, write_audit, write_flags

WAIVER = Waiver(
    person="Li Wei", reason="verified", expires=dt.date(2026, 12, 31), input="employees", attribute="size"
)  # fmt: skip


def remedy(**given: object) -> Remedy:
    base = {
        "remedy": "leave out registered_capital", "kind": "drop", "inputs": ("registered_capital",),
        "needs_attribute": False, "burden_before": Measured(value=1.2, low=1.1, high=1.3),
        "burden_after": Measured(value=1.01, low=0.97, high=1.05), "burden_fall": 0.158,
        "harm_before": 4.0, "harm_after": 4.01, "harm_lost": -0.0025,
        "drawn_lost": Measured(value=0.01, low=-0.02, high=0.04), "overlap": 0.9,
        "tiers_changed": 0.05, "works": True, "closes": True,
    }  # fmt: skip
    return Remedy.model_validate(base | given)


def flag(name: str = "registered_capital", verdict: str = RED_CONFIRMED, **given: object) -> Flag:
    base = {
        "input": name, "attribute": "legal_rep_age", "group": "50 and over", "verdict": verdict,
        "legs": ("F1", "F2", "F4"), "strength": Measured(value=0.78, low=0.77),
        "gap": Measured(value=0.2, low=0.19, high=0.21), "null_band": 0.01,
        "weight": Measured(value=0.1, low=-0.2, high=0.4), "n": 100, "n_draws": 50,
    }  # fmt: skip
    return Flag.model_validate(base | given)


def audit(*flags: Flag, **given: object) -> Audit:
    base = {
        "model_version": "abc", "as_of": dt.date(2026, 6, 30), "n_firms": 10, "n_compared": 9,
        "n_draws": 8, "n_violations": 1, "join_rate": 0.9, "unmatched": 0, "level": 0.0125,
        "spending": "Audit 1 of 4.", "attributes": (), "missing": (), "not_audited": (),
        "direct": (), "n_tests": 12, "flags": flags, "looks": (), "burdens": (), "outcomes": (),
        "manipulation": (), "overrides": (), "waived": (), "lapsed": (), "unused_waivers": (),
        "stops": (("registered_capital", "legal_rep_age"),), "passed": False, "notes": (),
    }  # fmt: skip
    return Audit.model_validate(base | given)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_bytes().decode("utf-8-sig").splitlines()))


def test_the_gravest_comes_first() -> None:
    verdicts = [INFO, AMBER, RED_SUSPECTED, DISPARATE, RED_CONFIRMED]
    found = in_order([flag(verdict=verdict) for verdict in verdicts])
    assert [f.verdict for f in found] == [RED_CONFIRMED, RED_SUSPECTED, AMBER, DISPARATE, INFO]


@pytest.mark.parametrize(
    ("verdict", "red"),
    [(RED_CONFIRMED, True), (RED_SUSPECTED, True), (AMBER, False), (DISPARATE, False)],
)
def test_both_kinds_of_red_stop(verdict: str, red: bool) -> None:
    assert flag(verdict=verdict).red is red


def test_what_was_not_measured_is_null_and_never_nan() -> None:
    found = Measured(value=float("nan"), low=float("-inf"), high=1 / 3)
    assert found.model_dump() == {"value": None, "low": None, "high": 0.333333}


def test_flags_have_their_figures_and_the_named_remedy(tmp_path: Path) -> None:
    one = flag(remedies=(remedy(),), named=remedy(), waiver=WAIVER)
    write_flags(audit(one, flag("employees", AMBER)), tmp_path / "flags.csv")
    first, second = rows(tmp_path / "flags.csv")
    assert tuple(first) == COLUMNS
    assert first["legs"] == "F1 F2 F4"
    assert (first["gap_log_odds"], first["gap_low"]) == ("0.2", "0.19")
    assert first["remedy"] == "leave out registered_capital"
    assert (first["burden_before"], first["burden_after"]) == ("1.2", "1.01")
    assert first["waived_by"] == "Li Wei"
    assert second["remedy"] == ""


def test_cells_that_a_spreadsheet_would_run_are_defused(tmp_path: Path) -> None:
    write_flags(audit(flag(group="=HYPERLINK(1)")), tmp_path / "flags.csv")
    assert rows(tmp_path / "flags.csv")[0]["group"] == "'=HYPERLINK(1)"


def test_the_same_audit_gives_the_same_bytes(tmp_path: Path) -> None:
    found = audit(flag(remedies=(remedy(),), named=remedy()))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_audit(found, load_fairness(), tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 7
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    again = json.loads((tmp_path / "one" / "audit.json").read_text(encoding="utf-8"))
    assert Audit.model_validate(again) == found


def test_pictures_are_drawn_of_what_there_is(tmp_path: Path) -> None:
    assert draw_audit(audit(), tmp_path / "none") == []
    bare = flag(strength=Measured(), gap=Measured(), weight=Measured())
    assert draw_audit(audit(bare), tmp_path / "bare") == []
    whole = draw_audit(audit(flag(remedies=(remedy(),))), tmp_path / "whole")
    assert whole == ["before_and_after", "gaps", "strength_and_weight"]
    assert {p.stem for p in (tmp_path / "whole").iterdir()} == set(whole)


# ---- the page ------------------------------------------------------------------------------------


def test_a_stop_is_said_first_with_the_remedy_and_its_price(tmp_path: Path) -> None:
    one = flag(remedies=(remedy(), remedy(needs_attribute=True)), named=remedy(), said="It tells.")
    text = page(audit(one), load_fairness(), tmp_path)
    assert "The release is stopped: 1 RED finding that nobody has signed for" in text
    assert "RED-confirmed: registered capital and age of the legal representative" in text
    assert "<strong>leave out registered_capital</strong>" in text
    assert "-0.2 % is lost" in text or "-0.3 % is lost" in text
    assert "would need the attribute when scoring: evidence only" in text


def test_no_finding_is_no_proof(tmp_path: Path) -> None:
    text = page(audit(stops=(), passed=True), load_fairness(), tmp_path)
    assert "Nothing stops the release" in text
    assert "no proof of absence" in text


def test_waivers_of_every_state_are_printed(tmp_path: Path) -> None:
    states = {"waived": (WAIVER,), "lapsed": (WAIVER,), "unused_waivers": (WAIVER,)}
    text = page(audit(**states), load_fairness(), tmp_path)
    for state in ("in force", "lapsed", "names no RED finding"):
        assert f"<td>{state}</td>" in text
    assert text.count("Li Wei") == 3


def test_a_group_that_gains_is_said_to_gain(tmp_path: Path) -> None:
    gains = remedy(burden_before=Measured(value=0.84, low=0.8, high=0.87), works=False)
    text = page(audit(flag(remedies=(gains,))), load_fairness(), tmp_path)
    assert "inspected no more often than others" in text
    nothing = remedy(works=False, closes=False)
    text = page(audit(flag(remedies=(nothing,))), load_fairness(), tmp_path)
    assert "No remedy tried lowered the burden by enough" in text


def test_pointers_are_shown_as_such(tmp_path: Path) -> None:
    look = Look(
        attribute="sentiment", group="bad", told=Measured(value=0.7, low=0.68), load=0.031,
        most_input="complaint_visits", most_load=0.02, treatment_auc=0.66, treatment_p=0.005, look=True,
    )  # fmt: skip
    text = page(audit(looks=(look,)), load_fairness(), tmp_path)
    assert "None of this is a finding against an input" in text
    assert "visits after a complaint (2.0 %)" in text
    assert "None of this" not in page(audit(), load_fairness(), tmp_path)


def test_names_are_escaped_and_exemptions_have_their_basis(tmp_path: Path) -> None:
    uses = (
        Direct(
            input="size_class", attribute="size", how="reads firms.size_class", exempt=True, basis="Order 746"
        ),
        Direct(input="x", attribute="y", how="function of the attribute", exempt=False, basis=""),
    )  # fmt: skip
    text = page(audit(flag(group="<script>"), direct=uses), load_fairness(), tmp_path)
    assert "<script>" not in text
    assert "Order 746" in text
    assert "no exemption declared: RED" in text
