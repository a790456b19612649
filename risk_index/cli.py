"""The command line: one verb a step of the pipeline. Files hold results, standard error the messages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import risk_index
from risk_index import outcomes
from risk_index.draw.commands import draw
from risk_index.estimates.command import estimate
from risk_index.explain.command import explain
from risk_index.fairness.command import audit
from risk_index.inspectors.commands import assign, roster, stand_in
from risk_index.mapping_commands import mapping
from risk_index.messages import Verbs, as_json, honest, say
from risk_index.options import (
    FOLDER,
    HELP,
    against_option,
    as_of_option,
    engine_options,
    language_option,
    output_options,
    source_options,
)
from risk_index.release.commands import retrain
from risk_index.release.log_commands import log
from risk_index.release.model_commands import model
from risk_index.simulate.command import simulate
from risk_index.texts import texts

WORKBOOK = ".xlsx"

if TYPE_CHECKING:
    from features.addresses import Address


@click.group(cls=Verbs, context_settings=HELP)
@click.version_option(risk_index.__version__, prog_name="risk-index")
def main() -> None:
    """Order inspections by risk: from records of firms to a ranked CSV.

    An internal aid for planning inspections. No credit rating; no output may feed a punishment.
    """


@main.command()
@click.argument("out", type=FOLDER)
@click.option(
    "--firms", type=click.IntRange(min=1), default=20_000, show_default=True, help="Firms in it."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same registry.")
@output_options
@honest
def world(out: Path, firms: int, seed: int) -> None:
    """Write a synthetic registry with known truth into OUT."""
    from risk_index.demo import make_world

    made = make_world(out, firms, seed, say)
    say(f"records in {out / 'records'}, truth in {out / 'truth.parquet'}; fit and rank at {made}")
    as_json(outcomes.of_world(out, made))


@main.command()
@source_options
@click.option(
    "--out", type=FOLDER, default=Path("check"), show_default=True, help="Folder for the report."
)
@click.option(
    "--keep",
    is_flag=True,
    help="Keep the accepted records in OUT: other commands read OUT as RECORDS, without another check. "
    "One that was broken off goes on after the tables that it had finished.",
)
@output_options
@honest
def check(
    records: Path | Address, mapping: Path | None, settings: Path | None, out: Path, keep: bool
) -> None:
    """Validate RECORDS; write quality.json and rejected/TABLE.csv."""
    from risk_index import pipeline

    quality = pipeline.check(pipeline.Source(records, mapping, settings), out, keep, say)
    for line in quality.recognised:
        say(line)
    for failure in quality.failures:
        say(f"- {failure}")
    for table in quality.tables:
        if table.file:
            say(f"{table.table}: {table.n_accepted} of {table.n_read} rows accepted ({table.file})")
    rejected = out / "rejected"
    also = f", rejected rows in {rejected}" if rejected.is_dir() else ""
    say(f"report in {out / 'quality.json'}{also}")
    if keep:
        say(f"accepted records kept: name {out} in the place of RECORDS")
    as_json(outcomes.of_check(quality, out))


@main.command()
@source_options
@as_of_option
@click.option("--out", type=FOLDER, required=True, help="Folder of the fit.")
@click.option("--tracking-uri", help="MLflow server; a SQLite file in the folder by default.")
@click.option(
    "--without", multiple=True, metavar="INPUT", help="Feature that no model may use; repeat it."
)
@output_options
@honest
def fit(
    records: Path | Address,
    mapping: Path | None,
    settings: Path | None,
    as_of: dt.datetime,
    out: Path,
    tracking_uri: str | None,
    without: tuple[str, ...],
) -> None:
    """Train both models on what RECORDS held by the as-of date."""
    from risk_index import pipeline

    source = pipeline.Source(records, mapping, settings)
    facts = pipeline.fit(source, as_of.date(), out, say, tracking_uri, without)
    _say_fit(facts, out)
    as_json(outcomes.of_fit(facts, out))


def _say_fit(facts: dict[str, Any], out: Path) -> None:
    from risk_index.parts import of_part

    for note in facts["notes"]:
        say(f"note: {note}")
    judged = {
        (row["method"], row["metric"]): "unknown" if row["value"] is None else f"{row['value']:.3f}"
        for row in of_part(facts)
    }
    if judged:
        say(
            f"judged on {facts['judged_on']} ({facts['part']}): "
            f"AUC {judged['likelihood', 'auc']}, harm found by 10 % of visits "
            f"{judged['index', 'harm_at_10']} (own decayed rate "
            f"{judged['own_decayed_rate', 'harm_at_10']})"
        )
    say(f"model {facts['model_version']} in {out / 'model'}")
    say(f"figures in {out / 'metrics.json'}, card in {out / 'card.md'}")


@main.command()
@source_options
@as_of_option
@click.option("--model", type=FOLDER, required=True, help="Folder of a fit.")
@click.option(
    "--out",
    type=FOLDER,
    default=Path("ranked.csv"),
    show_default=True,
    help="A .csv or .xlsx file.",
)
@click.option(
    "--last", type=FOLDER, help="Ranking of the round before: tiers hold near their edges."
)
@click.option("--xlsx", is_flag=True, help="Write a workbook beside the CSV; so does --out x.xlsx.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="FIRMS",
    help="Firms in the CSV; then all of them are written as Parquet beside it.",
)
@engine_options
@language_option
@output_options
@honest
def rank(
    records: Path | Address,
    mapping: Path | None,
    settings: Path | None,
    as_of: dt.datetime,
    model: Path,
    out: Path,
    last: Path | None,
    xlsx: bool,
    top: int | None,
    engine: str,
    shared: Path | None,
    language: str,
) -> None:
    """Rank every firm of RECORDS with a fitted model, and plan the round."""
    from risk_index import pipeline
    from risk_index.cluster import Cluster
    from risk_index.ranking import Form

    source = pipeline.Source(records, mapping, settings)
    form = Form(texts(language), xlsx or out.suffix == WORKBOOK, top)
    csv = out.with_suffix(".csv") if out.suffix == WORKBOOK else out
    cluster = None if shared is None else Cluster(engine, shared)
    ranking = pipeline.rank(source, as_of.date(), model, csv, say, last, form, cluster)
    for line in ranking.lines():
        say(line)
    files = outcomes.of_ranking(ranking)
    also = f", workbook in {files['workbook']}" if form.xlsx else ""
    also += f", all firms in {files['all_firms']}" if top else ""
    say(
        f"ranking in {files['ranked']}{also}, frame of the draw in {files['frame']} (keep it sealed)"
    )
    as_json(files)


@main.command()
@click.argument("model", type=FOLDER)
@click.option("--ranked", type=FOLDER, help="The ranking, for regions, sectors, tiers and firms.")
@click.option("--audit", "audited", type=FOLDER, help="Folder of the fit's audit.")
@click.option(
    "--out", type=FOLDER, default=Path("report.html"), show_default=True, help="File of the report."
)
@against_option
@language_option
@output_options
@honest
def report(
    model: Path,
    ranked: Path | None,
    audited: Path | None,
    against: Path | None,
    out: Path,
    language: str,
) -> None:
    """Write one HTML file on the fit in folder MODEL."""
    from risk_index.report.writing import Shown, write_report

    write_report(model, out, Shown(ranked, audited, against, texts(language)))
    say(f"report in {out}")
    as_json({"report": out})


@main.command()
@source_options
@as_of_option
@click.option("--out", type=FOLDER, required=True, help="Folder for everything that is made.")
@click.option("--attributes", type=FOLDER, help="Attributes for the audit: firm_id + columns.")
@click.option("--waivers", type=FOLDER, help="YAML list of waivers signed by named persons.")
@against_option
@language_option
@output_options
@honest
def run(
    records: Path | Address,
    mapping: Path | None,
    settings: Path | None,
    as_of: dt.datetime,
    out: Path,
    attributes: Path | None,
    waivers: Path | None,
    against: Path | None,
    language: str,
) -> None:
    """Check, fit, audit, rank and report on RECORDS."""
    from risk_index import demo, pipeline

    source = pipeline.Source(records, mapping, settings)
    wanted = demo.Wanted(attributes, waivers, against, texts(language))
    facts = demo.run_all(source, as_of.date(), out, say, wanted)
    _say_fit(facts, out / "fit")
    say(f"ranking in {out / 'ranked.csv'}, report in {out / 'report.html'}")
    as_json(outcomes.of_run(facts, out))


@main.command()
@click.option(
    "--out",
    type=FOLDER,
    default=Path("build/demo"),
    show_default=True,
    help="Folder for all of it.",
)
@click.option(
    "--firms", type=click.IntRange(min=100), default=20_000, show_default=True, help="Firms in it."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same registry.")
@language_option
@output_options
@honest
def demo(out: Path, firms: int, seed: int, language: str) -> None:
    """All steps on a synthetic world, ending with the first rows of the ranking."""
    from risk_index.demo import demonstrate

    facts = demonstrate(out, firms, seed, say, texts(language))
    as_json(outcomes.of_run(facts, out) | {"audit": out / "audit" / "audit.html"})


main.add_command(draw)
draw.add_command(assign)
draw.add_command(roster)
draw.add_command(stand_in)
main.add_command(estimate)
main.add_command(explain)
main.add_command(audit)
main.add_command(simulate)
main.add_command(mapping, "mapping")
main.add_command(retrain)
main.add_command(model)
main.add_command(log)


if __name__ == "__main__":
    main()
