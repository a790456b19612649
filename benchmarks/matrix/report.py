"""The measurement of the matrix as a file of tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmarks import worlds
from benchmarks.machine import in_child
from benchmarks.matrix import dates
from benchmarks.matrix.compare import Race, Say, alternate, ours, summary, verify
from benchmarks.matrix.compared import AGGREGATED, aggregated, compared
from benchmarks.matrix.contender import FIT, OURS, PANDAS, SCAN, SQL
from benchmarks.matrix.rivals import Rivals
from benchmarks.results import Section, write_result
from features.catalogue import in_use
from risk_index.scoring import BATCH_FIRMS


def measure(n_firms: int, repeats: int, with_dates: bool, rivals: Rivals, say: Say) -> Path:
    """Compare the contenders on a world of `n_firms` firms, and 20 dates with one."""
    say(f"world of {n_firms:,} firms")
    folder = worlds.world(n_firms)
    here = {name: ours(name) for name in (SCAN, OURS, FIT, PANDAS, SQL)}
    race = Race(folder / "records", worlds.as_of(folder), n_firms, compared(), here)
    sections = [_everything(race, worlds.size(folder), repeats, rivals, say)]
    if own := rivals.aggregating():
        few = replace(race, features=aggregated(), commands={OURS: ours(OURS), **own})
        sections.append(_aggregating(few, repeats, say))
    if own := rivals.on_spark():
        used = tuple(feature for feature in compared() if feature in in_use())
        both = replace(race, features=used, commands={OURS: ours(OURS), **own})
        sections.append(_spark(both, say))
    if with_dates:
        sections.append(_dates(race, repeats, say))
    command = f"python -m benchmarks matrix --firms {n_firms} --repeats {repeats}"
    command += rivals.options() + ("" if with_dates else " --no-dates")
    title = f"Feature matrix, {n_firms:,} firms"
    return write_result(f"matrix-{n_firms}", title, command, sections)


def _everything(race: Race, size: str, repeats: int, rivals: Rivals, say: Say) -> Section:
    race = replace(race, commands={**race.commands, **rivals.complete()})
    n_equal, runs = verify(race, say), alternate(race, repeats, say)
    n_rows = int(runs.rows[runs.contender == OURS].iloc[0])
    sentence = (
        f"{size}; {len(race.features)} features of {n_rows:,} open firms "
        f"on {race.as_of}; equal values in all contenders on {n_equal:,} firms. Median of {repeats} "
        f"runs, taking turns. Reading is Parquet to typed tables with int32 keys; ours also checks "
        f'every rule and takes the fingerprints. "Ours" takes {BATCH_FIRMS:,} firms at a time; pandas '
        "uses one core. The bare scan reads every cell of the record tables once and makes nothing of it."
        f"{_versions(runs)}{rivals.not_asked()}"
    )
    return sentence, summary(runs)


def _aggregating(race: Race, repeats: int, say: Say) -> Section:
    n_equal, runs = verify(race, say), alternate(race, repeats, say)
    sentence = (
        f"Tools that aggregate over windows, and ours, on {len(race.features)} features that they can "
        f"express of three tables ({', '.join(AGGREGATED)}): equal values on {n_equal:,} firms. Ours "
        "counts the outcomes of sectors and regions besides, as it always does, and reads all tables. "
        "collate's matrix ends as a table of the database, and its memory is the client's alone."
        f"{_versions(runs)}"
    )
    return sentence, summary(runs)


def _spark(race: Race, say: Say) -> Section:
    n_equal, runs = verify(race, say), alternate(race, 1, say)
    sentence = (
        f"The {len(race.features)} of these features that a model reads or a reason tells, by Spark on two "
        "local cores (`local[2]`), starting it and handing it the tables included; equal values on "
        f"{n_equal:,} firms. One run; memory is Python's "
        "alone."
    )
    return sentence, summary(runs)


def _dates(race: Race, repeats: int, say: Say) -> Section:
    say("20 as-of dates and one")
    found = in_child(dates.__name__, race.records, race.as_of, "--repeats", repeats)
    sentence = (
        f"20 quarterly as-of dates from opened records (peak {found['peak_mb']:.0f} MB, the "
        "whole result of one go held in memory)."
    )
    return sentence, dates.table(found)


def _versions(runs: pd.DataFrame) -> str:
    told = runs.get("versions", pd.Series(dtype=object)).dropna().unique()
    return f" In environments of their own: {'; '.join(told)}." if len(told) else ""
