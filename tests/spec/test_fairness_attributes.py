"""Audited attributes: read, refused, joined by firm_id, banded, crossed; missing is never dropped."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_index.fairness.attributes import (
    AttributesError,
    Joined,
    banded,
    crossed,
    group_of,
    join,
    known,
    levels,
    read_attributes,
)
from risk_index.fairness.config import AuditedAttribute, load_fairness
from risk_index.fairness.evidence import Attribute

AS_OF = dt.date(2026, 6, 30)
FIRMS = pd.DataFrame({"firm_id": ["a", "b", "c", "d"]})


def entry(**given: object) -> AuditedAttribute:
    return AuditedAttribute.model_validate({"title": "x", **given})


def joined(text: str, tmp_path: Path, firms: pd.DataFrame = FIRMS, **declared: object) -> Joined:
    file = tmp_path / "attributes.csv"
    file.write_text(text, encoding="utf-8")
    entries = {name: entry(**given) for name, given in declared.items()}  # type: ignore[arg-type]
    return join(read_attributes(file), firms, entries, AS_OF)


# ---- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["attributes.csv", "attributes.csv.gz", "attributes.parquet"])
def test_csv_and_parquet_hold_the_same(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"firm_id": ["007", "b"], "sex": ["female", None]})
    file = tmp_path / name
    table.to_parquet(file) if name.endswith("parquet") else table.to_csv(file, index=False)
    found = read_attributes(file)
    assert found.firm_id.tolist() == ["007", "b"]
    assert found.sex.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,sex\na,male\n", "missing column firm_id; found id, sex"),
        ("firm_id,sex\na,male\na,female\nb,male\n", r"2 x firm_id named twice \(rows \[1, 2\]"),
        ("firm_id,sex\n,male\nb,male\n", "1 x firm_id empty"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "attributes.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(AttributesError, match=said):
        read_attributes(file)


def test_no_file_and_another_kind_of_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AttributesError, match="no such file"):
        read_attributes(tmp_path / "none.csv")
    (tmp_path / "a.xlsx").write_text("x")
    with pytest.raises(AttributesError, match="neither CSV nor Parquet"):
        read_attributes(tmp_path / "a.xlsx")
    (tmp_path / "a.parquet").write_text("no parquet")
    with pytest.raises(AttributesError, match="cannot be read"):
        read_attributes(tmp_path / "a.parquet")


# ---- joining -------------------------------------------------------------------------------------


def test_firms_keep_their_order_and_those_without_a_row_stay_unknown(tmp_path: Path) -> None:
    found = joined("firm_id,sex\nz,male\nc,female\na,male\nb,\n", tmp_path, sex={"column": "sex"})
    (sex,) = found.attributes
    assert sex.values.tolist() == ["male", None, "female", None]
    assert found.join_rate == 0.75
    assert found.unmatched == 1
    assert known(sex).tolist() == [True, False, True, False]


def test_age_is_counted_to_the_as_of_date_and_banded(tmp_path: Path) -> None:
    found = joined(
        "firm_id,born\na,1990\nb,1976\nc,1977\nd,\n",
        tmp_path,
        age={
            "column": "born",
            "measure": "age",
            "bands": {"under 50": [16, 50], "50 on": [50, 99]},
        },
    )
    assert found.attributes[0].values.tolist() == ["under 50", "50 on", "under 50", None]
    assert found.raw["age"].tolist()[:3] == [1990, 1976, 1977]


def test_a_band_holds_its_lower_end_and_not_its_upper() -> None:
    bands = {"low": (0.0, 1.0), "high": (1.0, 2.0)}
    numbers = np.array([0.0, 0.999, 1.0, 2.0, -1.0, np.nan])
    assert banded(numbers, bands).tolist() == ["low", "low", "high", None, None, None]


def test_the_records_stand_in_where_the_file_has_no_column(tmp_path: Path) -> None:
    firms = FIRMS.assign(**{"firms.ownership": ["state", None, "private", "state"]})
    declared = {"column": "ownership", "records": "firms.ownership"}
    of_records = joined("firm_id,sex\na,male\n", tmp_path, firms, owner=declared)
    assert of_records.attributes[0].values.tolist() == ["state", None, "private", "state"]
    of_file = joined("firm_id,ownership\na,foreign\n", tmp_path, firms, owner=declared)
    assert of_file.attributes[0].values.tolist() == ["foreign", None, None, None]


def test_what_is_not_there_and_what_is_not_declared_are_said(tmp_path: Path) -> None:
    found = joined(
        "firm_id,sex,shoe_size\na,male,41\n",
        tmp_path,
        sex={"column": "sex"},
        reviews={"column": "n_reviews", "kind": "continuous"},
    )
    assert found.missing == ("reviews",)
    assert found.unused == ("shoe_size",)


def test_no_firm_in_common_and_words_for_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AttributesError, match="none of the 4 firms is in the attributes file"):
        joined("firm_id,sex\ny,male\n", tmp_path, sex={"column": "sex"})
    with pytest.raises(AttributesError, match=r"attributes.n: 2 x no number \(first: many, few\)"):
        joined("firm_id,n\na,many\nb,few\nc,3\n", tmp_path, n={"column": "n", "kind": "continuous"})


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("stars\na,1\nb,5\nc,0.5\n", r"attributes.stars: 2 x outside every band \(first: 1.0, 5.0\)"),
        ("stars\na,1\nb,-1.2\n", r"mark has bad \[-1, 0\), good \[0, 1\). Correct them"),
    ],
)  # fmt: skip
def test_values_outside_every_band_are_refused_and_not_made_unknown(
    tmp_path: Path, column: str, said: str
) -> None:
    bands = {"bad": [-1, 0], "good": [0, 1]}
    with pytest.raises(AttributesError, match=said):
        joined(f"firm_id,{column}", tmp_path, mark={"column": "stars", "bands": bands})


def test_an_age_given_for_a_year_of_birth_is_refused(tmp_path: Path) -> None:
    bands = {"under 50": [16, 50], "50 on": [50, 110]}
    age = {"column": "born", "measure": "age", "bands": bands}
    with pytest.raises(AttributesError, match="years of age, from the year of birth"):
        joined("firm_id,born\na,45\nb,61\n", tmp_path, age=age)


def test_the_shipped_bands_take_in_every_legitimate_value() -> None:
    entries = load_fairness().attributes
    marks, ages = np.linspace(-1, 1, 2001), np.arange(16.0, 110.0)
    assert not pd.isna(banded(marks, entries["sentiment"].bands)).any()
    assert not pd.isna(banded(ages, entries["legal_rep_age"].bands)).any()


def test_whole_numbers_read_alike_with_and_without_empty_cells(tmp_path: Path) -> None:
    """A column of whole numbers with an empty cell is read as 1.0, 2.0."""
    declared = {"column": "class", "adverse": [1]}
    for text in ("a,1\nb,2\nc,1\n", "a,1\nb,2\nc,1\nd,\n"):
        (found,) = joined(f"firm_id,class\n{text}", tmp_path, size=declared).attributes
        assert found.values.tolist() == ["1", "2", "1", None]


def test_a_compressed_file_cut_short_is_refused(tmp_path: Path) -> None:
    text = "firm_id,sex\n" + "".join(f"F{n * n},male\n" for n in range(500))
    whole = gzip.compress(text.encode())
    file = tmp_path / "attributes.csv.gz"
    for cut in (0.3, 0.99):
        file.write_bytes(whole[: int(len(whole) * cut)])
        with pytest.raises(AttributesError, match=r"cannot be read \(.*Save it anew"):
            read_attributes(file)
    broken = bytearray(whole)
    broken[len(broken) // 2] ^= 0xFF
    file.write_bytes(bytes(broken))
    with pytest.raises(AttributesError, match="cannot be read"):
        read_attributes(file)


# ---- groups --------------------------------------------------------------------------------------


def test_two_attributes_are_crossed_without_small_cells() -> None:
    sex = Attribute("sex", "categorical", np.array(["f"] * 4 + ["m"] * 6 + [None], dtype=object))
    age = Attribute("age", "categorical", np.array(["y", "o"] * 5 + ["y"], dtype=object))
    both = crossed(sex, age, least=3)
    assert both is not None
    assert both.name == "sex x age"
    assert levels(both) == ["m x o", "m x y"]
    assert known(both).sum() == 6
    assert crossed(sex, age, least=4) is None
    assert crossed(sex, Attribute("n", "continuous", np.zeros(11)), least=1) is None


def test_cells_are_watched_where_each_part_is() -> None:
    sex = Attribute("sex", "categorical", np.array(["f", "m"] * 6, dtype=object))
    age = Attribute("age", "categorical", np.array(list("yyoomm") * 2, dtype=object), ("y", "o"))
    both = crossed(age, sex, least=1)
    assert both is not None
    assert both.adverse == ("y x f", "y x m", "o x f", "o x m")
    owner = Attribute("owner", "categorical", sex.values, ("f",))
    assert crossed(age, owner, least=1).adverse == ("y x f", "o x f")  # type: ignore[union-attr]
    assert crossed(sex, sex, least=1).adverse == ()  # type: ignore[union-attr]


def test_a_number_is_shown_in_thirds() -> None:
    values = np.array([5.0, np.nan, 1.0, 9.0, 3.0, 7.0, 2.0])
    group = group_of(Attribute("n", "continuous", values))
    assert group[1] is None
    assert group[3] == "high third"
    assert group[2] == "low third"
    assert {g for g in group if g} == set(levels(Attribute("n", "continuous", values)))


def test_every_shipped_attribute_is_built_from_a_file(tmp_path: Path) -> None:
    config = load_fairness()
    columns = {e.column for e in config.attributes.values() if e.column}
    row = dict.fromkeys(columns, 1) | {"legal_rep_birth_year": 1970}
    pd.DataFrame([{"firm_id": "a", **row}]).to_csv(tmp_path / "a.csv", index=False)
    firms = pd.DataFrame({"firm_id": ["a"], "sources.reporting_rate": [0.4]})
    found = join(read_attributes(tmp_path / "a.csv"), firms, config.attributes, AS_OF)
    assert found.missing == ()
    by_name = {attribute.name: attribute for attribute in found.attributes}
    assert by_name["legal_rep_age"].values.tolist() == ["50 and over"]
    assert by_name["sentiment"].values.tolist() == ["good (0 or above)"]
    assert by_name["reporting"].kind == "continuous"
