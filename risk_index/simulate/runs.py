"""Runs of a simulation: a policy in a world, a file each, made once and then kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

import risk_index
from risk_index.errors import SettingsError, UserError
from risk_index.settings import load_settings
from risk_index.simulate.learnt import Learning
from risk_index.simulate.measured import OFTEN, burden_ratio, judged, most_possible
from risk_index.simulate.policies import NOBODY, ORACLE, POLICIES, UNIFORM, Chances, visits
from risk_index.simulate.settings import BASE, SimulateSettings
from risk_index.world import World, begin

RUNS = "runs"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """A policy in the world of a scenario and a seed; `file` holds a row a season once it is played."""

    settings: SimulateSettings
    scenario: str
    policy: str
    seed: int
    seasons: int
    folder: Path

    @property
    def file(self) -> Path:
        """Where the rows are kept."""
        return self.folder / f"{self.policy}-{self.seed}.csv"

    def __str__(self) -> str:
        return f"{self.scenario}: {self.policy}, seed {self.seed}"

    def rows(self) -> pd.DataFrame:
        """Return the kept rows with what the run was."""
        kept = pd.read_csv(self.file)
        return kept.assign(scenario=self.scenario, policy=self.policy, seed=self.seed)


# ---- what is to be played ------------------------------------------------------------------------


def planned(settings: SimulateSettings, out: Path, sensitivity: bool) -> list[Run]:
    """Return all runs, those that are kept already included.

    Raises
    ------
    SettingsError
        Where a policy has no known name.
    """
    _refuse_unknown((*settings.policies, *settings.sensitivity_policies))
    runs = list(_runs(settings, out, BASE, settings.policies, settings.seeds, settings.seasons))
    if sensitivity:
        seeds = min(settings.sensitivity_seeds, settings.seeds)
        seasons = min(settings.sensitivity_seasons, settings.seasons)
        for scenario in settings.scenarios:
            names = settings.sensitivity_policies
            runs += _runs(settings, out, scenario.name, names, seeds, seasons)
    return runs


def _refuse_unknown(names: Iterable[str]) -> None:
    if unknown := sorted(set(names) - set(POLICIES)):
        raise SettingsError(f"no policy {unknown[0]!r}. Known: {', '.join(POLICIES)}.")


def _runs(
    settings: SimulateSettings, out: Path, scenario: str, policies: Iterable[str], seeds: int,
    seasons: int,
) -> Iterator[Run]:  # fmt: skip
    """Yield the runs of a scenario; what the others are measured against is always among them."""
    wanted = {NOBODY, UNIFORM, ORACLE, *policies}
    folder = (
        out / RUNS / f"{scenario.replace(' ', '-')}-{_fingerprint(settings, scenario, seasons)}"
    )
    for seed in range(settings.first_seed, settings.first_seed + seeds):
        for policy in POLICIES:
            if policy in wanted:
                yield Run(settings, scenario, policy, seed, seasons, folder)


def _fingerprint(settings: SimulateSettings, scenario: str, seasons: int) -> str:
    """Return a hash of all settings that a run of the scenario hangs on."""
    return hashlib.sha256(_facts(settings, scenario, seasons).encode()).hexdigest()[:12]


def _facts(settings: SimulateSettings, scenario: str, seasons: int) -> str:
    world = settings.world_of(scenario)
    facts = {
        "version": risk_index.__version__,
        "firms": settings.firms,
        "seasons": seasons,
        "capacity_share": settings.capacity_share,
        "mix_random_share": settings.mix_random_share,
        "grid_months": settings.grid_months,
        "world": world.model_dump(mode="json"),
        "settings": load_settings(world.as_of).as_dict(),
    }
    return json.dumps(facts, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"


# ---- playing -------------------------------------------------------------------------------------


def play_all(runs: list[Run], jobs: int, say: Say) -> None:
    """Play the runs whose file is not there yet, some at a time."""
    left = [run for run in runs if not run.file.exists()]
    say(f"{len(runs)} runs, {len(runs) - len(left)} of them kept from before")
    for run in left:
        _describe(run)
    done = len(runs) - len(left)
    for number, run in enumerate(_played(left, jobs), start=done + 1):
        say(f"{number} of {len(runs)}: {run}")


def _played(runs: list[Run], jobs: int) -> Iterator[Run]:
    """Yield each run when its file is there."""
    if jobs == 1:
        for run in runs:
            play(run)
            yield run
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        tasks = {pool.submit(play, run): run for run in runs}
        try:
            for task in as_completed(tasks):
                task.result()
                yield tasks[task]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _describe(run: Run) -> None:
    """Write what the runs of a folder hang on beside them."""
    if not (run.folder / "settings.json").exists():
        run.folder.mkdir(parents=True, exist_ok=True)
        written = _facts(run.settings, run.scenario, run.seasons)
        whole(run.folder / "settings.json", written)


def play(run: Run) -> None:
    """Play a run and keep its rows; the file is there when it is whole."""
    how = Learning(
        run.settings.capacity_share,
        run.settings.mix_random_share,
        run.settings.grid_months,
        run.folder / f"beginning-{run.seed}.parquet",
    )
    world = begin(run.settings.world_of(run.scenario), run.settings.firms, run.seed)
    rows = list(_seasons(world, lambda now: POLICIES[run.policy](now, how), run.seasons))
    whole(run.file, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))


def whole(path: Path, text: str) -> None:
    """Write a file that is there only when it is whole."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def _seasons(
    world: World, policy: Callable[[World], Chances], seasons: int
) -> Iterator[dict[str, float]]:
    """Yield the figures of each season."""
    groups, firms = burdened(world), world.truth
    times = pd.Series(0, index=firms.firm_id[firms.likelihood > 0])
    for season in range(1, seasons + 1):
        chances, truth = policy(world), world.truth
        world = world.step(visits(chances, world))
        seen = world.seen
        times = times.add(seen.firm_id.value_counts(), fill_value=0).reindex(times.index)
        yield {
            "season": season,
            "visits": len(seen),
            "most_harm": most_possible(truth, chances),
            "harm_after": float(world.truth.expected_harm.sum()),
            "harm_found": float(seen.harm.sum()),
            **figures(truth, groups, chances, seen),
            "never": float((times == 0).mean()),
            "often": float((times >= OFTEN).mean()),
        }


