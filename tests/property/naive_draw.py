"""The draw once more, with the standard library alone, written from docs/check-your-own-draw.md."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections import defaultdict
from fractions import Fraction
from typing import Any

BILLION = 10**9


def H(*parts: bytes) -> bytes:  # noqa: N802
    return hashlib.sha256(b"".join(parts)).digest()


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, by its own recursion."""
    if not leaves:
        return H()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return H(b"\x01", tree(leaves[:k]), tree(leaves[k:]))


def audit_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, by its own recursion."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m < k:
        return [*audit_path(m, leaves[:k]), tree(leaves[k:])]
    return [*audit_path(m - k, leaves[k:]), tree(leaves[:k])]


def salt_of(secret: bytes, firm_id: str) -> str:
    return hmac.new(secret, firm_id.encode(), "sha256").hexdigest()


def leaf_of(row: str, salt: str) -> bytes:
    return H(b"\x00", row.encode(), b",", salt.encode())


def canonical(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def number(seed: bytes, label: str, name: str) -> int:
    return int.from_bytes(H(seed, label.encode(), b"|", name.encode())[:8], "big")


def q_of(x: int, p: int) -> float:
    a = 2 * (x // 2**12) + 1
    return (a / (2**53 - a)) * ((BILLION - p) / p)


def rows_of(frame: str) -> list[dict[str, str]]:
    """Rows of a frame, with the text of each line beside its fields."""
    lines = frame.removesuffix("\n").split("\n")
    header = lines[0].split(",")
    found = []
    for text in lines[1:]:
        fields = next(csv.reader(io.StringIO(text)))
        found.append(dict(zip(header, fields, strict=True)) | {"line": text})
    return sorted(found, key=lambda row: row["firm_id"].encode())


def draw(rows: list[dict[str, str]], seed: bytes, method: str) -> dict[str, dict[str, Any]]:
    """Return arm, number and order of visits of every firm drawn."""
    strata = defaultdict(list)
    for row in rows:
        strata[row["stratum"]].append((row["firm_id"], int(row["probability_ppb"])))
    lot = pareto if method == "pareto" else systematic
    numbers: dict[str, str] = {}
    for stratum, firms in strata.items():
        numbers |= {firm: "" for firm, p in firms if p == BILLION}
        numbers |= lot(stratum, firms, seed)
    ppb = {row["firm_id"]: int(row["probability_ppb"]) for row in rows}
    floor = {row["firm_id"]: int(row["floor_ppb"]) for row in rows}
    visits = sorted(numbers, key=lambda firm: (number(seed, "visit", firm), firm.encode()))
    return {
        firm: {
            "number": value,
            "arm": "floor"
            if number(seed, "arm", firm) * ppb[firm] // 2**64 < floor[firm]
            else "index",
            "order": visits.index(firm) + 1,
        }
        for firm, value in numbers.items()
    }


def pareto(stratum: str, firms: list[tuple[str, int]], seed: bytes) -> dict[str, str]:
    units = [
        (q_of(number(seed, "draw", firm), p), firm.encode(), firm)
        for firm, p in firms
        if 0 < p < BILLION
    ]
    total, phantom = _size(firms)
    phantoms = []
    if phantom:
        phantoms = [(q_of(number(seed, "phantom", stratum), phantom), b"", None)]
    # a stable sort by q alone keeps firms in byte order and the phantom after them
    units = sorted(units, key=lambda unit: unit[1]) + phantoms
    taken = sorted(units, key=lambda unit: unit[0])[:total]
    return {firm: repr(q) for q, _, firm in taken if firm is not None}


def systematic(stratum: str, firms: list[tuple[str, int]], seed: bytes) -> dict[str, str]:
    units: list[tuple[int, int, bytes, str | None, int]] = [
        (number(seed, "draw", firm), 0, firm.encode(), firm, p)
        for firm, p in firms
        if 0 < p < BILLION
    ]
    _, phantom = _size(firms)
    if phantom:
        units.append((number(seed, "phantom", stratum), 1, b"", None, phantom))
    start = number(seed, "start", stratum) * BILLION // 2**64
    points = [start + k * BILLION for k in range(sum(unit[4] for unit in units) // BILLION)]
    drawn, before = {}, 0
    for _, _, _, firm, p in sorted(units):
        if firm is not None and any(before <= point < before + p for point in points):
            drawn[firm] = str(before)
        before += p
    return drawn


def exact_q(x: int, p: int) -> Fraction:
    """q without rounding."""
    a = 2 * (x // 2**12) + 1
    return Fraction(a, 2**53 - a) * Fraction(BILLION - p, p)


def _size(firms: list[tuple[str, int]]) -> tuple[int, int]:
    """Visits by lot, and the phantom's billionths."""
    total = sum(p for _, p in firms)
    visits = -(-total // BILLION)
    return visits - sum(p == BILLION for _, p in firms), visits * BILLION - total
