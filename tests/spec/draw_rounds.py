"""Small frames and rounds of the draw, for every kind of test."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from risk_index.draw.beacon import Announced, DrandRound, drand_round
from risk_index.draw.commit import Committed, Request, commit
from risk_index.draw.plan import Method
from risk_index.draw.run import run

HEADER = "firm_id,stratum,region,sector,probability_ppb,floor_ppb,likelihood,expected_harm"
ROUND = 657413
"""A round of drand quicknet with its real signature, as the documentation of the Python package
drand-verify 0.2.1 gives it (https://pypi.org/project/drand-verify)."""
SIGNATURE = (
    "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be"
    "41076862b98fad56e91a6b85b89cd97b"
)
RANDOMNESS = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
NUMBERS = "lottery 87 of 2026-07-01, winning numbers in rising order, extra number last"
REVEALED = "03 11 19 24 30 33 + 07"
SECRET = bytes(range(32))
COMMITTED = dt.datetime(2023, 9, 14, tzinfo=dt.UTC)
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FIRMS = (
    ("A1", "north", 1_000_000_000, 0),
    ("A2", "north", 250_000_000, 100_000_000),
    ("A3", "north", 250_000_000, 0),
    ("A4", "north", 500_000_000, 500_000_000),
    ("A5", "north", 0, 0),
    ("B1", "south|market", 300_000_000, 100_000_000),
    ("B2", "south|market", 300_000_000, 100_000_000),
    ("B3", "south|market", 300_000_000, 100_000_000),
    ("B4", "south|market", 300_000_000, 100_000_000),
    ("B5", "south|market", 300_000_000, 100_000_000),
    ('C "1", Ltd', "Ost, grün", 400_000_000, 1),
    ("C2", "Ost, grün", 400_000_000, 0),
)
"""Certain and excluded firms; whole visits in the north, fractional ones elsewhere."""


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def line(firm: str, stratum: str, ppb: object, floor: object, rest: str = "0.250000000,1.5") -> str:
    return f"{quoted(firm)},{quoted(stratum)},{quoted(stratum[:3])},C1,{ppb},{floor},{rest}"


def frame_file(path: Path, lines: Iterable[str] | None = None) -> Path:
    """Write a frame; by default that of FIRMS."""
    rows = [line(*firm) for firm in FIRMS] if lines is None else list(lines)
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8", newline="\n")
    return path


def many_firms(n: int, strata: int = 3, visits: int = 5) -> list[str]:
    """Return lines of n firms with unequal chances and whole visits in every stratum."""
    rows = []
    for h in range(strata):
        places = range(h, n, strata)
        weights = [1 + (7 * i) % 11 for i in places]
        ppb = [visits * 10**9 * w // sum(weights) for w in weights]
        ppb[-1] += visits * 10**9 - sum(ppb)
        assert max(ppb) < 10**9
        rows += [line(f"F{i:05d}", f"S{h}", p, p // 5) for i, p in zip(places, ppb, strict=True)]
    return sorted(rows)


def lottery() -> Announced:
    return Announced(text=NUMBERS, form="numbers", due="2023-09-15T11:00:03Z")


def committed(
    ledger: Path, frame: Path, name: str = "2023Q3", method: Method = "pareto",
    beacon: DrandRound | Announced | None = None,
) -> Committed:  # fmt: skip
    """Commit to a frame, with the recorded drand round by default."""
    named = beacon or drand_round(ROUND)
    return commit(ledger, Request(frame, name, method, named, None, SECRET, COMMITTED))


def drawn_round(
    tmp: Path, lines: Iterable[str] | None = None, method: Method = "pareto", name: str = "2023Q3"
) -> Path:
    """Commit and run a round; return its folder."""
    frame = frame_file(tmp / "ranked.frame.csv", lines)
    folder = committed(tmp / "ledger", frame, name, method).folder
    run(folder, SIGNATURE)
    return folder


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file and write it in canonical form, as a careful forger would."""
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
