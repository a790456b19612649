"""Options that several verbs of the command line share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from risk_index.memory import LEAST_GB, MEMORY
from risk_index.messages import MACHINE
from risk_index.progress import QUIET
from risk_index.texts import LANGUAGES

if TYPE_CHECKING:
    from features.addresses import Address

Verb = TypeVar("Verb", bound=Callable[..., Any])
DATE = click.DateTime(formats=["%Y-%m-%d"])


class FolderType(click.Path):
    """A path; the address of a database is refused without repeating it: it may hold a password."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        from features.addresses import Address, is_address

        if is_address(value):
            self.fail(
                f"a path is wanted, not the address of a database ({Address.of(value)})", param, ctx
            )
        return super().convert(value, param, ctx)


FOLDER = FolderType(path_type=Path)
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""How help is asked for, the same under every verb."""


def records_place(ctx: click.Context, param: click.Parameter, value: str) -> Path | Address:
    """Return the address of a database or a path."""
    from features.addresses import Address, is_address

    return Address.of(value) if is_address(value) else Path(value)


def records_argument(verb: Verb) -> Verb:
    """Add the place of the records."""
    return click.argument("records", callback=records_place)(verb)


def _keep_memory(ctx: click.Context, param: click.Parameter, value: float | None) -> None:
    ctx.meta[MEMORY] = value


def source_options(verb: Verb) -> Verb:
    """Add the options that name records, mapping and settings, and bound the memory."""
    mapping = click.option(
        "--mapping", type=FOLDER, help="Folder that maps somebody else's extract."
    )
    settings = click.option(
        "--settings", type=FOLDER, help="YAML file that overrides single settings."
    )
    memory = click.option(
        "--memory-gb",
        type=click.FloatRange(min=LEAST_GB),
        metavar="GB",
        expose_value=False,
        callback=_keep_memory,
        help="Memory to keep to; what does not fit is put on disk.",
    )
    return records_argument(mapping(settings(memory(verb))))


def _keep_quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[QUIET] = value


def quiet_option(verb: Verb) -> Verb:
    """Add --quiet: neither messages nor progress, errors only."""
    return click.option(
        "--quiet",
        "-q",
        is_flag=True,
        expose_value=False,
        callback=_keep_quiet,
        help="No messages, no progress; errors only.",
    )(verb)


def _for_a_machine(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[MACHINE] = value


def json_option(verb: Verb) -> Verb:
    """Add --json: one line on standard output that says what was written, or what went wrong."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_for_a_machine,
        help="Say what was written, or what went wrong, as one line of JSON on standard output.",
    )(verb)


def output_options(verb: Verb) -> Verb:
    """Add --quiet and --json."""
    return quiet_option(json_option(verb))


def against_option(verb: Verb) -> Verb:
    """Add the earlier run that a report is held against."""
    return click.option(
        "--against",
        type=FOLDER,
        help="Folder of an earlier run (fit/ and ranked.csv): the report tells what moved.",
    )(verb)


EMBEDDED = "duckdb"
MASTERS = re.compile(r"local(\[.+\])?|yarn|(spark|k8s)://.+")


def _engine(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value != EMBEDDED and not MASTERS.fullmatch(value):
        raise click.BadParameter(f"{value!r} is neither {EMBEDDED} nor a Spark master", ctx, param)
    return value


def _shared(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    if (ctx.params["engine"] == EMBEDDED) != (value is None):
        raise click.UsageError("--engine with a Spark master and --shared go together", ctx)
    return value


def engine_options(verb: Verb) -> Verb:
    """Add where to score: on this machine, or on Spark by way of a folder that its executors see."""
    engine = click.option(
        "--engine",
        callback=_engine,
        default=EMBEDDED,
        show_default=True,
        is_eager=True,
        metavar="MASTER",
        help="duckdb: this machine. Else a Spark master: local[4], yarn, spark://host:7077, k8s://url.",
    )
    shared = click.option(
        "--shared",
        type=FOLDER,
        callback=_shared,
        help="With Spark: a new folder that this machine and all executors see by the same name.",
    )
    return engine(shared(verb))


def language_option(verb: Verb) -> Verb:
    """Add the language of headings and reasons."""
    return click.option(
        "--language",
        type=click.Choice(LANGUAGES),
        default=LANGUAGES[0],
        show_default=True,
        help="Language of headings, reasons and notes.",
    )(verb)


def as_of_option(verb: Verb) -> Verb:
    """Add the as-of date."""
    return click.option(
        "--as-of",
        type=DATE,
        required=True,
        metavar="YYYY-MM-DD",
        help="Only what was recorded by this day is seen.",
    )(verb)
