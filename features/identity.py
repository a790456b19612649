"""Whose number is it: unified social credit codes, citizens' numbers, columns that name a person.

Sources: GB 32100-2015 (unified social credit code), GB 11714-1997 (organisation code inside it),
GB 11643-1999 (citizen identity number, check character by ISO 7064 MOD 11-2), GS 15-2006 (registration
number of 15 digits, used before the credit code; check digit by ISO 7064 MOD 11,10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(rf"[1-9ANY][1-59][0-9]{{6}}[{_ALPHABET}]{{10}}")
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_OLD_NUMBER = re.compile(r"[1-9][0-9]{14}")
_CITIZEN = re.compile(r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dX]", re.A)
_OF_A_PERSON = re.compile(
    r"(?<![0-9A-Za-z])(?:[1-8]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
    r"|(?:\+?86[- ]?)?1[3-9]\d{9})(?![0-9A-Za-z])",
    re.A,
)
NOT_COPIED = "(a person's, not copied)"
"""Stands in reports where an identity or mobile number stood."""
_CITIZEN_WEIGHTS = np.array([pow(2, 17 - i, 11) for i in range(17)])

_PERSON = re.compile(
    r"id_?card|identity_?(no|num|card)|citizen_?id|passport|contact_?person|"
    r"(^|_)mobile(_?(no|num|phone|tel)\w*)?$|^legal_?(rep|representative|person)$|"
    r"(^|_)(legal_?)?(rep|representative|person|owner|contact|manager)(_\w+?)?_?"
    r"(name|phone|tel|mobile|id_?no|id_?num|email)|"
    r"^(id_?no|id_?number|phone|telephone|email|surname|first_?name|last_?name)$|"
    r"身份证|证件号|护照|手机|电话|邮箱|法定代表人(姓名|$)|法人(姓名|代表$)|负责人(姓名|$)|联系人"
)


def _characters(codes: list[str]) -> npt.NDArray[np.int64]:
    """Return 18-character codes as an (n, 18) array of code points."""
    return np.array(codes, dtype="U18").view(np.uint32).reshape(len(codes), 18).astype(np.int64)


def _flag(codes: Iterable[str], pattern: re.Pattern[str]) -> tuple[Flags, list[str]]:
    texts = list(codes)
    matches = np.array([pattern.fullmatch(text) is not None for text in texts], dtype=bool)
    return matches, [text for text, match in zip(texts, matches, strict=True) if match]


def is_citizen_number(codes: Iterable[str]) -> Flags:
    """Tell which texts are valid citizen identity numbers (18 characters, birth date, check).

    >>> is_citizen_number(["11010519491231002X", "110105194912310021"]).tolist()
    [True, False]
    """
    flags, texts = _flag((code.upper() for code in codes), _CITIZEN)
    if texts:
        points = _characters(texts)
        total = (points[:, :17] - ord("0")) @ _CITIZEN_WEIGHTS
        check = np.array([ord(c) for c in "10X98765432"])[total % 11]
        flags[flags] = points[:, 17] == check
    return flags


def looks_like_credit_code(codes: Iterable[str]) -> Flags:
    """Tell which texts have the form of a unified social credit code, valid or not."""
    return _flag(codes, _USCC)[0]


def credit_code_checks(codes: Iterable[str]) -> tuple[Flags, Flags]:
    """Check unified social credit codes.

    Parameters
    ----------
    codes : iterable of str
        Texts for which :func:`looks_like_credit_code` holds.

    Returns
    -------
    valid, inner_valid : ndarray of bool, shape (n,)
        Whether the 18th character (GB 32100) and the organisation code's own check character at
        place 17 (GB 11714) are right. A wrong 18th character is a wrong number; a wrong inner one
        occurs in codes in use and is only worth a note.

    Examples
    --------
    >>> credit_code_checks(["91110000600037341L", "91110000600037340L"])[0].tolist()
    [True, False]
    """
    texts = list(codes)
    if not texts:
        return np.zeros(0, bool), np.zeros(0, bool)
    value = np.full(128, -1)
    value[[ord(c) for c in _ALPHABET]] = np.arange(31)
    points = _characters(texts)
    values = value[points]
    valid = (31 - (values[:, :17] @ _USCC_WEIGHTS) % 31) % 31 == values[:, 17]
    inner = np.where(points >= ord("A"), points - ord("A") + 10, points - ord("0"))
    digit = (11 - (inner[:, 8:16] @ _ORGANISATION_WEIGHTS) % 11) % 11
    expected = np.where(digit == 10, ord("X"), digit + ord("0"))
    return valid, points[:, 16] == expected


def old_number_checks(codes: Iterable[str]) -> Flags:
    """Tell which texts are registration numbers of 15 digits with a right check digit.

    >>> old_number_checks(["110108000000016", "110108000000017"]).tolist()
    [True, False]
    """
    flags, texts = _flag(codes, _OLD_NUMBER)
    if texts:
        digits = np.array([list(text) for text in texts]).astype(int)
        product = np.full(len(texts), 10)
        for digit in digits[:, :14].T:
            total = (product + digit) % 10
            product = np.where(total == 0, 10, total) * 2 % 11
        flags[flags] = (product + digits[:, 14]) % 10 == 1
    return flags


def without_persons(text: str) -> str:
    """Return a text for a report: identity and mobile numbers give way to a mark.

    >>> without_persons("A, 11010519491231002X"), without_persons("91110000600037341L 13800000000")
    ("A, (a person's, not copied)", "91110000600037341L (a person's, not copied)")
    """
    return _OF_A_PERSON.sub(NOT_COPIED, text)


def names_a_person(column: str) -> bool:
    """Tell whether a column's heading says that it identifies a person.

    >>> names_a_person("legal_rep_name"), names_a_person("name"), names_a_person("法定代表人")
    (True, False, True)
    """
    return _PERSON.search(column.strip().lower()) is not None
