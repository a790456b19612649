"""Firms that replace drawn ones: what the log of the draw says, and their rows of the sealed frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from risk_index.draw.frame import line_id, read_chunks, split_line
from risk_index.draw.outcome import arm, probability_text
from risk_index.draw.plan import REPLACEMENTS
from risk_index.draw.replacements import Replacement, checked_log
from risk_index.draw.run import committed_frame, open_round, revealed_of
from risk_index.errors import UserError
from risk_index.inspectors.levels import first_few
from risk_index.inspectors.visits import Drawn, Visit


@dataclass(frozen=True)
class Replaced:
    """Replacements as far as a schedule takes them in.

    Attributes
    ----------
    by : dict
        The firm to be visited instead, by the id of the drawn firm.
    entries : int
        Entries of the log that are taken in.
    sha256 : str or None
        Hash of the last of them.
    """

    by: Mapping[str, Drawn]
    entries: int = 0
    sha256: str | None = None

    def applied(self, visits: Sequence[Visit]) -> tuple[Visit, ...]:
        """Return the visits with their numbers and weeks, to the firms to be visited in the end."""
        return tuple(replace(v, firm=self.by.get(v.firm.firm_id, v.firm)) for v in visits)

    @property
    def notes(self) -> list[str]:
        """Say who is visited in whose place."""
        if not self.by:
            return []
        who = first_few([f"{firm.firm_id} for {drawn}" for drawn, firm in self.by.items()])
        return [f"Replaced before the assignment: {len(self.by)} firms; visited are {who}."]


NOBODY_REPLACED = Replaced({})


def replacements_of(folder: Path) -> list[Replacement]:
    """Read the log of replacements and check its chain; empty where there is none.

    Whether each is the next firm of the sequence is checked by ``risk-index draw verify``.

    Raises
    ------
    DrawError
        Where the chain does not hold.
    """
    return checked_log(open_round(folder))


def places(log: Sequence[Replacement]) -> dict[str, str]:
    """Return the drawn firm whose place each replacing firm has, in the order of the log."""
    place: dict[str, str] = {}
    for entry in log:
        place[entry.replaced_by] = place.get(entry.firm_id, entry.firm_id)
    return place


def replaced_in(folder: Path, seed: bytes, log: Sequence[Replacement]) -> Replaced:
    """Return who is to be visited instead of whom by a log, with their rows of the frame."""
    if not log:
        return NOBODY_REPLACED
    last = {drawn: by for by, drawn in places(log).items()}
    rows = frame_rows(folder, seed, last.values())
    return Replaced({drawn: rows[by] for drawn, by in last.items()}, len(log), log[-1].sha256)


def frame_rows(folder: Path, seed: bytes, firm_ids: Iterable[str]) -> dict[str, Drawn]:
    """Return firms of the sealed frame as if they were drawn.

    Raises
    ------
    UserError
        Where the frame is not the one committed to, or a firm is not in it.
    """
    drawn = open_round(folder)
    committed_frame(drawn, revealed_of(drawn))
    wanted = {firm.encode(): firm for firm in firm_ids}
    rows = {}
    for lines in read_chunks(drawn.sealed, sealed=True):
        for line in lines:
            if (name := line_id(line)) in wanted:
                rows[wanted[name]] = _drawn(seed, split_line(line))
    if missing := [firm for firm in wanted.values() if firm not in rows]:
        raise UserError(
            f"{folder / REPLACEMENTS}: {len(missing)} firms (first: {first_few(missing)}) are not in the "
            "frame: the log was altered. Take the file as `risk-index draw replace` wrote it."
        )
    return rows


def _drawn(seed: bytes, cells: list[str]) -> Drawn:
    firm_id, _, region, sector, ppb, floor = cells[:6]
    of = arm(seed, firm_id.encode(), int(ppb), int(floor))
    return Drawn(firm_id, region, sector, of, probability_text(int(ppb)))
