"""What every verb of the command line shares: messages on standard error, and honest failures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from features.failures import RecordsError
from models.examples import ExamplesError, NotEnoughLabels
from models.fitted import ModelFileError
from risk_index.errors import UserError

Verb = TypeVar("Verb", bound=Callable[..., Any])
DATA_SAYS_NO = 1


def say(message: str) -> None:
    """Write a message to standard error."""
    click.echo(message, err=True)


def honest(verb: Verb) -> Verb:
    """Turn what the user can mend into a message and exit code 1."""

    @wraps(verb)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return verb(*args, **kwargs)
        except RecordsError as error:
            noted = [str(f) for f in error.failures if f.action != "refused"]
            for line in noted:
                say(f"- {line}")
            say(f"The records cannot be used:\n{error}")
        except (UserError, NotEnoughLabels, ExamplesError, ModelFileError) as error:
            say(f"Error: {error}")
        except OSError as error:
            say(f"Error: {error.strerror or error}: {error.filename or ''}")
        sys.exit(DATA_SAYS_NO)

    return run  # type: ignore[return-value]
