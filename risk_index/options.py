"""Options that several verbs of the command line share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Verb = TypeVar("Verb", bound=Callable[..., Any])
DATE = click.DateTime(formats=["%Y-%m-%d"])
FOLDER = click.Path(path_type=Path)
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""How help is asked for, the same under every verb."""


def records_place(ctx: click.Context, param: click.Parameter, value: str) -> Path | str:
    """Return the address of a database as it is written, anything else as a path."""
    from features.database import is_database

    return value if is_database(value) else Path(value)


def source_options(verb: Verb) -> Verb:
    """Add the options that name records, mapping and settings."""
    mapping = click.option(
        "--mapping", type=FOLDER, help="Folder that maps somebody else's extract."
    )
    settings = click.option(
        "--settings", type=FOLDER, help="YAML file that overrides single settings."
    )
    return click.argument("records", callback=records_place)(mapping(settings(verb)))


def as_of_option(verb: Verb) -> Verb:
    """Add the as-of date."""
    return click.option(
        "--as-of",
        type=DATE,
        required=True,
        metavar="YYYY-MM-DD",
        help="Only what was recorded by this day is seen.",
    )(verb)
