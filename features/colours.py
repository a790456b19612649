"""Whether a list commends (red) or warns (black), by the words of its names; never by guess.

The words stand in ``configs/headings.yaml``. Words of both colours in one name say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from features.cells import plain
from features.headings import TableHeadings

JUDGMENT_DEFAULTERS, JUDGMENT_DEFAULT = "judgment_defaulters", "judgment_default"
"""The list of judgment debtors in default, and the ground of every entry in it."""


def colour_of(text: str, table: TableHeadings) -> str:
    """Return the one colour whose words a text holds; "" for none or both.

    >>> from features.headings import catalogue
    >>> listings = catalogue().of("listings")
    >>> [colour_of(t, listings) for t in ("诚信红名单", "失信被执行人名单", "红黑名单", "名单")]
    ['red', 'black', '', '']
    """
    found = _colours(text, table)
    return found.pop() if len(found) == 1 else ""


def _colours(text: str, table: TableHeadings) -> set[str]:
    own = plain(text).lower()
    return {colour for colour, words in table.colours.items() if any(word in own for word in words)}


def colour_of_sheet(names: Iterable[str], headings: str, table: TableHeadings) -> str:
    """Return the colour of a sheet: the first of its names that says one, unless the headings differ.

    Parameters
    ----------
    names : iterable of str
        Name of the sheet, titles above the heading, name of the file.
    headings : str
        All headings in one text.
    table : TableHeadings
        The words of each colour.

    Returns
    -------
    str
        "red", "black", or "" where nothing says it or two things disagree.
    """
    first: set[str] = next((found for name in names if (found := _colours(name, table))), set())
    said = first | _colours(headings, table)
    return said.pop() if len(said) == 1 else ""


def list_of(names: Iterable[str], colour: str, table: TableHeadings) -> str:
    """Return the list that the first telling name tells, else the colour's own: red_list, black_list."""
    found = (value for name in names for word, value in table.lists if word in plain(name))
    return next(found, f"{colour}_list")
