"""`risk-index retrain`: fit a challenger, hold it against the champion, promote or refuse."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from risk_index.card import MARKDOWN, PAGE
from risk_index.draw.records import write_whole
from risk_index.fairness.audit import Asked, audit
from risk_index.fairness.findings import Audit
from risk_index.pipeline import Say, Source, fit_with_examples
from risk_index.release.champion import log_of, promote, refuse, send
from risk_index.release.evidence import Champion, Looked, ruling
from risk_index.release.limits import load_limits
from risk_index.release.log import read_log
from risk_index.release.verdicts import Ruling
from risk_index.settings import load_settings
from risk_index.tracking import CHAMPION, Registry, RegistryError

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
    """

    attributes: Path | None = None
    waivers: Path | None = None
    gates: Path | None = None
    log: Path | None = None
    who: str = "risk-index retrain"
    without: tuple[str, ...] = ()
    promotes: bool = True


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
    read_log(log_of(registry, wanted.log))  # a broken log is told now, not after the fit
    fit = fit_with_examples(source, as_of, run, say, registry.address, wanted.without)
    audited = _audited(source, run, registry, wanted, say)
    try:
        champion = _champion(registry, say)
        found = ruling(Looked(source, fit, settings, limits, champion, audited), say)
        write_verdict(found, run)
        _carried_out(found, registry, run, fit.facts["mlflow_run"], wanted, say)
    except RegistryError as error:
        raise RegistryError(
            f"{error} The fit is whole in {run}: retrain again, or send it as it is: "
            f"risk-index model send {run} --registry {registry.place}"
        ) from error
    return found


def write_verdict(found: Ruling, run: Path) -> None:
    """Write ``verdict.md`` and ``verdict.json`` into the folder of the fit."""
    text = json.dumps(found.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(run / "verdict.md", found.markdown().encode())
    write_whole(run / VERDICT, text.encode())


def _champion(registry: Registry, say: Say) -> Champion | None:
    holder = registry.holder(CHAMPION)
    if holder is None:
        say("there is no champion yet: the gates that need none decide")
        return None
    with registry.opened(holder.number) as folder:
        return Champion.read(folder)


def _audited(
    source: Source, run: Path, registry: Registry, wanted: Wanted, say: Say
) -> Audit | None:
    if wanted.attributes is None:
        return None
    ledger = registry.folder / AUDITS if registry.folder else None
    asked = Asked(waivers=wanted.waivers, ledger=ledger)
    return audit(source, run, wanted.attributes, run / "audit", say, asked)


def _carried_out(
    found: Ruling, registry: Registry, run: Path, run_id: str | None, wanted: Wanted, say: Say
) -> None:
    """Register the challenger with its verdict; promote it, or log that it was refused."""
    made = send(run, registry, run_id)
    if run_id:
        registry.attach(run_id, [run / VERDICT, run / "verdict.md", run / MARKDOWN, run / PAGE])
    say(f"challenger {made.model_version} is version {made.number} in {registry.place}")
    if not found.promotes:
        why = f"refused by {', '.join(found.refusing)}"
        refuse(registry, made.number, wanted.who, why, wanted.log)
    elif wanted.promotes:
        promote(registry, made.number, wanted.who, "passed every gate", wanted.log)
