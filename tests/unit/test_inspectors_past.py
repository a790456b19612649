"""Earlier visits and groups as accepted records state them: corrected, up to a day, with one hash."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from features.records import open_records
from risk_index.inspectors.past import Past, past_in

DAY = dt.date
FIRMS = """firm_id,name,registered_on,group_id,recorded_on
F1,Alpha,2010-01-01,G1,2010-01-01
F1,Alpha,2010-01-01,G2,2020-01-01
F2,Beta,2010-01-01,,2010-01-01
F3,Gamma,2010-01-01,G9,2010-01-01
"""
VISITS = """inspection_id,firm_id,inspected_on,inspector_id,violation,recorded_on
V1,F1,2024-01-10,I1,0,2024-01-11
V2,F1,2025-01-10,I1,0,2025-01-11
V3,F2,2025-02-10,I2,0,2025-02-11
V3,F2,2025-02-10,I3,0,2025-03-11
V4,F2,2025-04-10,,0,2025-04-11
V5,F2,2025-05-10,I4； I5,0,2025-05-11
V6,F3,2025-05-10,I1,0,2025-05-11
"""


def test_the_past_of_the_firms_drawn_and_of_no_other(tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text(FIRMS, encoding="utf-8")
    (tmp_path / "inspections.csv").write_text(VISITS, encoding="utf-8")
    with open_records(tmp_path, today=DAY(2026, 1, 1)) as records:
        past = past_in(records, ["F1", "F2", "F8"], DAY(2026, 1, 1))
    assert past == Past(
        {
            ("I1", "F1"): DAY(2025, 1, 10),
            ("I3", "F2"): DAY(2025, 2, 10),
            ("I4", "F2"): DAY(2025, 5, 10),
            ("I5", "F2"): DAY(2025, 5, 10),
        },
        {"F1": frozenset({"G1", "G2"})},
    )


def test_records_without_any_visit(tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text(FIRMS, encoding="utf-8")
    (tmp_path / "inspections.csv").write_text(VISITS.splitlines()[0] + "\n", encoding="utf-8")
    with open_records(tmp_path, today=DAY(2026, 1, 1)) as records:
        assert past_in(records, ["F2"], DAY(2026, 1, 1)) == Past({}, {})


def test_visits_from_the_first_day_of_the_round_on_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text(FIRMS, encoding="utf-8")
    (tmp_path / "inspections.csv").write_text(VISITS, encoding="utf-8")
    with open_records(tmp_path, today=DAY(2026, 1, 1)) as records:
        days = [past_in(records, ["F1"], DAY(2025, 1, n)).visits for n in (10, 11)]
    assert days == [{("I1", "F1"): DAY(2024, 1, 10)}, {("I1", "F1"): DAY(2025, 1, 10)}]


def test_the_hash_is_that_of_the_content_whatever_the_order() -> None:
    visits = {("I1", "F1"): DAY(2025, 1, 10), ("I2", "F1"): DAY(2025, 1, 11)}
    groups = {"F1": frozenset({"G1", "G2"}), "F2": frozenset({"G1"})}
    turned = Past(dict(reversed(visits.items())), dict(reversed(groups.items())))
    one = Past(visits, groups)
    assert one.sha256 == turned.sha256
    assert (
        one.sha256
        == hashlib.sha256(
            b'[[["I1", "F1", "2025-01-10"], ["I2", "F1", "2025-01-11"]], '
            b'[["F1", ["G1", "G2"]], ["F2", ["G1"]]]]'
        ).hexdigest()
    )
    others = [
        Past({("I1", "F1"): DAY(2025, 1, 10)}, groups),
        Past(visits | {("I1", "F1"): DAY(2025, 1, 9)}, groups),
        Past(visits, groups | {"F2": frozenset({"G3"})}),
        Past({}, {}),
    ]
    assert len({past.sha256 for past in (one, *others)}) == 5
