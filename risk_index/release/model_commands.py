"""``risk-index model``: the registry of models."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import FOLDER, HELP, output_options

if TYPE_CHECKING:
    from risk_index.tracking import Registered

Verb = TypeVar("Verb", bound=Callable[..., Any])


def registry_option(verb: Verb) -> Verb:
    """Add the option that names the registry."""
    return click.option(
        "--registry",
        default="registry",
        show_default=True,
        help="Folder of the registry, or the address of an MLflow server.",
    )(verb)


def decided_by(verb: Verb) -> Verb:
    """Add the options that say who decided, why, and where that is written down."""
    log = click.option(
        "--log", type=FOLDER, help="Log of decisions; decisions.jsonl in the registry by default."
    )
    who = click.option("--who", default=_user, help="Who decided; the user by default.")
    return log(who(verb))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


@click.group(context_settings=HELP)
def model() -> None:
    """Registry of models: a champion that ranks, and challengers."""


@model.command()
@registry_option
@output_options
@honest
def show(registry: str) -> None:
    """List the versions and which of them is champion."""
    from risk_index.tracking import Registry

    place = Registry(registry)
    place.demand()
    found = place.versions()
    for one in found:
        before = f", came after version {one.replaces}" if one.replaces else ""
        titles = f" ({', '.join(one.aliases)})" if one.aliases else ""
        say(f"version {one.number}{titles}: model {one.model_version}, fit of {one.as_of}{before}")
    if not found:
        say(f"no model is registered in {place.shown}")
    as_json(
        {"versions": [_facts(one) | {"aliases": one.aliases, "as_of": one.as_of} for one in found]}
    )


@model.command()
@click.argument("run", type=FOLDER)
@registry_option
@output_options
@honest
def send(run: Path, registry: str) -> None:
    """Register the fit in folder RUN as the challenger, such as one that a server missed."""
    from risk_index.release.champion import send as send_fit
    from risk_index.tracking import Registry

    made = send_fit(run, Registry(registry))
    say(f"version {made.number}: model {made.model_version}; it is the challenger")
    as_json(_facts(made))


@model.command()
@click.argument("version", type=click.IntRange(min=1))
@click.option("--why", required=True, help="The reason: no gate is asked here.")
@registry_option
@decided_by
@output_options
@honest
def promote(version: int, why: str, registry: str, log: Path | None, who: str) -> None:
    """Make VERSION champion by a person's decision, which is logged."""
    from risk_index.release.champion import promote as promote_version
    from risk_index.tracking import Registry

    made = promote_version(Registry(registry), version, who, why, log)
    say(f"version {made.number} (model {made.model_version}) is champion")
    as_json(_facts(made))


@model.command()
@click.option("--why", required=True, help="The reason.")
@registry_option
@decided_by
@output_options
@honest
def rollback(why: str, registry: str, log: Path | None, who: str) -> None:
    """Make the champion before this one champion again."""
    from risk_index.release.champion import roll_back
    from risk_index.tracking import Registry

    made = roll_back(Registry(registry), who, why, log)
    say(f"version {made.number} (model {made.model_version}) is champion again")
    as_json(_facts(made))


def _facts(made: Registered) -> dict[str, Any]:
    return {"version": made.number, "model_version": made.model_version}