def burdened(world: World) -> dict[str, pd.Series]:
    """Return whose burden is measured: older representatives, and regions that report much."""
    settings, truth = world.settings, world.truth.set_index("firm_id")
    born = world.attributes.set_index("firm_id").legal_rep_birth_year
    rate = truth.reporting_rate
    return {
        "older": settings.as_of.year - born >= settings.older_rep_age,
        "reporting": rate >= np.median(rate),
    }


def figures(
    truth: pd.DataFrame, groups: dict[str, pd.Series], chances: Chances, seen: pd.DataFrame
) -> dict[str, float]:
    """Return what :func:`~risk_index.simulate.measured.judged` says, with the burden of every group."""
    firms = truth[truth.likelihood > 0].set_index("firm_id")
    chance = chances.set_index("firm_id").chance.astype(float).reindex(firms.index).fillna(0.0)
    found = judged(truth, groups["older"], chances, seen)
    older = found.pop("burden")
    reporting = burden_ratio(firms, groups["reporting"].reindex(firms.index), chance)
    return {**found, "burden_older": older, "burden_reporting": reporting}


# ---- the place -----------------------------------------------------------------------------------


def refuse_other(out: Path) -> None:
    """Refuse a folder that holds something else than a simulation.

    Raises
    ------
    UserError
        Naming the folder.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: name a folder for the simulation")
    if out.is_dir() and any(out.iterdir()) and not (out / RUNS).is_dir():
        raise UserError(f"{out} holds something else than a simulation: name a new folder")
