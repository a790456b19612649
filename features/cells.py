"""What stands in a cell: identifiers, days and amounts as Chinese spreadsheets write them, in plain form.

Every function returns the plain form, or the text as it came where it cannot be read: the rules of the
record tables then reject it, with its row and value. A text such as 1_000, which is no number here but one
for the database, gets a mark, so that nothing passes that was not read.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

_CODE = re.compile(r"[0-9A-Za-z]{18}")
_DAY = re.compile(r"(\d{4})(?:年|[-/.])(\d{1,2})(?:月|[-/.])(\d{1,2})日?(?:[T ]?\d{1,2}:\d{2}.*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_FIRST_SERIAL, _LAST_SERIAL = 18264, 73050  # 1950-01-01 and 2099-12-31
_EPOCH = dt.date(1899, 12, 30)
"""Day 0 of a spreadsheet's serial numbers (from March 1900 on)."""
_DIGITS = (
    r"[-+]?(?:(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][-+]?[0-9]{1,3})?"
)
_NUMBER = re.compile(_DIGITS)
_AMOUNT = re.compile(rf"(?:人民币|RMB|CNY|[¥￥])?({_DIGITS})([^0-9]*)", re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(r"[\s0-9_.eE+-]+")
_ROUNDED = re.compile(r"\d(\.\d+)?[Ee]\+?\d+")


def text_of(cell: object) -> str:
    """Return a cell as text without blanks around it; empty cells as "".

    >>> text_of(3.0), text_of(dt.datetime(2021, 3, 5)), text_of(None)
    ('3', '2021-03-05', '')
    """
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return "" if cell is None else str(cell).strip()


def plain(text: str) -> str:
    """Return half-width forms of full-width signs, without blanks (NFKC).

    >>> plain("２０２１ 年３月")
    '2021年3月'
    """
    return "".join(unicodedata.normalize("NFKC", text).split())


def identifier(text: str) -> str:
    """Return an identifier: half-width, without blanks and a spreadsheet's marks for text.

    >>> identifier("'９１１１００００600037341l "), identifier('="007"')
    ('91110000600037341L', '007')
    """
    found = plain(text)
    if found.startswith('="') and found.endswith('"'):
        found = found[2:-1]
    found = found.lstrip("'`")
    return found.upper() if _CODE.fullmatch(found) else found


def is_rounded(text: str) -> bool:
    """Tell whether an identifier is a number that a spreadsheet has rounded, such as 9.133E+17."""
    return _ROUNDED.fullmatch(plain(text)) is not None and "." in text


def day(text: str) -> str:
    """Return a day as YYYY-MM-DD.

    Read are 2021年3月5日, 2021-3-5, 2021/3/5, 2021.3.5 (a time of day may follow), 20210305 and the serial
    numbers of spreadsheets from 1950 to 2099. Days written with two digits for the year, or with the year
    last, are not: nobody could tell the month from the day.

    >>> day("２０２１年３月５日"), day("20210305"), day("44260"), day("2021.3.5 09:30"), day("05/03/2021")
    ('2021-03-05', '2021-03-05', '2021-03-05', '2021-03-05', '05/03/2021')
    """
    normal = " ".join(unicodedata.normalize("NFKC", text).split())
    compact = re.sub(r" ?([年月日]) ?", r"\1", normal).removesuffix(".")
    if match := _DAY.fullmatch(compact) or _COMPACT.fullmatch(compact):
        return _iso(*match.groups()) or text
    if _SERIAL.fullmatch(compact) and _FIRST_SERIAL <= float(compact) <= _LAST_SERIAL:
        return (_EPOCH + dt.timedelta(days=int(float(compact)))).isoformat()
    return text


def _iso(year: str, month: str, number: str) -> str:
    try:
        return dt.date(int(year), int(month), int(number)).isoformat()
    except ValueError:
        return ""


def amount(text: str, units: Mapping[str, float], of_heading: str = "") -> str:
    """Return an amount in yuan; the cell's own unit goes before that of the heading.

    Parameters
    ----------
    text : str
        The cell.
    units : mapping
        Unit -> yuan.
    of_heading : str
        Unit that the heading states; "" where it states none.

    Examples
    --------
    >>> units = {"元": 1, "万元": 10000}
    >>> amount("3.5万元", units), amount("１，２００", units, "万元"), amount("500万美元", units)
    ('35000', '12000000', '500万美元')
    >>> amount(".5", units, "万元"), amount("1.5E+03", units, "万元"), amount("1_000", units, "万元")
    ('5000', '15000000', '1_000 (not read)')
    """
    match = _AMOUNT.fullmatch(plain(text))
    if match is None:
        return _unread(text)
    digits, unit = match[1], match[2].removesuffix("整") or of_heading or "元"
    number = _number(digits)
    if number is None or unit not in units:
        return _unread(text)
    return _decimal_text(number * Decimal(str(units[unit])))


def has_unit(text: str) -> bool:
    """Tell whether an amount needs no unit of the heading: it has its own, or is nothing.

    >>> has_unit("3.5万元"), has_unit("0.00"), has_unit("35")
    (True, True, False)
    """
    number = _number(plain(text))
    return number is None or number == 0


def number(text: str) -> str:
    """Return a number without thousands separators; a percentage as a share.

    >>> number("1,200"), number("５％"), number("1,2")
    ('1200', '0.05', '1,2')
    """
    found = plain(text)
    value = _number(found.removesuffix("%").removesuffix("人"))
    if value is None:
        return _unread(text)
    return _decimal_text(value / 100 if found.endswith("%") else value)


def _number(text: str) -> Decimal | None:
    """Return the number; None where it is none, or its commas do not part thousands."""
    if _NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


def _unread(text: str) -> str:
    """Return a text that cannot be read as it came, with a mark where the database would read it."""
    return f"{text} (not read)" if _LIKE_A_NUMBER.fullmatch(text) else text


def _decimal_text(value: Decimal) -> str:
    normal = value.normalize()
    return format(normal, "f")
