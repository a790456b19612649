"""The gate: a RED finding stops the release unless a named person has signed for it, for a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator

from risk_index.errors import UserError

LONGEST_DAYS = 366
"""A waiver runs for a year at most."""
FIELDS = "person, reason, expires, input, attribute"


class WaiverError(UserError):
    """The file of waivers cannot be used as it is."""


class AuditStops(UserError):  # noqa: N818
    """A RED finding without a waiver: the release does not go out."""


class Waiver(BaseModel):
    """A named person's signature under one finding."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    person: str
    reason: str
    expires: dt.date
    input: str
    attribute: str

    @field_validator("person", "reason", "input", "attribute")
    @classmethod
    def _stated(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("must not be empty")
        return text.strip()


class Finding(Protocol):
    """What the gate needs to know of a flag."""

    @property
    def input(self) -> str:
        """The input."""

    @property
    def attribute(self) -> str:
        """The attribute."""

    @property
    def red(self) -> bool:
        """Whether it stops the release."""


@dataclass(frozen=True)
class Gate:
    """What stops the release and what was signed for.

    Attributes
    ----------
    stops : tuple of (input, attribute)
        RED findings that nobody signed for.
    waived : tuple of Waiver
        Those that hold and name a RED finding.
    lapsed : tuple of Waiver
        Those that have expired or run for more than a year: they hold no more.
    unused : tuple of Waiver
        Those that name no RED finding.
    """

    stops: tuple[tuple[str, str], ...]
    waived: tuple[Waiver, ...]
    lapsed: tuple[Waiver, ...]
    unused: tuple[Waiver, ...]

    @property
    def passed(self) -> bool:
        """Whether the release may go out."""
        return not self.stops

    def refuse(self, where: str) -> None:
        """Raise where the gate is closed.

        Raises
        ------
        AuditStops
            Naming the findings, the report and what to do.
        """
        if self.passed:
            return
        named = "; ".join(f"{name} for {attribute}" for name, attribute in self.stops[:3])
        more = f" and {len(self.stops) - 3} more" if len(self.stops) > 3 else ""
        lapsed = f" {len(self.lapsed)} waivers have lapsed." if self.lapsed else ""
        raise AuditStops(
            f"the fairness audit stops this model: {len(self.stops)} RED ({named}{more}).{lapsed} "
            f"Read {where}, apply the remedy it names and fit again, or have a named person sign a "
            f"waiver ({FIELDS})."
        )


def read_waivers(path: Path | None) -> tuple[Waiver, ...]:
    """Read a YAML list of waivers; none without a file.

    Raises
    ------
    WaiverError
        Where it is no such list.
    """
    if path is None:
        return ()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        return TypeAdapter(tuple[Waiver, ...]).validate_python(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WaiverError(f"{path} cannot be read as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WaiverError(
            f"{path}: waiver {where}: {first['msg']}. Write a list of waivers with {FIELDS}."
        ) from error


def gate(findings: Sequence[Finding], waivers: Sequence[Waiver], today: dt.date) -> Gate:
    """Hold the RED findings against the waivers in force on a day."""
    red = {(f.input, f.attribute) for f in findings if f.red}
    limit = today + dt.timedelta(days=LONGEST_DAYS)
    valid = [w for w in waivers if today <= w.expires <= limit]
    signed = {(w.input, w.attribute) for w in valid}
    return Gate(
        tuple(sorted(red - signed)),
        tuple(w for w in valid if (w.input, w.attribute) in red),
        tuple(w for w in waivers if w not in valid),
        tuple(w for w in valid if (w.input, w.attribute) not in red),
    )
