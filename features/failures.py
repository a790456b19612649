"""What went wrong with the records, in words a clerk can act on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Action = Literal["refused", "row rejected", "cell emptied", "noted"]


@dataclass(frozen=True)
class Failure:
    """One rule that some rows of a table break.

    Attributes
    ----------
    table, column, rule : str
        Where, and the rule that is broken.
    count : int
        Number of rows that break it.
    first_ids : tuple of str
        Keys of the first three such rows, in the order of the source.
    remedy : str
        What to do about it.
    action : {"refused", "row rejected", "cell emptied", "noted"}
        What was done: *refused* stops everything, the others let the work go on.
    """

    table: str
    column: str
    rule: str
    count: int
    first_ids: tuple[str, ...]
    remedy: str
    action: Action

    def __str__(self) -> str:
        where = f"{self.table}.{self.column}" if self.column else self.table
        ids = f" (first: {', '.join(self.first_ids)})" if self.first_ids else ""
        return f"{where}: {self.count} x {self.rule}{ids}; {self.action}. {self.remedy}"

    def as_dict(self) -> dict[str, object]:
        """Return the failure as plain values for ``quality.json``."""
        return asdict(self)


class RecordsError(Exception):
    """The records cannot be used; every reason is listed, not only the first.

    Parameters
    ----------
    failures : sequence of Failure
        All that was found, the refusals among them.
    recognised : sequence of str
        What sheets were recognised as; said first, since it may be the cause.
    """

    def __init__(
        self, failures: list[Failure] | tuple[Failure, ...], recognised: tuple[str, ...] = ()
    ) -> None:
        self.failures, self.recognised = tuple(failures), recognised
        refused = [failure for failure in self.failures if failure.action == "refused"]
        super().__init__("\n".join([*recognised, *(f"- {failure}" for failure in refused)]))


def refusal(
    table: str, column: str, rule: str, remedy: str, count: int = 1, first_ids: tuple[str, ...] = ()
) -> Failure:
    """Return a failure that stops the work."""
    return Failure(table, column, rule, count, first_ids, remedy, "refused")
