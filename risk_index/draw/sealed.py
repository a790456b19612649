"""The sealed frame: every row with a salt, in byte order of firm_id, under one Merkle root.

A salt keeps a firm's sibling hashes from telling other firms' probabilities: without it, the 10^9 possible
values of a row could be tried in minutes. ``salt = HMAC-SHA256(secret, firm_id)``; the firm is given its own.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from operator import lt
from pathlib import Path

import numpy as np

from risk_index.draw import merkle
from risk_index.draw.frame import (
    Problems,
    Rows,
    Whole,
    check_order,
    line_id,
    parse,
    read_chunks,
    requote,
)
from risk_index.draw.public_numbers import DRAW, Numbers, numbers
from risk_index.frame_columns import FRAME_COLUMNS

SECRET_BYTES = 32
HEADER = ",".join([*FRAME_COLUMNS, "salt"]).encode() + b"\n"
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class SealedFrame:
    """A frame in arrays, one entry a firm in byte order of firm_id.

    Attributes
    ----------
    strata : tuple of str
        Names, in byte order.
    stratum : ndarray, shape (n,)
        Place of each firm's stratum in `strata`.
    ppb, floor : ndarray, shape (n,)
        Inclusion probability and its floor, in billionths.
    leaves : bytes
        Joined leaf hashes, 32 bytes a firm.
    number : ndarray, shape (n,)
        Each firm's number for the draw; empty where no seed was given.
    """

    strata: tuple[str, ...]
    stratum: Whole
    ppb: Whole
    floor: Whole
    leaves: bytes
    number: Numbers

    @property
    def root(self) -> str:
        """Merkle root, in hex."""
        return merkle.root(self.leaves).hex()


def seal(frame: Path, out: Path, secret: bytes) -> SealedFrame:
    """Write the frame with salts, sorted by firm_id, and return it.

    Raises
    ------
    FrameError
        Naming every rule that the frame breaks.
    """
    add_salt = _salter(secret)
    collected = _Collected()
    with out.open("wb") as stream:
        stream.write(HEADER)
        for lines in _in_order(frame):
            rows = parse(lines, collected.problems)
            if len(rows.ids) == len(lines):
                lines = [add_salt(*pair) for pair in zip(lines, rows.ids, strict=True)]
                stream.writelines(lines)
            collected.add(rows, lines)
    return collected.frame(frame)


def read_sealed(path: Path, seed: bytes | None = None) -> SealedFrame:
    """Read a sealed frame; with a seed, also each firm's number.

    Raises
    ------
    FrameError
        Naming every rule that it breaks, the order of rows among them.
    """
    collected = _Collected(seed)
    for lines in read_chunks(path, sealed=True):
        collected.add(parse(lines, collected.problems, sealed=True), lines)
    return collected.frame(path)


def find_line(path: Path, firm_id: str) -> tuple[int, bytes] | None:
    """Return place and line (without line feed) of a firm in a sealed frame."""
    wanted, place = firm_id.encode("utf-8", "surrogateescape"), 0
    for lines in read_chunks(path, sealed=True):
        for i, line in enumerate(lines):
            if line_id(line) == wanted:
                return place + i, line[:-1]
        place += len(lines)
    return None


def pick_lines(path: Path, places: Iterable[int]) -> Iterator[bytes]:
    """Yield the lines at some places in ascending order, without line feed."""
    start, wanted = 0, iter(places)
    place = next(wanted, -1)
    for lines in read_chunks(path, sealed=True):
        while 0 <= place < start + len(lines):
            yield lines[place - start][:-1]
            place = next(wanted, -1)
        start += len(lines)


class _Collected:
    """What has been read so far."""

    def __init__(self, seed: bytes | None = None) -> None:
        self.seed, self.problems, self.last = seed, Problems(), b""
        self.codes: dict[bytes, int] = {}
        self.leaves: list[bytes] = []
        self.number: list[Numbers] = [np.empty(0, np.uint64)]
        self.columns: list[tuple[Whole, Whole, Whole]] = []

    def add(self, rows: Rows, lines: list[bytes]) -> None:
        """Add rows and the sealed lines they come from."""
        self.last = check_order(self.last, rows.ids, self.problems)
        codes = self.codes
        stratum = np.fromiter(
            (codes.setdefault(s, len(codes)) for s in rows.strata), np.int64, len(rows.ids)
        )
        self.columns.append((stratum, rows.ppb, rows.floor))
        leaf = merkle.leaf_hash
        self.leaves.append(b"".join([leaf(line[:-1]) for line in lines]))
        if self.seed is not None:
            self.number.append(numbers(self.seed, DRAW, rows.ids))

    def frame(self, path: Path) -> SealedFrame:
        """Return all rows, strata in byte order."""
        self.problems.refuse(path)
        names = sorted(self.codes)
        place = np.empty(len(names), np.int64)
        place[[self.codes[name] for name in names]] = np.arange(len(names))
        stratum, ppb, floor = (np.concatenate(c) for c in zip(*self.columns, strict=True))
        strata = tuple(name.decode() for name in names)
        leaves = b"".join(self.leaves)
        return SealedFrame(strata, place[stratum], ppb, floor, leaves, np.concatenate(self.number))


def _salter(secret: bytes) -> Callable[[bytes, bytes], bytes]:
    """Return a function that adds the salt to a line.

    This is HMAC as RFC 2104 writes it, with the two hashes of the padded key made once.
    """
    key = secret.ljust(64, b"\x00")
    inner, outer = (sha256(bytes(pad ^ b for b in key)) for pad in (0x36, 0x5C))

    def salted(line: bytes, name: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(name)
        second.update(first.digest())
        return line[:-1] + b"," + binascii.hexlify(second.digest()) + b"\n"

    return salted


def _in_order(path: Path) -> Iterator[list[bytes]]:
    """Yield the lines in byte order of firm_id; held in memory only where the file is in another."""
    if _is_sorted(path):
        for lines in read_chunks(path):
            yield [requote(line) for line in lines]
        return
    lines = sorted((requote(line) for chunk in read_chunks(path) for line in chunk), key=line_id)
    for start in range(0, len(lines), ROWS_AT_ONCE):
        yield lines[start : start + ROWS_AT_ONCE]


def _is_sorted(path: Path) -> bool:
    last = b""
    for lines in read_chunks(path):
        ids = [line_id(line) for line in lines]
        if not (last <= ids[0] and all(map(lt, ids, ids[1:]))):
            return False
        last = ids[-1]
    return True
