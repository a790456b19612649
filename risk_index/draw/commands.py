"""The commands of the draw: ``risk-index draw commit | run | proof | replace | verify``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from risk_index.messages import DATA_SAYS_NO, as_json, honest, say
from risk_index.options import FOLDER, HELP, output_options

if TYPE_CHECKING:
    from risk_index.draw.beacon import Announced, DrandRound

TIME = "YYYY-MM-DDTHH:MM:SSZ"
Form = Literal["numbers", "hex", "text"]


@click.group(context_settings=HELP)
def draw() -> None:
    """Draw the firms to be visited so that anybody can check it.

    First commit to the frame, then publish the commit, then wait for public randomness, then run.
    """


@draw.command(context_settings=HELP)
@click.argument("frame", type=FOLDER)
@click.option("--ledger", type=FOLDER, required=True, help="Folder of the numbered rounds.")
@click.option("--round", "name", required=True, help="Name of the round, such as 2026Q3.")
@click.option("--method", type=click.Choice(["pareto", "systematic"]), default="pareto",
              show_default=True, help="Checked by each firm alone, or with exact chances.")  # fmt: skip
@click.option("--drand-round", type=int, help="Number of a future drand quicknet round.")
@click.option("--drand-at", metavar=TIME, help="The first drand quicknet round from then on.")
@click.option("--announced", metavar="TEXT", help="A public event, and how its outcome is written.")
@click.option("--announced-at", metavar=TIME, help="When the outcome of the event is public.")
@click.option("--form", type=click.Choice(["numbers", "hex", "text"]), default="numbers",
              show_default=True, help="What of the announced outcome is hashed.")  # fmt: skip
@click.option("--ranked", type=FOLDER, help="The ranking; STEM.csv beside STEM.frame.csv if there.")
@click.option("--secret", type=FOLDER, help="File of 64 hex digits for the salts, to replay.")
@click.option("--committed-at", metavar=TIME, help="Time of the commit; now by default.")
@output_options
@honest
def commit(
    frame: Path, ledger: Path, name: str, method: Literal["pareto", "systematic"],
    drand_round: int | None, drand_at: str | None, announced: str | None, announced_at: str | None,
    form: Form, ranked: Path | None, secret: Path | None, committed_at: str | None,
) -> None:  # fmt: skip
    """Seal FRAME and commit to it before the randomness exists."""
    from risk_index.draw import commit as committing
    from risk_index.draw.ranked import ranking_beside
    from risk_index.draw.records import moment

    ranking = ranked or ranking_beside(frame)
    made = committing.commit(
        ledger,
        committing.Request(
            frame,
            name,
            method,
            _beacon(drand_round, drand_at, announced, announced_at, form),
            ranking,
            committing.read_secret(secret) if secret else None,
            moment(committed_at, "--committed-at") if committed_at else None,
        ),
    )
    record = made.commit
    for note in made.notes:
        say(f"note: {note}")
    say(
        f"{record.firms} firms, {record.visits} visits, {len(record.strata)} strata, {record.method}"
    )
    if ranking:
        say(f"ranking {ranking}, model {record.model_version}, as of {record.as_of}")
    else:
        say("note: no ranking recorded: name one by --ranked, or keep it beside the frame")
    say(f"commit {record.sha256()}")
    say(f"publish {made.folder / 'commit.json'} before {record.beacon.due}; keep the frame sealed")
    as_json({"commit": made.folder / "commit.json", "sha256": record.sha256(), "firms": record.firms,
             "visits": record.visits, "due": record.beacon.due, "ranked": ranking})  # fmt: skip


@draw.command(context_settings=HELP)
@click.argument("folder", metavar="DRAW", type=FOLDER)
@click.option("--signature", metavar="HEX", help="Signature of the drand round that was named.")
@click.option("--randomness", metavar="VALUE", help="What the announced event brought.")
@output_options
@honest
def run(folder: Path, signature: str | None, randomness: str | None) -> None:
    """Draw the round in folder DRAW with what its beacon revealed."""
    from risk_index.draw.run import open_round
    from risk_index.draw.run import run as run_round

    kind = open_round(folder).commit.beacon.kind
    wanted, given = ("--signature", signature) if kind == "drand" else ("--randomness", randomness)
    if given is None or (signature and randomness):
        raise click.UsageError(
            f"This round was committed to a beacon of kind {kind}: give {wanted}."
        )
    result = run_round(folder, given)
    say(f"seed {result.seed}")
    say(
        f"{result.drawn} firms drawn ({result.floor_arm} in the floor arm), in {folder / 'drawn.csv'}"
    )
    say(f"result {result.sha256()}; publish {folder / 'result.json'} after the field work")
    as_json({"drawn": folder / "drawn.csv", "result": folder / "result.json", "sha256": result.sha256(),
             "seed": result.seed, "firms": result.drawn})  # fmt: skip


@draw.command(context_settings=HELP)
@click.argument("folder", metavar="DRAW", type=FOLDER)
@click.argument("firm_id")
@click.option(
    "--out", type=FOLDER, default=Path("proof.json"), show_default=True, help="File of the proof."
)
@output_options
@honest
def proof(folder: Path, firm_id: str, out: Path) -> None:
    """Write the proof that FIRM_ID can check without seeing other firms."""
    from risk_index.draw.proof import SAID, prove, write_proof

    made = prove(folder, firm_id)
    write_proof(made, out)
    say(f"{firm_id}: {SAID[made.drawn]}; give it {out}, commit.json and result.json")
    as_json({"proof": out, "firm_id": firm_id, "drawn": made.drawn})


@draw.command(context_settings=HELP)
@click.argument("folder", metavar="DRAW", type=FOLDER)
@click.argument("firm_id")
@click.option("--reason", required=True, help="Why it cannot be visited.")
@click.option("--person", required=True, help="Who says so.")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Today by default.")
@output_options
@honest
def replace(folder: Path, firm_id: str, reason: str, person: str, date: dt.datetime | None) -> None:
    """Replace FIRM_ID, which cannot be visited, by the next of the sequence."""
    from risk_index.draw.replacements import replace as replace_firm

    entry = replace_firm(folder, firm_id, reason, person, (date or dt.datetime.now()).date())
    say(f"{firm_id} is replaced by {entry.replaced_by}; entry {entry.entry}, hash {entry.sha256}")
    as_json({"entry": entry.entry, "firm_id": firm_id, "replaced_by": entry.replaced_by,
             "sha256": entry.sha256})  # fmt: skip


@draw.command(context_settings=HELP)
@click.argument("place", metavar="LEDGER_OR_DRAW", type=FOLDER)
@click.option("--firm", type=FOLDER, help="A firm's proof, checked with the public records alone.")
@click.option("--at", metavar=TIME, help="Moment by which rounds are due; now by default.")
@output_options
@honest
def verify(place: Path, firm: Path | None, at: str | None) -> None:
    """Check a ledger, a round or one firm; exit code 1 where something is wrong."""
    from risk_index.draw.records import moment
    from risk_index.draw.verify import firm_report
    from risk_index.draw.verify import verify as verify_place

    report = (
        firm_report(place, firm)
        if firm
        else verify_place(place, moment(at, "--at") if at else None)
    )
    for line in report.checked:
        say(f"checked {line}")
    for line in report.findings:
        say(f"- {line}")
    say(f"{len(report.findings)} findings" if report.findings else "all of it holds")
    as_json({"holds": not report.findings, "checked": report.checked, "findings": report.findings})
    if report.findings:
        said = f"{len(report.findings)} findings"
        as_json({"error": "Findings", "exit_code": DATA_SAYS_NO, "message": said})


def _beacon(
    drand_round: int | None, drand_at: str | None, text: str | None, due: str | None, form: Form
) -> DrandRound | Announced:
    from risk_index.draw import beacon
    from risk_index.draw.records import moment

    if sum(given is not None for given in (drand_round, drand_at, text)) != 1:
        raise click.UsageError("Name one beacon: --drand-round, --drand-at or --announced.")
    if drand_round is not None:
        return beacon.drand_round(drand_round)
    if drand_at is not None:
        return beacon.drand_round_at(moment(drand_at, "--drand-at"))
    if due is None:
        raise click.UsageError("--announced needs --announced-at.")
    return beacon.announced(text or "", form, due)
