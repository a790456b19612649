"""`risk-index retrain`: fit a challenger, hold it against the champion, promote or refuse."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from risk_index.card import MARKDOWN, PAGE
from risk_index.draw.records import write_whole
from risk_index.errors import UserError
from risk_index.fairness.audit import Asked, audit
from risk_index.fairness.findings import Audit
from risk_index.pipeline import Say, Source, fit_with_examples
from risk_index.release.champion import log_of, promote, refuse, send
from risk_index.release.evidence import Champion, Looked, ruling
from risk_index.release.limits import load_limits
from risk_index.release.log import read_log
from risk_index.release.verdicts import Ruling
from risk_index.settings import load_settings
from risk_index.tracking import CHAMPION, Registered, Registry, RegistryError

VERDICT = "verdict.json"
AUDITS = "audits.json"


@dataclass(frozen=True)
class Wanted:
    """What `retrain` may be given besides records, day, registry and folder.

    Attributes
    ----------
    attributes, waivers : Path or None
        For the fairness audit.
    gates : Path or None
        Limits that override single ones.
    log : Path or None
        Log of decisions.
    who : str
        In whose name a promotion or refusal is logged.
    without : tuple of str
        Features that no model may use.
    promotes : bool
        Whether a challenger that passes becomes champion at once.
    first : bool
        Whether this is the first fit: said by a person, since a registry that was misspelt has no
        champion either.
    """

    attributes: Path | None = None
    waivers: Path | None = None
    gates: Path | None = None
    log: Path | None = None
    who: str = "risk-index retrain"
    without: tuple[str, ...] = ()
    promotes: bool = True
    first: bool = False


def retrain(
    source: Source,
    as_of: dt.date,
    registry: Registry,
    run: Path,
    say: Say,
    wanted: Wanted | None = None,
) -> Ruling:
    """Fit into the folder `run`, ask every gate, write the verdict, register, and promote or refuse.

    The caller closes the gate: ``found.refuse(...)`` raises where the challenger is refused.

    Raises
    ------
    UserError
        Where records, settings, log or registry cannot be used; a fit made by then stays in `run`.
    """
    wanted = wanted or Wanted()
    limits, settings = load_limits(as_of, wanted.gates), load_settings(as_of, source.settings)
    _ready(registry, wanted, say)
    fit = fit_with_examples(source, as_of, run, say, registry.address, wanted.without)
    audited = _audited(source, as_of, run, registry, wanted, say)
    try:
        champion = _champion(registry, wanted.first, say)
        found = ruling(Looked(source, fit, settings, limits, champion, audited), say)
        write_verdict(found, run)
        _carried_out(found, registry, run, fit.facts["mlflow_run"], wanted, say)
    except RegistryError as error:
        raise RegistryError(
            f"{error} The fit is whole in {run}: retrain again, or send it as it is: "
            f"risk-index model send {run} --registry {registry.shown}"
        ) from error
    return found


def write_verdict(found: Ruling, run: Path) -> None:
    """Write ``verdict.md`` and ``verdict.json`` into the folder of the fit."""
    text = json.dumps(found.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(run / "verdict.md", found.markdown().encode())
    write_whole(run / VERDICT, text.encode())


def _ready(registry: Registry, wanted: Wanted, say: Say) -> None:
    """Tell now, not after the fit, what cannot end well; a server that is away may be back by then."""
    if not wanted.who.strip():
        raise UserError("--who is blank: name who answers for the promotion or the refusal")
    read_log(log_of(registry, wanted.log))
    try:
        _expected(registry, registry.holder(CHAMPION), wanted.first)
    except RegistryError as error:
        if registry.folder is not None:
            raise
        say(f"{error} The fit goes on meanwhile.")


def _expected(registry: Registry, holder: Registered | None, first: bool) -> None:
    """Refuse a first fit that was not said to be one, and one that was and is not."""
    if holder is None and not first:
        raise UserError(
            f"there is no champion in the registry at {registry.shown}. Name the registry that holds it; "
            "where this is the first fit, say so with --first: no gate that compares is asked then."
        )
    if holder is not None and first:
        raise UserError(
            f"version {holder.number} is champion in the registry at {registry.shown}: this is not the first "
            "fit, so leave out --first."
        )


def _champion(registry: Registry, first: bool, say: Say) -> Champion | None:
    holder = registry.holder(CHAMPION)
    _expected(registry, holder, first)
    if holder is None:
        say("there is no champion yet: the gates that need none decide")
        return None
    with registry.opened(holder.number) as folder:
        return Champion.read(folder)


def _audited(
    source: Source, as_of: dt.date, run: Path, registry: Registry, wanted: Wanted, say: Say
) -> Audit | None:
    """Audit where attributes are given; a waiver must hold on the as-of date, so no clock decides."""
    if wanted.attributes is None:
        return None
    ledger = registry.folder / AUDITS if registry.folder else None
    asked = Asked(waivers=wanted.waivers, ledger=ledger, today=as_of)
    return audit(source, run, wanted.attributes, run / "audit", say, asked)


def _carried_out(
    found: Ruling, registry: Registry, run: Path, run_id: str | None, wanted: Wanted, say: Say
) -> None:
    """Register the challenger with its verdict; promote it, or log that it was refused."""
    made = send(run, registry, run_id)
    if run_id:
        registry.attach(run_id, [run / VERDICT, run / "verdict.md", run / MARKDOWN, run / PAGE])
    say(f"challenger {made.model_version} is version {made.number} in {registry.shown}")
    if not found.promotes:
        why = f"refused by {', '.join(found.refusing)}"
        refuse(registry, made.number, wanted.who, why, wanted.log)
    elif wanted.promotes:
        promote(registry, made.number, wanted.who, found.said, wanted.log, found.champion)
