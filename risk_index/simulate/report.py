"""The tables of a simulation, in Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from risk_index.simulate.measured import OFTEN, STRATA
from risk_index.simulate.pictures import draw_pictures
from risk_index.simulate.policies import NOBODY, POLICIES
from risk_index.simulate.runs import Run, whole
from risk_index.simulate.settings import BASE, SimulateSettings, load_simulate_settings
from risk_index.simulate.summary import by_world, over_worlds

Table = list[list[str]]
Cell = Callable[[float], str]


def write_report(runs: list[Run], settings: SimulateSettings, out: Path) -> Path:
    """Write ``simulation.md``, ``seasons.csv``, ``summary.csv`` and the pictures from the kept rows."""
    rows = pd.concat([run.rows() for run in runs], ignore_index=True)
    main = over_worlds(by_world(rows[rows.scenario == BASE]))
    others = pd.DataFrame(columns=main.columns)
    if (rows.scenario != BASE).any():
        others = over_worlds(by_world(_compared(rows)))
    whole(out / "seasons.csv", _csv(rows))
    whole(out / "summary.csv", _csv(pd.concat([main.assign(part="main"),
                                               others.assign(part="sensitivity")])))  # fmt: skip
    names = draw_pictures(rows[rows.scenario == BASE], main, others, settings, out)
    whole(out / "simulation.md", _text(main, others, settings, names))
    return out / "simulation.md"


def _csv(rows: pd.DataFrame) -> str:
    return rows.to_csv(index=False, lineterminator="\n")


def _compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the seasons, worlds and policies that all scenarios have played."""
    other = rows[rows.scenario != BASE]
    same = (rows.season <= other.season.max()) & rows.seed.isin(other.seed.unique())
    return rows[same & rows.policy.isin(other.policy.unique())]


# ---- text ----------------------------------------------------------------------------------------


def _text(
    main: pd.DataFrame, others: pd.DataFrame, settings: SimulateSettings, pictures: Iterable[str]
) -> str:
    spread = settings.world_of(BASE).harm_spread
    parts = [
        "# Policies of inspection over seasons",
        _said(settings),
        _policies(main),
        f"## What is found\n\n{SAID_OF_FINDS}",
        _markdown(_finds(main, spread)),
        f"## What the visits say of the registry\n\n{SAID_OF_RATES}",
        _markdown(_table(main, RATES)),
        f"## Who is visited\n\n{_said_of_burden(settings)}",
        _markdown(_table(main, BURDEN)),
    ]
    if len(others):
        parts += [f"## What if\n\n{_said_of_scenarios(others, settings)}", _scenarios(settings)]
        parts += [_markdown(_sensitivity(others, settings))]
    parts += [f"![{name}]({name}.png)" for name in pictures]
    return "\n\n".join(parts) + "\n"


def _said(settings: SimulateSettings) -> str:
    defaults = load_simulate_settings().model_dump()
    now = settings.model_dump()
    other = [f"{name} {_value(now[name])}" for name in now if now[name] != defaults[name]]
    years = "past holds something against older representatives" if settings.planted else "own past"
    return (
        f"Made by `risk-index simulate` with `configs/simulate.yaml`"
        f"{' but for: ' + '; '.join(other) if other else ''}.\n\n"
        f"Worlds: {settings.seeds}, of {settings.firms:,} firms ({years}). Seasons of a year: "
        f"{settings.seasons}, with visits to {settings.capacity_share:.1%} of the open firms in each. "
        "All policies meet the same luck: they differ by whom they visit and by what follows from it. "
        "Those that learn fit anew before each season on all that the past and their own visits brought "
        f"(training dates every {settings.grid_months} months). Figures are means over "
        "worlds with the 95 % interval of that mean; all of it is about a synthetic registry: "
        "magnitudes and no promises."
    )


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _policies(main: pd.DataFrame) -> str:
    played = [name for name in POLICIES if name in set(main.policy)]
    return "\n".join(f"* `{name}`: {POLICIES[name].__doc__}" for name in played)


SAID_OF_FINDS = (
    "Violations and harm: what the truth expects at the firms visited, over what `uniform` meets; all "
    "seasons together. **A multiple of harm hangs on the spread of harm between sectors, which is set and "
    "not measured**: it stands beside it (harm of the most hazardous sector over the least). With a "
    "violation: visits that found one, over-citing included. Of the most possible: harm met over the most "
    "that as many visits could have met in the same registry. Regret: what is short of the oracle's harm. "
    "Averted: by how much less true expected harm stood in the registry after each season than without "
    "planned visits; it comes from deterrence alone and stands for the seasons played."
)
SAID_OF_RATES = (
    "Rate of violations among all open firms, by the visits of a season less the true one: the plain mean "
    "of what visits found, and the design-based (Hajek) rate; a list without chances lets nobody estimate "
    "it. Spread: standard deviation between worlds of the mean over seasons. Covered: share of seasons "
    "whose 95 % interval holds the truth."
)


