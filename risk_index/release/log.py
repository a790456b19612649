"""The log of decisions and overrides: who, when, about what, why; each line holds the hash of the one before.

Lines are only ever added. A line that was changed, taken out or put in between breaks the chain at the
line after it. Lines cut off at the end break nothing: publish the last hash, and `log verify --head`
finds that, too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock
from pydantic import StringConstraints, ValidationError

from risk_index.draw.records import Hex32, Record, Stamp, now, stamp, write_whole
from risk_index.errors import UserError

Stated = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Action = Literal["promote", "refuse", "rollback", "override", "note"]
LOG = "decisions.jsonl"
TIERS = "ABCD"
OVERRIDE_COLUMNS = ("firm_id", "officer", "from_tier", "to_tier", "decided_on", "reason")
"""What ``risk-index audit --overrides`` reads."""


class LogError(UserError):
    """The log cannot be read, or its chain is broken."""


class Entry(Record):
    """One line of the log.

    Attributes
    ----------
    number : int
        1 the first.
    at : str
        Moment in UTC.
    who : str
        The officer or the program.
    action : str
        promote, refuse and rollback speak of a model; override of a firm's tier; note of either.
    about : str
        Version of the model, or firm_id.
    what, why : str
        What was done, and the reason.
    from_tier, to_tier : str or None
        Of an override.
    previous : str or None
        SHA-256 of the line before; None at the first.
    """

    number: int
    at: Stamp
    who: Stated
    action: Action
    about: Stated
    what: Stated
    why: Stated
    from_tier: Literal["A", "B", "C", "D"] | None = None
    to_tier: Literal["A", "B", "C", "D"] | None = None
    previous: Hex32 | None = None


def read_log(path: Path) -> list[Entry]:
    """Read a log whose chain holds; empty where there is none yet.

    Raises
    ------
    LogError
        Where a line is none, or the chain is broken.
    """
    if not path.exists():
        return []
    entries, findings = _read(path)
    if findings:
        raise LogError(
            f"{path}: {len(findings)} findings, first: {findings[0]}. Nothing is added to a broken log: "
            "restore it from a copy, and find out who changed it."
        )
    return entries


def findings(path: Path, head: str | None = None) -> list[str]:
    """Return what is wrong with a log; nothing where all is well.

    Parameters
    ----------
    head : str, optional
        Published hash of a line: it must be in the log.

    Raises
    ------
    LogError
        Where there is no such file.
    """
    if not path.is_file():
        raise LogError(
            f"{path} does not exist: name the log, such as {LOG} in the registry's folder"
        )
    entries, found = _read(path)
    if head is not None and head not in {entry.sha256() for entry in entries}:
        found.append(f"no line has the published hash {head}: lines were cut off or written anew")
    return found


def add(path: Path, at: dt.datetime | None = None, **fields: str | None) -> Entry:
    """Add a line and return it; the log is written whole or not at all.

    Raises
    ------
    LogError
        Where a field is missing or wrong, or the log is broken.
    """
    with alone(path) as write:
        return write(at, **fields)


@contextmanager
def alone(path: Path) -> Iterator[Callable[..., Entry]]:
    """Let one process at a time decide: give what adds a line, as `add` does, while nobody else can."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        yield partial(_added, path)


def _added(path: Path, at: dt.datetime | None = None, **fields: str | None) -> Entry:
    entries = read_log(path)
    last = entries[-1].sha256() if entries else None
    try:
        made = Entry(number=len(entries) + 1, at=stamp(at or now()), previous=last, **fields)  # type: ignore[arg-type]
    except ValidationError as error:
        raise LogError(
            f"{path}: {_first(error)}. Every line says who, about what, and why."
        ) from None
    before = path.read_bytes() if path.exists() else b""
    write_whole(path, before + made.canonical() + b"\n")
    return made


def overrides(entries: list[Entry]) -> list[dict[str, str]]:
    """Return the overrides as the rows that the fairness audit reads."""
    return [
        dict(
            zip(
                OVERRIDE_COLUMNS,
                (e.about, e.who, e.from_tier or "", e.to_tier or "", e.at[:10], e.why),
                strict=True,
            )
        )
        for e in entries
        if e.action == "override"
    ]


def _read(path: Path) -> tuple[list[Entry], list[str]]:
    """Return the lines that can be read, and what is wrong."""
    entries: list[Entry] = []
    found, previous = [], None
    data = path.read_bytes()
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError as error:
            found.append(f"line {number} is no entry: {_first(error)}")
            previous = None
            continue
        found += _linked(number, entry, line, previous)
        entries.append(entry)
        previous = entry.sha256()
    if data and not data.endswith(b"\n"):
        found.append("the last line has no end: it was cut short")
    return entries, found


def _linked(number: int, entry: Entry, line: bytes, previous: str | None) -> list[str]:
    found = []
    if entry.canonical() != line:
        found.append(f"line {number} is not in canonical form: it was written by other hands")
    if entry.number != number:
        found.append(f"line {number} has number {entry.number}: lines are missing or were put in")
    if entry.previous != previous:
        found.append(
            f"line {number} does not hold the hash of the line before it: one of the two was changed"
        )
    return found


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, found['loc'])) or 'line'}: {found['msg']}"
