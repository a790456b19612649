"""Who is who in quality.json: kinds of ids, rows that find their firm, double firms."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from features.identity import old_number_checks
from features.quality import Quality
from features.records import open_records

CODE, OLD = "91110000600037341L", "110108000000016"


@given(st.from_regex(r"[1-9][0-9]{14}", fullmatch=True))
def test_old_registration_numbers_agree_with_stdnum(number: str) -> None:
    right = number[:14] + mod_11_10.calc_check_digit(number[:14])
    assert old_number_checks([number, right]).tolist() == [mod_11_10.is_valid(number), True]
    assert not old_number_checks([right[:14], right + "0", "0" + right[1:]]).any()


def check(folder: Path, firms: str, penalties: str = "") -> Quality:
    (folder / "firms.csv").write_text(
        "firm_id,name,region,group_id,recorded_on,closed_on\n" + firms, encoding="utf-8"
    )
    (folder / "inspections.csv").write_text(
        "inspection_id,firm_id,inspected_on\n", encoding="utf-8"
    )
    (folder / "penalties.csv").write_text(
        "penalty_id,firm_id,source,decided_on\n" + penalties, encoding="utf-8"
    )
    with open_records(folder, today=dt.date(2021, 1, 1)) as records:
        return records.quality


def test_ids_renamed_firms_and_controllers_are_counted(tmp_path: Path) -> None:
    quality = check(
        tmp_path,
        f"{CODE},one,N,g,2020-01-01,\n{CODE},two,N,g,2020-02-01,\n{OLD},three,N,g,2020-01-01,\n"
        "other,four,N,,2020-01-01,\n110108000000017,five,N,,2020-01-01,\n",
    )
    found = json.loads(quality.as_json())["identity"]
    assert {name: value for name, value in found.items() if name != "matches"} == {
        "firms": 4,
        "credit_codes": 1,
        "credit_code_share": 0.25,
        "wrong_inner_character": 0,
        "old_registration_numbers": 1,
        "other_ids": 2,
        "renamed_firms": 1,
        "controllers_of_several_firms": 1,
    }


def test_match_rates_are_told_by_table_and_source(tmp_path: Path) -> None:
    rows = "1,a,s,2020-01-01\n2,a,t,2020-01-01\n3,nobody,t,2020-01-01\n4,a,,2020-01-01\n"
    quality = check(tmp_path, "a,,,,,\n", rows)
    assert [(m["source"], m["rows"], m["rate"]) for m in quality.identity["matches"]] == [
        ("", 1, 1.0),
        ("s", 1, 1.0),
        ("t", 2, 0.5),
    ]


def test_probable_doubles_are_listed_and_not_merged(tmp_path: Path) -> None:
    quality = check(
        tmp_path,
        f"{CODE},华光（北京）公司,N,,,\n{OLD},华光(北京) 公司,N,,,\n"
        "x,twin,N,,,\ny,Tw　in,N,,,\nz,twin,S,,,\nw,twin,N,,,2020-01-01\nu,-,N,,,\nv,.,N,,,\n",
    )
    renumbered, others = quality.failures
    assert renumbered.first_ids == (f"{OLD} = {CODE}",)
    assert renumbered.rule.startswith("old registration number")
    assert others.first_ids == ("x = y",)
    assert {renumbered.action, others.action} == {"noted"}
    assert quality.tables[0].n_accepted == 8
