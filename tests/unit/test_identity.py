"""Identity numbers against python-stdnum, every single substitution, and headings that name persons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_2

from features.identity import (
    credit_code_checks,
    is_citizen_number,
    looks_like_credit_code,
    names_a_person,
)

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE = "91110000600037341L"
CITIZEN = "11010519491231002X"


def valid_code(code: str) -> bool:
    """Tell whether a text has the form of a credit code and the right check character."""
    return bool(looks_like_credit_code([code])[0]) and bool(credit_code_checks([code])[0][0])


def organisation_check(body: str) -> str:
    """Check character of an organisation code of eight characters, as GB 11714 writes it down."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    digit = 11 - sum(int(c, 36) * w for c, w in zip(body, weights, strict=True)) % 11
    return {10: "X", 11: "0"}.get(digit, str(digit))


codes = st.builds(
    "{}{}{}{}".format,
    st.sampled_from("159AY"),
    st.sampled_from("1239"),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=10, max_size=10),
)


@given(codes)
def test_credit_codes_agree_with_stdnum(code: str) -> None:
    assert valid_code(code) == (code[17] == uscc.calc_check_digit(code[:17]))
    if code[0].isdigit():  # stdnum knows no departments A, N and Y
        assert valid_code(code) == uscc.is_valid(code)
    right = code[:17] + uscc.calc_check_digit(code[:17])
    assert valid_code(right)


def test_every_single_substitution_is_found() -> None:
    assert uscc.is_valid(CODE)
    wrong = [CODE[:i] + c + CODE[i + 1 :] for i in range(18) for c in ALPHABET if c != CODE[i]]
    assert len(wrong) == 540
    assert not any(valid_code(code) for code in wrong)
    assert not any(uscc.is_valid(code) for code in wrong)


@given(codes)
def test_inner_check_is_that_of_gb_11714(code: str) -> None:
    body = code[8:16]
    inner = organisation_check(body)
    assert credit_code_checks([code])[1][0] == (code[16] == inner)
    if inner in ALPHABET:
        assert credit_code_checks([code[:16] + inner + code[17]])[1][0]


def test_the_example_of_gb_11714() -> None:
    assert organisation_check("D2143569") == "X"
    assert credit_code_checks(["91110000D2143569X0"])[1].tolist() == [True]


def test_no_codes_at_all() -> None:
    valid, inner = credit_code_checks([])
    assert valid.shape == inner.shape == (0,)
    assert is_citizen_number([]).shape == looks_like_credit_code([]).shape == (0,)


bodies = st.builds(
    "{}{:04d}{:02d}{:02d}{:03d}".format,
    st.sampled_from(["110105", "310115", "440524", "510104"]),
    st.integers(1900, 2025),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 999),
)


@given(bodies, st.sampled_from("0123456789X"))
def test_citizen_numbers_agree_with_iso_7064_and_stdnum(body: str, check: str) -> None:
    number = body + check
    flag = bool(is_citizen_number([number])[0])
    assert flag == mod_11_2.is_valid(number)
    if ric.is_valid(number):
        assert flag


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (CITIZEN, True),
        (CITIZEN.lower(), True),
        ("11010519491231002x", True),
        ("110105194912310021", False),  # wrong check character
        ("11010519491331002X", False),  # a 13th month
        ("1101051949123100", False),  # too short
        (CODE, False),
        ("", False),
    ],
)
def test_citizen_numbers(number: str, expected: bool) -> None:
    assert is_citizen_number([number]).tolist() == [expected]


def test_flags_keep_their_places() -> None:
    assert is_citizen_number(["x", CITIZEN, "", CODE]).tolist() == [False, True, False, False]
    assert looks_like_credit_code(["x", CODE, CODE.lower()]).tolist() == [False, True, False]


@pytest.mark.parametrize(
    "heading",
    [
        "legal_rep_name", "Legal_Representative_Name", "legalRepName", "rep_phone", "owner_name",
        "contact_person", "Contact_Email", "manager_mobile", "mobile", "mobile_no", "phone",
        "Telephone", "id_card", "ID_Number", "passport_no", "citizen_id", "surname", " email ",
        "法定代表人", "法定代表人姓名", "法人姓名", "身份证号", "负责人", "联系人", "联系电话", "手机",
    ],
)  # fmt: skip
def test_headings_that_name_a_person(heading: str) -> None:
    assert names_a_person(heading)


@pytest.mark.parametrize(
    "heading",
    [
        "name", "firm_name", "legal_name", "trading_name", "department_name", "reporting_name",
        "corporate_name", "automobile_licence", "mobile_food_vendor", "personnel", "ownership",
        "inspector_id", "registered_capital", "legal_form", "名称", "法人单位", "企业名称",
    ],
)  # fmt: skip
def test_headings_that_do_not(heading: str) -> None:
    assert not names_a_person(heading)
