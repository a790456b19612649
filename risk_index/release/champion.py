"""Who is champion: fits sent to the registry, promoted and rolled back, each decision logged.

A decision is logged, and the log is on the disk, before it is carried out: a log may hold one that a power
cut undid, never miss one. Both happen under the log's lock, so that decisions come one after another.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from models.fitted import FittedModel
from risk_index import tracking
from risk_index.errors import UserError
from risk_index.release.log import LOG, Action, Entry, alone
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
        raise RegistryError(
            f"the registry at {registry.shown} does not answer: {tracking.said(error, registry.place)}. The "
            f"fit is whole in {run}; send it later: risk-index model send {run} --registry {registry.shown}"
        ) from error
    return registry.add(run, known)


class ChampionChanged(UserError):  # noqa: N818
    """Another model became champion while a challenger was held against the one before."""


def promote(
    registry: Registry,
    number: int,
    who: str,
    why: str,
    log: Path | None = None,
    against: str | None = None,
) -> Registered:
    """Make a version champion and log it.

    Parameters
    ----------
    against : str, optional
        Version of the model that the gates held it against, "" for none. None: a person decides.

    Raises
    ------
    ChampionChanged
        Where another one is champion by now; nothing was changed.
    """
    registry.verify(number)
    with alone(log_of(registry, log)) as write:
        before = registry.holder(CHAMPION)
        if against is not None and against != (before.model_version if before else ""):
            raise ChampionChanged(
                f"version {number} passed beside {f'model {against}' if against else 'no champion'}, but "
                f"{f'model {before.model_version} is champion' if before else 'there is no champion'} by "
                "now: another run promoted. Nothing was changed; retrain, to be held against that one."
            )
        came = f", in place of version {before.number}" if before else ""
        _entered(write, who, "promote", number, f"version {number} is champion{came}", why)
        return registry.promote(number)


def roll_back(registry: Registry, who: str, why: str, log: Path | None = None) -> Registered:
    """Make the champion before this one champion again and log it."""
    registry.verify(registry.before_champion())
    with alone(log_of(registry, log)) as write:
        number = registry.before_champion()
        _entered(write, who, "rollback", number, f"version {number} is champion again", why)
        return registry.crown(number)


def refuse(registry: Registry, number: int, who: str, why: str, log: Path | None = None) -> None:
    """Log that a challenger was refused."""
    with alone(log_of(registry, log)) as write:
        _entered(write, who, "refuse", number, f"version {number} stays challenger", why)


def _entered(
    write: Callable[..., Entry], who: str, action: Action, number: int, what: str, why: str
) -> None:
    write(who=who, action=action, about=f"version {number}", what=what, why=why)
