"""The gate, its waivers, and the year's error budget."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest

from risk_index.errors import SettingsError
from risk_index.fairness.config import FAIRNESS_CONFIG, load_fairness
from risk_index.fairness.gate import AuditStops, Waiver, WaiverError, gate, read_waivers
from risk_index.fairness.ledger import (
    LedgerError,
    Spending,
    account,
    read_ledger,
    write_ledger,
)

TODAY = dt.date(2026, 7, 1)


@dataclass(frozen=True)
class Found:
    input: str
    attribute: str = "age"
    red: bool = True


def waiver(name: str = "capital", expires: str = "2026-12-31", attribute: str = "age") -> Waiver:
    return Waiver.model_validate(
        {
            "person": "Li Wei, deputy director",
            "reason": "capital is verified from July on",
            "expires": expires,
            "input": name,
            "attribute": attribute,
        }
    )


# ---- the gate ------------------------------------------------------------------------------------


def test_a_red_stops_and_anything_else_does_not() -> None:
    shut = gate([Found("capital"), Found("age", red=False)], [], TODAY)
    assert shut.stops == (("capital", "age"),)
    assert not shut.passed
    assert gate([Found("capital", red=False)], [], TODAY).passed


def test_a_waiver_opens_the_gate_for_its_own_finding_alone() -> None:
    found = [Found("capital"), Found("capital", "sex"), Found("complaints")]
    shut = gate(found, [waiver()], TODAY)
    assert shut.waived == (waiver(),)
    assert shut.stops == (("capital", "sex"), ("complaints", "age"))


@pytest.mark.parametrize(
    ("expires", "holds"),
    [("2026-07-01", True), ("2026-06-30", False), ("2027-07-02", True), ("2027-07-03", False)],
)
def test_a_waiver_holds_to_its_day_and_for_a_year_at_most(expires: str, holds: bool) -> None:
    shut = gate([Found("capital")], [waiver(expires=expires)], TODAY)
    assert shut.passed == holds
    assert (shut.lapsed == ()) == holds


def test_a_waiver_of_nothing_is_named() -> None:
    shut = gate([], [waiver()], TODAY)
    assert shut.unused == (waiver(),)
    assert shut.passed


def test_the_refusal_says_what_where_and_what_to_do() -> None:
    found = [Found(f"x{n}") for n in range(5)]
    shut = gate(found, [waiver(expires="2020-01-01")], TODAY)
    with pytest.raises(AuditStops) as error:
        shut.refuse("out/audit.html")
    said = str(error.value)
    assert "5 RED (x0 for age; x1 for age; x2 for age and 2 more)" in said
    assert "1 waivers have lapsed" in said
    assert "out/audit.html" in said
    assert "person, reason, expires, input, attribute" in said
    gate([], [], TODAY).refuse("nowhere")


def test_waivers_are_read_whole_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    row = "person: Li, reason: r, expires: 2026-12-31, input: x, attribute: age"
    file.write_text(f"- {{{row}}}\n", encoding="utf-8")
    assert [w.person for w in read_waivers(file)] == ["Li"]
    assert read_waivers(None) == ()
    for broken, said in (
        ("- {person: Li}", "waiver 0.reason: Field required"),
        ("- {" + row.replace("Li", "' '") + "}", "must not be empty"),
        (f"- {{{row}, until: never}}", "until"),
        ("- [", "cannot be read as YAML"),
    ):
        file.write_text(broken, encoding="utf-8")
        with pytest.raises(WaiverError, match=said):
            read_waivers(file)


# ---- the year's budget ---------------------------------------------------------------------------


def spending(version: str, day: str) -> Spending:
    as_of = dt.date.fromisoformat(day)
    return Spending(year=as_of.year, as_of=as_of, model_version=version, level=0.0125)


def test_audits_of_a_year_share_its_level() -> None:
    entries: tuple[Spending, ...] = ()
    for number, version in enumerate("abcd", start=1):
        mine = account(entries, version, TODAY, 0.05, 4)
        assert mine.level == 0.0125
        assert mine.number == number
        assert not mine.overspent
        entries = mine.entries
    assert mine.spent == pytest.approx(0.05)
    fifth = account(entries, "e", TODAY, 0.05, 4)
    assert fifth.overspent
    assert "More than planned" in fifth.said()


def test_the_same_model_spends_once_and_a_new_year_begins_anew() -> None:
    entries = (spending("a", "2026-01-31"), spending("b", "2026-03-31"))
    again = account(entries, "b", dt.date(2026, 3, 31), 0.05, 4)
    assert again.number == 2
    assert len(again.entries) == 2
    next_year = account(entries, "c", dt.date(2027, 1, 31), 0.05, 4)
    assert next_year.number == 1
    assert len(next_year.entries) == 3


def test_a_ledger_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "ledger.json"
    assert read_ledger(file) == ()
    entries = (spending("a", "2026-01-31"),)
    write_ledger(file, entries)
    assert read_ledger(file) == entries
    assert [path.name for path in file.parent.iterdir()] == ["ledger.json"]
    file.write_text("{", encoding="utf-8")
    with pytest.raises(LedgerError, match="no ledger of audits"):
        read_ledger(file)


# ---- settings ------------------------------------------------------------------------------------


def test_the_shipped_thresholds_are_those_of_the_methods() -> None:
    limits = load_fairness().thresholds(TODAY)
    assert (limits.burden_falls, limits.harm_lost) == (0.02, 0.01)
    assert (limits.movable_share, limits.least_events) == (0.01, 5)
    assert limits.least_firms == 100


def test_a_threshold_is_dated(tmp_path: Path) -> None:
    old = 'value: 0.05, reference: "docs/fairness.md; Benj'
    text = FAIRNESS_CONFIG.read_text(encoding="utf-8")
    later = '{from: 2027-01-01, value: 0.1, reference: "a later order"}, {from: 2000-01-01, '
    assert old in text
    changed = text.replace("{from: 2000-01-01, " + old, later + old)
    (tmp_path / "f.yaml").write_text(changed, encoding="utf-8")
    config = load_fairness(tmp_path / "f.yaml")
    assert config.thresholds(dt.date(2026, 12, 31)).false_discovery == 0.05
    assert config.thresholds(dt.date(2027, 1, 1)).false_discovery == 0.1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("adverse: [under 36, 50 and over]", "adverse: [ancient]", "adverse names no band"),
        ("  - attribute: size\n", "  - attribute: shoe_size\n", "no attribute"),
        ("title: ownership", "heading: ownership", "heading"),
        ("value: 0.02, ref", "value: 7, ref", "must lie within"),
        ("  harm_lost:", "  harm_gone:", "thresholds must be"),
        ("by: outsider", "by: nobody", "by"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = FAIRNESS_CONFIG.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "f.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load_fairness(tmp_path / "f.yaml")


def test_an_exemption_names_its_basis() -> None:
    config = load_fairness()
    assert "State Council Order 746" in config.exemption("size_class", "size")
    assert config.exemption("size_class", "ownership") == ""
    assert config.exemption("size_class", "legal_rep_age x size") != ""
