"""Pictures of a simulation, drawn without a screen: finds, seasons, what if."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from risk_index.simulate.policies import NOBODY, POLICIES
from risk_index.simulate.settings import BASE, SimulateSettings

SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*")
PANELS = {
    "averted": "true harm standing, of that without visits",
    "burden_older": "burden of older representatives\nat equal true risk (1: equal)",
    "never": "share of firms never visited",
}


def draw_pictures(
    seasons: pd.DataFrame, main: pd.DataFrame, others: pd.DataFrame, settings: SimulateSettings,
    out: Path,
) -> list[str]:  # fmt: skip
    """Write the pictures as PNG files into `out` and return their names."""
    spread = settings.world_of(BASE).harm_spread
    figures = {"simulation-finds": finds(main, spread), "simulation-seasons": by_season(seasons)}
    if len(others):
        figures["simulation-what-if"] = what_if(others, spread)
    for name, figure in figures.items():
        partial = out / f"{name}.png.partial"
        figure.savefig(partial, dpi=110, format="png", metadata={"Software": None})
        partial.replace(out / f"{name}.png")
    return list(figures)


def _shown(found: pd.DataFrame) -> list[str]:
    return [name for name in POLICIES if name in set(found.policy) and name != NOBODY]


def _style(policy: str) -> dict[str, Any]:
    place = list(POLICIES).index(policy)
    return {"color": f"C{place}", "marker": SHAPES[place]}


def finds(main: pd.DataFrame, spread: float) -> Figure:
    """Draw the harm found by each policy, with its interval, and the most that was possible."""
    policies = _shown(main)[::-1]
    of = main[main.figure == "harm_times"].set_index("policy")
    figure = Figure(figsize=(8, 1.6 + 0.4 * len(policies)), layout="constrained")
    axes = figure.add_subplot()
    for place, policy in enumerate(policies):
        row = of.loc[policy]
        if row.worlds > 1:
            axes.plot([row.low, row.high], [place, place], color="0.4")
        axes.plot(row["mean"], place, **_style(policy))
    axes.set_yticks(range(len(policies)), policies)
    axes.axvline(1, color="0.7", lw=1)
    axes.set(title="Expected harm at the firms visited, all seasons",
             xlabel=f"times that of uniform (harm of sectors spread {spread:g} to 1)")  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def by_season(seasons: pd.DataFrame) -> Figure:
    """Draw means over worlds, season by season."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    rows = seasons.merge(
        seasons[seasons.policy == NOBODY][["seed", "season", "harm_after"]],
        on=["seed", "season"], suffixes=("", "_nobody"),
    )  # fmt: skip
    rows = rows.assign(averted=rows.harm_after / rows.harm_after_nobody)
    panels = figure.subplots(1, len(PANELS))
    for axes, (name, title) in zip(panels, PANELS.items(), strict=True):
        means = rows.groupby(["policy", "season"])[name].mean()
        for policy in _shown(seasons):
            axes.plot(means[policy].index, means[policy], label=policy, ms=4, **_style(policy))
        axes.set(title=title, xlabel="season")
        axes.title.set_size(9)
        axes.set_xticks(sorted(seasons.season.unique()))
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1].legend(frameon=False, fontsize=7)
    return figure


def what_if(others: pd.DataFrame, spread: float) -> Figure:
    """Draw the harm found by each policy in each scenario."""
    of = others[others.figure == "harm_times"]
    scenarios = list(of.scenario.drop_duplicates())[::-1]
    figure = Figure(figsize=(8, 1.6 + 0.4 * len(scenarios)), layout="constrained")
    axes = figure.add_subplot()
    for policy in _shown(of):
        means = of[of.policy == policy].set_index("scenario")["mean"].reindex(scenarios)
        axes.plot(means, range(len(scenarios)), ls="", label=policy, **_style(policy))
    axes.set_yticks(range(len(scenarios)), scenarios)
    axes.set(title="Expected harm at the firms visited, by scenario",
             xlabel=f"times that of uniform (harm of sectors spread {spread:g} to 1)")  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7)
    return figure
