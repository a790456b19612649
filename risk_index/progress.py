"""How far a long step is: rows, share and time left, on a terminal only and never when asked to be quiet."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from tqdm import tqdm

QUIET = f"{__name__}.quiet"
"""Where the running command keeps that it shall be quiet."""
SHOWN_AFTER = 1.0
"""Seconds before a step shows itself: short ones never do."""
TICK = 1.0
"""Seconds after which a step that says nothing shows the time again."""


def quiet() -> bool:
    """Tell whether the running command was asked to be quiet."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(QUIET))


@contextmanager
def steps(
    title: str, total: int | None, unit: str, before: int = 0
) -> Iterator[Callable[[int], object]]:
    """Give a function that is told how many more are done.

    Parameters
    ----------
    title : str
        What is being done.
    total : int or None
        How many there are; None where nobody knows.
    unit : str
        What is counted, in the plural.
    before : int
        How many of them an earlier run did: they say nothing on the time that is left.
    """
    WAIT.end()
    with (
        tqdm(
            desc=title,
            total=total,
            initial=before,
            unit=f" {unit}",
            disable=True if quiet() else None,  # None: where standard error is no terminal
            delay=SHOWN_AFTER,
            leave=False,
            dynamic_ncols=True,
        ) as bar,
        _redrawn(bar),
    ):
        yield bar.update
    WAIT.begin()


@contextmanager
def _redrawn(bar: tqdm[None]) -> Iterator[None]:
    """Draw a bar every second even when nothing is counted, so that its clock goes on."""
    over = threading.Event()

    def tick() -> None:
        while not over.wait(TICK):
            bar.delay = 0  # it has shown itself, so that it is wiped at its end
            bar.refresh()

    thread = threading.Thread(target=tick, daemon=True)
    if not bar.disable:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if thread.is_alive():
            thread.join()


class Wait:
    """A clock below the last message, for steps that count nothing."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Show the time that passes from now on, where somebody looks."""
        self.end()
        if quiet() or not sys.stderr.isatty():
            return
        self._over = threading.Event()
        self._thread = threading.Thread(target=_clock, args=(self._over,), daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wipe the clock away."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None


def _clock(over: threading.Event) -> None:
    began = time.time()
    if over.wait(2 * TICK):
        return
    with tqdm(bar_format="  {elapsed} so far", leave=False, dynamic_ncols=True) as bar:
        bar.start_t = began
        while not over.wait(TICK):
            bar.refresh()


WAIT = Wait()
"""The clock of this process: there is one standard error."""
