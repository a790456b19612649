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
from risk_index.progress import quiet

Verb = TypeVar("Verb", bound=Callable[..., Any])
DATA_SAYS_NO = 1


def say(message: str) -> None:
    """Write a message to standard error, unless the command was asked to be quiet."""
    if not quiet():
        click.echo(message, err=True)


def complain(message: str) -> None:
    """Write to standard error what went wrong, asked to be quiet or not."""
    click.echo(message, err=True)


def as_json(facts: Mapping[str, Any]) -> None:
    """Write what was written where to standard output, for a machine."""
    click.echo(json.dumps(facts, ensure_ascii=False, default=str, indent=1))


def honest(verb: Verb) -> Verb:
    """Turn what the user can mend into a message and exit code 1."""

    @wraps(verb)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return verb(*args, **kwargs)
        except RecordsError as error:
            noted = [str(f) for f in error.failures if f.action != "refused"]
            for line in noted:
                complain(f"- {line}")
            complain(f"The records cannot be used:\n{error}")
        except (UserError, NotEnoughLabels, ExamplesError, ModelFileError) as error:
            complain(f"Error: {error}")
        except OSError as error:
            complain(f"Error: {error.strerror or error}: {error.filename or ''}")
        sys.exit(DATA_SAYS_NO)

    return run  # type: ignore[return-value]
