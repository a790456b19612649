"""The sampling frame: one line a firm, checked as it is read, kept as the bytes that are committed to."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from risk_index.draw.errors import FrameError
from risk_index.frame_columns import BILLION, FRAME_COLUMNS

CHUNK_BYTES = 1 << 17
FEW_LINES = 64
TEXT, NAME = r"[^\x00-\x1f\x7f]*", r"[^\x00-\x1f\x7f]+"
PPB, DECIMAL = r"0|[1-9][0-9]{0,9}", r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
FORMS = (NAME, NAME, TEXT, TEXT, PPB, PPB, DECIMAL, DECIMAL)
RULES = (
    "has text without control characters",
    "has text without control characters",
    "has no control characters",
    "has no control characters",
    "is a whole number of billionths without sign or leading zeros",
    "is a whole number of billionths without sign or leading zeros",
    "is a plain decimal number",
    "is a plain decimal number",
)
SALT = "[0-9a-f]{64}"
PLAIN = r'[^",\x00-\x1f\x7f]'
PLAIN_TEXTS = f"({PLAIN}+),({PLAIN}+),{PLAIN}*,{PLAIN}*,({PPB}),({PPB})"
QUICK = re.compile(f"^{PLAIN_TEXTS},({DECIMAL}),({DECIMAL})\n".encode(), re.MULTILINE)
QUICK_SEALED = re.compile(
    f"^{PLAIN_TEXTS},(?:{DECIMAL}),(?:{DECIMAL}),{SALT}\n".encode(), re.MULTILINE
)
"""Lines without quotes, read all at once; other lines are read one by one."""
REMEDY = "Write the frame anew with `risk-index rank`; do not edit it by hand or in a spreadsheet."
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """What the draw needs of some rows; ids and strata as UTF-8."""

    ids: list[bytes]
    strata: list[bytes]
    ppb: Whole
    floor: Whole


@dataclass
class Problems:
    """Broken rules with the number of rows and the first three firms."""

    found: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def add(self, rule: str, name: bytes) -> None:
        """Note one row that breaks a rule."""
        count, first = self.found.get(rule, (0, []))
        shown = [name.decode("utf-8", "replace")] if len(first) < 3 else []
        self.found[rule] = (count + 1, first + shown)

    def refuse(self, path: Path) -> None:
        """Raise what was found, if anything.

        Raises
        ------
        FrameError
            Each rule with its number of rows, the first three firms, and the remedy.
        """
        if self.found:
            lines = [
                f"- {rule}: {count} row{'s' * (count > 1)} not, such as {', '.join(first)}"
                for rule, (count, first) in self.found.items()
            ]
            raise FrameError("\n".join([f"{path} breaks rules of a frame:", *lines, REMEDY]))


def read_chunks(path: Path, sealed: bool = False) -> Iterator[list[bytes]]:
    """Yield lists of lines, each ending in a line feed, after checking the header.

    Raises
    ------
    FrameError
        Where the file is missing, has another header or no row.
    """
    if not path.is_file():
        raise FrameError(f"{path} does not exist.")
    header = ",".join([*FRAME_COLUMNS, "salt"] if sealed else FRAME_COLUMNS)
    with path.open("rb") as stream:
        first = stream.readline()
        if first != header.encode() + b"\n":
            beside = path.with_suffix(".frame.csv")
            raise FrameError(
                f"{path} begins with {first[:80]!r}; a frame is UTF-8 without byte order mark, its lines end "
                f"in a line feed alone, and the first is {header}. "
                + (f"Give {beside}, the frame of this ranking." if beside.is_file() else REMEDY)
            )
        empty = True
        while lines := stream.readlines(CHUNK_BYTES):
            empty = False
            if not lines[-1].endswith(b"\n"):
                lines[-1] += b"\n"
            yield lines
        if empty:
            raise FrameError(f"{path} has no rows: a draw needs at least one firm.")


def parse(lines: list[bytes], problems: Problems, sealed: bool = False) -> Rows:
    """Return what some lines hold; lines that break a rule are left out and noted.

    The predictions are checked in a frame that is not sealed yet; later the Merkle root answers for them.
    """
    found = _read(lines, problems, sealed)
    columns = list(zip(*found, strict=True)) if found else [()] * 6
    rows = Rows(list(columns[0]), list(columns[1]), _integers(columns[2]), _integers(columns[3]))
    broken = {
        f"probability_ppb is at most {BILLION}": rows.ppb > BILLION,
        "floor_ppb is at most probability_ppb": rows.floor > rows.ppb,
    }
    if not sealed:
        broken["likelihood is at most 1"] = _decimals(columns[4]) > 1
        broken["expected_harm is finite"] = ~np.isfinite(_decimals(columns[5]))
    for rule, where in broken.items():
        for i in np.flatnonzero(where):
            problems.add(rule, rows.ids[i])
    return rows


def check_order(previous: bytes, ids: list[bytes], problems: Problems) -> bytes:
    """Note ids that do not come after the one before, by UTF-8 bytes; return the last."""
    for a, b in zip([previous, *ids], ids, strict=False):
        if a >= b:
            problems.add("firm_id occurs once" if a == b else "firm_id is in byte order", b)
    return ids[-1] if ids else previous


def split_line(line: bytes) -> list[str]:
    """Return the fields of a line, unquoted.

    Raises
    ------
    ValueError
        Where it is not UTF-8, not CSV, or holds a carriage return.
    """
    if b"\r" in line:
        raise ValueError("carriage return")
    try:
        return next(csv.reader([line.decode().removesuffix("\n")], strict=True), [])
    except csv.Error as error:
        raise ValueError(str(error)) from None


def join_fields(fields: Iterable[str]) -> str:
    """Return fields as a CSV line with minimal quoting, without a line break."""
    quoted = ('"' + f.replace('"', '""') + '"' if "," in f or '"' in f else f for f in fields)
    return ",".join(quoted)


def requote(line: bytes) -> bytes:
    """Return a line with the quotation marks that it needs and no others; as it is where it is no CSV."""
    if b'"' not in line:
        return line
    try:
        return join_fields(split_line(line)).encode() + b"\n"
    except ValueError:
        return line


def line_id(line: bytes) -> bytes:
    """Return the firm_id of a line as UTF-8; the whole line where it cannot be read."""
    if not line.startswith(b'"'):
        return line.split(b",", 1)[0]
    try:
        return split_line(line)[0].encode()
    except (ValueError, IndexError):
        return line


def _read(lines: list[bytes], problems: Problems, sealed: bool) -> list[tuple[bytes, ...]]:
    """Return what is needed of each line; where some have quotes or faults, of ever smaller parts."""
    text = b"".join(lines)
    found = (QUICK_SEALED if sealed else QUICK).findall(text)
    if len(found) == len(lines) and _is_utf8(text):
        return found
    if len(lines) > FEW_LINES:
        half = len(lines) // 2
        return [*_read(lines[:half], problems, sealed), *_read(lines[half:], problems, sealed)]
    return [row for line in lines if (row := _slow(line, problems, sealed))]


def _slow(line: bytes, problems: Problems, sealed: bool) -> tuple[bytes, ...] | None:
    """Return what one line holds, or note the first rule that it breaks."""
    try:
        fields = split_line(line)
    except ValueError:
        problems.add("line is UTF-8 and CSV without carriage returns", line.strip()[:40])
        return None
    if rule := _broken(fields, line, sealed):
        problems.add(rule, line_id(line).strip()[:40])
        return None
    return tuple(value.encode() for i, value in enumerate(fields[:8]) if i not in (2, 3))


def _broken(fields: list[str], line: bytes, sealed: bool) -> str | None:
    names = [*FRAME_COLUMNS, "salt"] if sealed else list(FRAME_COLUMNS)
    if len(fields) != len(names):
        return f"line has {len(names)} fields"
    if join_fields(fields).encode() + b"\n" != line:
        return "line is quoted where needed only"
    forms = zip(names, [*FORMS, SALT], [*RULES, "is 64 hex digits"], fields, strict=False)
    broken = (
        f"{name} {rule}" for name, form, rule, value in forms if not re.fullmatch(form, value)
    )
    return next(broken, None)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _integers(values: tuple[bytes, ...]) -> Whole:
    return np.fromiter(map(int, values), np.int64, len(values))


def _decimals(values: tuple[bytes, ...]) -> npt.NDArray[np.float64]:
    return np.fromiter(map(float, values), np.float64, len(values))
