"""The measurement of the matrix as a file of tables."""

from __future__ import annotations

from pathlib import Path

from benchmarks import worlds
from benchmarks.machine import in_child
from benchmarks.matrix import dates
from benchmarks.matrix.compare import Say, alternate, summary, verify
from benchmarks.matrix.compared import compared
from benchmarks.results import Section, write_result
from risk_index.scoring import BATCH_FIRMS


def measure(n_firms: int, repeats: int, with_dates: bool, say: Say) -> Path:
    """Compare the contenders on a world of `n_firms` firms, and 20 dates with one."""
    say(f"world of {n_firms:,} firms")
    folder = worlds.world(n_firms)
    records, as_of = folder / "records", worlds.as_of(folder)
    n_equal = verify(records, as_of, n_firms, say)
    runs = alternate(records, as_of, repeats, say)
    sections: list[Section] = [
        (
            f"{worlds.size(folder)}; {len(compared())} features of {int(runs.rows.iloc[0]):,} open firms "
            f"on {as_of}; equal values in all contenders on {n_equal:,} firms. Median of {repeats} "
            f"runs, taking turns. Reading is Parquet to typed tables with int32 keys; ours also checks "
            f'every rule and takes the fingerprints. "Ours" takes {BATCH_FIRMS:,} firms at a time; pandas '
            "uses one core.",
            summary(runs),
        )
    ]
    if with_dates:
        say("20 as-of dates and one")
        found = in_child(dates.__name__, records, as_of, "--repeats", repeats)
        sentence = (
            f"20 quarterly as-of dates from opened records (peak {found['peak_mb']:.0f} MB, the "
            "whole result of one go held in memory)."
        )
        sections.append((sentence, dates.table(found)))
    command = f"python -m benchmarks matrix --firms {n_firms} --repeats {repeats}"
    command += "" if with_dates else " --no-dates"
    title = f"Feature matrix, {n_firms:,} firms"
    return write_result(f"matrix-{n_firms}", title, command, sections)
