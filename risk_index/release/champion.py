"""Who is champion: fits sent to the registry, promoted and rolled back, each decision logged.

A decision is logged before it is carried out: a log may hold one that a power cut undid, never miss one.
"""

from __future__ import annotations

import json
from pathlib import Path

from models.fitted import FittedModel
from risk_index import tracking
from risk_index.errors import UserError
from risk_index.release.log import LOG, Action, add
from risk_index.tracking import CHAMPION, Registered, Registry, RegistryError


def log_of(registry: Registry, log: Path | None) -> Path:
    """Return where decisions are logged: the file named, else beside the registry, else here."""
    return log or (registry.folder or Path()) / LOG


def send(run: Path, registry: Registry, run_id: str | None = None) -> Registered:
    """Register the fit in a folder as the challenger; its run is recorded first unless it was.

    Raises
    ------
    UserError
        Where the folder holds no fit, or the registry does not answer: the fit stays as it is.
    """
    try:
        facts = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{run} holds no fit: {error}. Name the --out of a fit.") from error
    model = FittedModel.load(run / "model")
    try:
        settings = model.meta["settings"]
        known = run_id or tracking.log_fit(
            run, settings, *tracking.of_facts(facts), registry.address
        )
    except tracking.FAILURES as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RegistryError(
            f"the registry at {registry.address} does not answer: {first}. The fit is whole in {run}; send "
            f"it later: risk-index model send {run} --registry {registry.place}"
        ) from error
    return registry.add(run, known)


def promote(
    registry: Registry, number: int, who: str, why: str, log: Path | None = None
) -> Registered:
    """Make a version champion and log it."""
    registry.verify(number)
    before = registry.holder(CHAMPION)
    came = f", in place of version {before.number}" if before else ""
    _logged(registry, log, who, "promote", number, f"version {number} is champion{came}", why)
    return registry.promote(number)


def roll_back(registry: Registry, who: str, why: str, log: Path | None = None) -> Registered:
    """Make the champion before this one champion again and log it."""
    number = registry.before_champion()
    registry.verify(number)
    _logged(registry, log, who, "rollback", number, f"version {number} is champion again", why)
    return registry.crown(number)


def refuse(registry: Registry, number: int, who: str, why: str, log: Path | None = None) -> None:
    """Log that a challenger was refused."""
    _logged(registry, log, who, "refuse", number, f"version {number} stays challenger", why)


def _logged(
    registry: Registry, log: Path | None, who: str, action: Action, number: int, what: str, why: str
) -> None:
    path = log_of(registry, log)
    add(path, who=who, action=action, about=f"version {number}", what=what, why=why)