def _said_of_burden(settings: SimulateSettings) -> str:
    age = settings.world_of(BASE).older_rep_age
    return (
        "Burden: visits of compliant firms of a group over those of the others in strata of equal true "
        f"expected harm ({STRATA} of equal size); 1 is equal. Older: legal representatives of {age} years "
        "or more. Reporting: firms in regions that report at least the median share of their penalties. "
        f"Never, and {OFTEN} times or more: firms open at the beginning, by planned visits of all seasons."
    )


def _said_of_scenarios(others: pd.DataFrame, settings: SimulateSettings) -> str:
    seeds = min(settings.sensitivity_seeds, settings.seeds)
    seasons = min(settings.sensitivity_seasons, settings.seasons)
    return (
        f"Worlds in which something is otherwise, their past included. Worlds: the first {seeds}; "
        f"seasons: the first {seasons}; `{BASE}` shows the same of them unchanged."
    )


def _scenarios(settings: SimulateSettings) -> str:
    lines = []
    for found in settings.scenarios:
        knobs = ", ".join(f"`{name}` {value}" for name, value in found.world.items())
        lines.append(f"* {found.name}: {found.meaning} ({knobs})")
    return "\n".join(lines)


# ---- tables --------------------------------------------------------------------------------------


def _number(digits: int, sign: str = "") -> Cell:
    return lambda value: f"{value:{sign}.{digits}f}"


def _percent(digits: int = 1) -> Cell:
    return lambda value: f"{value:.{digits}%}"


FINDS: Mapping[str, tuple[str, Cell]] = {
    "violations_times": ("violations, times uniform", _number(2)),
    "harm_times": ("harm, times uniform", _number(2)),
    "hit_rate": ("visits with a violation", _percent()),
    "of_possible": ("harm, of the most possible", _percent(0)),
    "regret": ("regret", _percent(0)),
    "averted": ("harm averted", _percent()),
}
RATES: Mapping[str, tuple[str, Cell]] = {
    "naive": ("naive rate, bias", _number(4, "+")),
    "design_based": ("design-based rate, error", _number(4, "+")),
    "spread": ("its spread", _number(4)),
    "covered": ("covered", _percent(0)),
}
BURDEN: Mapping[str, tuple[str, Cell]] = {
    "burden_older_first": ("older, first season", _number(3)),
    "burden_older": ("older, last season", _number(3)),
    "burden_reporting": ("reporting, last season", _number(3)),
    "never": ("never", _percent()),
    "often": (f"{OFTEN} times or more", _percent()),
}


def _finds(main: pd.DataFrame, spread: float) -> Table:
    head, *lines = _table(main, FINDS)
    place = head.index(FINDS["harm_times"][0]) + 1
    return [[*head[:place], "sector spread of harm", *head[place:]]] + [
        [*line[:place], f"{spread:g}", *line[place:]] for line in lines
    ]


def _table(found: pd.DataFrame, columns: Mapping[str, tuple[str, Cell]]) -> Table:
    """Return a line a policy, its figures with their intervals."""
    lines = [["policy", *(title for title, _ in columns.values())]]
    for policy in [name for name in POLICIES if name in set(found.policy) and name != NOBODY]:
        of = found[found.policy == policy].set_index("figure")
        lines.append([policy, *(_cell(of, name, cell) for name, (_, cell) in columns.items())])
    return lines


def _cell(of: pd.DataFrame, name: str, cell: Cell) -> str:
    if name == "spread":
        known = "design_based" in of.index and of.loc["design_based"].worlds > 1
        return cell(of.loc["design_based", "sd"]) if known else ""
    if name not in of.index:
        return "not estimable" if name == "design_based" else ""
    row = of.loc[name]
    if row.worlds < 2:
        return cell(row["mean"])
    return f"{cell(row['mean'])} [{cell(row.low)}, {cell(row.high)}]"


def _sensitivity(others: pd.DataFrame, settings: SimulateSettings) -> Table:
    columns = {
        name: {**FINDS, **RATES, **BURDEN}[name]
        for name in ("harm_times", "of_possible", "averted", "design_based", "burden_older")
    }
    lines: Table = []
    for scenario in others.scenario.drop_duplicates():
        spread = settings.world_of(scenario).harm_spread
        head, *rest = _table(others[others.scenario == scenario], columns)
        lines = lines or [["scenario", *head[:2], "sector spread of harm", *head[2:]]]
        lines += [[scenario, *line[:2], f"{spread:g}", *line[2:]] for line in rest]
    return lines


def _markdown(lines: Table) -> str:
    rows = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
