"""How far a long step is: rows, share and time left, on a terminal only and never when asked to be quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from tqdm import tqdm

QUIET = f"{__name__}.quiet"
"""Where the running command keeps that it shall be quiet."""
SHOWN_AFTER = 1.0
"""Seconds before a step shows itself: short ones never do."""


def quiet() -> bool:
    """Tell whether the running command was asked to be quiet."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(QUIET))


@contextmanager
def steps(title: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
    """Give a function that is told how many more are done.

    Parameters
    ----------
    title : str
        What is being done.
    total : int or None
        How many there are; None where nobody knows.
    unit : str
        What is counted, in the plural.
    """
    with tqdm(
        desc=title,
        total=total,
        unit=f" {unit}",
        disable=True if quiet() else None,  # None: where standard error is no terminal
        delay=SHOWN_AFTER,
        leave=False,
        dynamic_ncols=True,
    ) as bar:
        yield bar.update
