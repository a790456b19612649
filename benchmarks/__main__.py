"""The command line of the benchmarks. Tables go to `benchmarks/results`, messages to standard error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path)
PYTHON = click.Path(exists=True, dir_okay=False, path_type=Path)
SIZES = {"s": 100_000, "m": 1_000_000}


def say(message: str) -> None:
    click.echo(message, err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Side-by-side measurements, to be run on a machine that does nothing else."""


@main.command()
@click.option("--size", type=click.Choice(list(SIZES)), default="s", show_default=True)
@click.option("--firms", type=click.IntRange(min=1000), help="Another number of firms.")
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--dates/--no-dates", default=True, help="Also 20 as-of dates against one.")
@click.option("--polars", type=PYTHON, help="Python of an environment with Polars.")
@click.option("--featuretools", type=PYTHON, help="Python of an environment with featuretools.")
@click.option("--triage", type=PYTHON, help="Python of an environment with triage.")
@click.option("--postgres", help="Its database, such as postgresql+psycopg2://USER@HOST:PORT/NAME; "
              "schema `bench` is made anew.")  # fmt: skip
@click.option("--spark", type=PYTHON, help="Python of an environment with this project and Spark.")
def matrix(
    size: str,
    firms: int | None,
    repeats: int,
    dates: bool,
    polars: Path | None,
    featuretools: Path | None,
    triage: Path | None,
    postgres: str | None,
    spark: Path | None,
) -> None:
    """The feature matrix of a registry, ours and its rivals'; 20 as-of dates and one."""
    from benchmarks.matrix.report import measure
    from benchmarks.matrix.rivals import Rivals

    rivals = Rivals(polars, featuretools, triage, postgres, spark)
    say(str(measure(firms or SIZES[size], repeats, dates, rivals, say)))


@main.command()
@click.argument("data", type=FOLDER)
@click.option("--city", "cities", multiple=True, help="toronto or chicago; both by default.")
@click.option("--probe/--no-probe", default=True, help="Look for leaks where AUC is over 0.70.")
@click.option("--earlier", type=FOLDER, help="Folder with CITY.csv, as an earlier version ranked.")
def real(data: Path, cities: tuple[str, ...], probe: bool, earlier: Path | None) -> None:
    """Fit and rank real registries in the folder DATA, judged on what came after."""
    from benchmarks.real.report import measure

    for path in measure(data, cities, probe, earlier, say):
        say(str(path))


@main.command()
@click.option("--firms", multiple=True, type=click.IntRange(min=1000), default=(250_000, 1_000_000),
              show_default=True, help="Sizes; repeat the option.")  # fmt: skip
@click.option("--memory-gb", type=float, help="Memory to keep to; no limit by default.")
@click.option("--top", type=int, help="Firms in the CSV, as `rank --top`; all of them by default.")
@click.option("--events", type=float, default=10, show_default=True, help="Events a firm.")
@click.option("--kept", is_flag=True, help="Check and keep the records first; rank what was kept.")
@click.option(
    "--whole", is_flag=True, help="One run, as users have it; its steps are not told apart."
)
def scale(firms: tuple[int, ...], **how: Any) -> None:
    """Check and rank larger and larger registries: seconds and peak memory of every step."""
    from benchmarks.scale.report import How, measure

    say(str(measure(firms, How(**how), say)))


@main.command()
@click.option("--firms", multiple=True, type=click.IntRange(min=1000), default=(1_000_000, 10_000_000),
              show_default=True, help="Sizes; repeat the option.")  # fmt: skip
@click.option("--draws", type=int, default=10_000, show_default=True)
@click.option("--hashed-draws", type=int, default=500, show_default=True)
def draw(firms: tuple[int, ...], draws: int, hashed_draws: int) -> None:
    """The verifiable draw: seconds beside a plain NumPy draw, and inclusion over many draws."""
    from benchmarks.draw.report import measure

    say(str(measure(firms, draws, hashed_draws, say)))


@main.command()
@click.option("--seeds", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--whole", is_flag=True, help="All 864 cells of the factorial design.")
def fairness(seeds: int, whole: bool) -> None:
    """Error rates of the fairness audit in worlds of known truth, and those of its rivals."""
    from benchmarks.fairness.report import measure

    say(str(measure(seeds, whole, say)))


@main.command()
@click.option("--seed", "seeds", multiple=True, type=int, default=(1, 2), show_default=True)
@click.option("--firms", type=click.IntRange(min=1000), default=20_000, show_default=True)
@click.option("--region", default="110105", show_default=True, help="Whose penalties are altered.")
def reporting(seeds: tuple[int, ...], firms: int, region: str) -> None:
    """One region's penalties thinned and doubled: what becomes of its inspections."""
    from benchmarks.reporting.report import measure

    say(str(measure(seeds, firms, region, say)))


@main.command()
@click.option("--seed", "seeds", multiple=True, type=int, default=tuple(range(1, 11)),
              help="1 to 10 by default; repeat the option.")  # fmt: skip
@click.option("--firms", type=click.IntRange(min=2000), default=50_500, show_default=True)
@click.option("--curves", type=click.IntRange(min=1), default=3, show_default=True,
              help="Worlds, the first ones, whose learning curve is drawn.")  # fmt: skip
def learning(seeds: tuple[int, ...], firms: int, curves: int) -> None:
    """Harm captured, calibration, coverage and learning curve in worlds whose truth is known."""
    from benchmarks.learning.report import measure

    say(str(measure(seeds, firms, curves, say)))


@main.command()
@click.option("--seed", "seeds", multiple=True, type=int, default=tuple(range(1, 11)),
              help="1 to 10 by default; repeat the option.")  # fmt: skip
@click.option("--firms", type=click.IntRange(min=2000), default=20_000, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True)
def rounds(seeds: tuple[int, ...], firms: int, jobs: int) -> None:
    """Three rounds on what the last ones found: burden at equal risk, harm met, bias of rates."""
    from benchmarks.rounds.report import measure

    say(str(measure(seeds, firms, jobs, say)))


@main.command()
@click.option("--firms", type=click.IntRange(min=2000), default=50_000, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--fasttreeshap", "python", type=PYTHON,
              help="Python of an environment that holds fasttreeshap.")  # fmt: skip
def reasons(firms: int, repeats: int, python: Path | None) -> None:
    """Exact reasons: ours, pred_contrib, shap and fasttreeshap on fitted models."""
    from benchmarks.reasons.report import measure

    say(str(measure(firms, repeats, python, say)))


@main.command()
@click.option("--firms", type=click.IntRange(min=2000), default=20_000, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
def models(firms: int, repeats: int) -> None:
    """Training and scoring, ours and LightGBM alone on the same data, parameters and trees."""
    from benchmarks.models.report import measure

    say(str(measure(firms, repeats, say)))


@main.command()
@click.option("--firms", type=click.IntRange(min=2000), default=20_000, show_default=True)
@click.option("--tried", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def fines(firms: int, tried: int, seed: int) -> None:
    """One small fine, and a worse penalty instead of a milder one, on thousands of single firms."""
    from benchmarks.fines.report import measure

    say(str(measure(firms, seed, tried, say)))


if __name__ == "__main__":
    main()
