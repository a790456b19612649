"""What every verb of the command line shares: messages on standard error, and honest failures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import click

from features.failures import RecordsError
from models.examples import ExamplesError, NotEnoughLabels
from models.fitted import ModelFileError
from risk_index.errors import UserError
from risk_index.progress import WAIT, quiet

Verb = TypeVar("Verb", bound=Callable[..., Any])
DATA_SAYS_NO = 1
MACHINE = f"{__name__}.machine"
"""Where the running command keeps that a machine listens, and what there is to tell it."""
FACTS = f"{__name__}.facts"


def say(message: str) -> None:
    """Write a message to standard error, unless the command was asked to be quiet."""
    if not quiet():
        WAIT.end()
        click.echo(message, err=True)
        WAIT.begin()


def complain(message: str) -> None:
    """Write to standard error what went wrong, asked to be quiet or not."""
    WAIT.end()
    click.echo(message, err=True)


def as_json(facts: Mapping[str, Any]) -> None:
    """Keep what was written where, for a machine that asked for it by --json."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[FACTS] = context.meta.get(FACTS, {}) | dict(facts)


def failure(error: BaseException, code: int) -> dict[str, Any]:
    """Return an error as a machine reads it: its kind, the exit code, the message, and broken rules."""
    told = {"error": type(error).__name__, "exit_code": code, "message": str(error)}
    if isinstance(error, RecordsError):
        told["failures"] = [found.as_dict() for found in error.failures]
    return told


def print_json(facts: Mapping[str, Any]) -> None:
    """Write one line of JSON to standard output."""
    click.echo(json.dumps(facts, ensure_ascii=False, default=str))


def honest(verb: Verb) -> Verb:
    """Turn what the user can mend into a message and exit code 1; tell a machine how it went."""

    @wraps(verb)
    def run(*args: Any, **kwargs: Any) -> Any:
        code = 0
        WAIT.begin()  # what a verb needs may take seconds to load
        try:
            verb(*args, **kwargs)
        except (
            UserError,
            RecordsError,
            NotEnoughLabels,
            ExamplesError,
            ModelFileError,
            OSError,
        ) as error:
            code = DATA_SAYS_NO
            complain(_told(error))
            as_json(failure(error, code))
        finally:
            WAIT.end()
        meta = click.get_current_context().meta
        if meta.get(MACHINE):
            print_json(meta.get(FACTS, {}))
        if code := code or meta.get(FACTS, {}).get("exit_code", 0):
            sys.exit(code)

    return run  # type: ignore[return-value]


def _told(error: BaseException) -> str:
    """Return an error in words."""
    if isinstance(error, RecordsError):
        noted = [f"- {found}\n" for found in error.failures if found.action != "refused"]
        return f"{''.join(noted)}The records cannot be used:\n{error}"
    if isinstance(error, OSError):
        return f"Error: {error.strerror or error}: {error.filename or ''}"
    return f"Error: {error}"


class Verbs(click.Group):
    """The verbs; wrong usage, too, is told to a machine that asked for it by --json."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep whether a machine listens: a verb whose words are wrong cannot say it."""
        ctx.meta[MACHINE] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if ctx.meta[MACHINE]:
                print_json(failure(error, error.exit_code) | {"message": error.format_message()})
            raise
