"""What a user can mend: every such error ends a command with exit code 1 and a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class UserError(Exception):
    """Something in the data, the settings or the files is wrong; the message says what to do."""

    exit_code = 1


class SettingsError(UserError):
    """A settings file names an unknown setting or a value out of range."""


class CapacityError(UserError):
    """The inspections that capacity, floor and ceiling allow do not fit together."""


def broken_entries(error: ValidationError) -> str:
    """Return the entries that a model refused, each with its rule."""
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
