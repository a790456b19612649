"""What stops an assignment: lists that cannot be used, or too few inspectors for the visits."""

from __future__ import annotations

from collections.abc import Sequence

from features.failures import Failure
from risk_index.errors import UserError


class RosterError(UserError):
    """The lists of drawn firms, inspectors or conflicts cannot be used; every reason is given.

    Parameters
    ----------
    failures : sequence of Failure
        All that was found in all lists.
    """

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = tuple(failures)
        lines = "\n".join(f"- {failure}" for failure in self.failures)
        super().__init__(f"the assignment cannot begin:\n{lines}")


class PoolError(UserError):
    """The visits need more inspectors than are eligible; the message has the arithmetic."""


def refuse_if_any(failures: Sequence[Failure]) -> None:
    """Raise a RosterError where something was found."""
    if failures:
        raise RosterError(failures)
