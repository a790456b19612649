"""Who answers for the index, by what law, and how a firm can object: what the authority states."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_index.errors import SettingsError, broken_entries

MAY_BE_EMPTY = frozenset({"object_within_days"})
"""Left out where there is no limit; every other entry must be stated on the card."""


class Authority(BaseModel):
    """What stands on a firm's page and on the model card; what is empty is not stated."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    name: str = Field(default="", description="Name of the authority.")
    owner: str = Field(default="", description="Post that answers for the index.")
    contact: str = Field(default="", description="Where firms and the public ask and object.")
    supplier: str = Field(
        default="",
        description="Who made it or runs it for the authority, and what they see; or nobody.",
    )
    phase: str = Field(default="", description="Trial or in use, and since when.")
    legal_basis: str = Field(
        default="",
        description="Law by which inspections are planned by risk and the records are used for it.",
    )
    assessment: str = Field(
        default="",
        description="Impact assessments made (law, data protection, rights), with day and place.",
    )
    oversight: str = Field(
        default="",
        description="Who decides whom to inspect, and how a person departs from the ranking.",
    )
    training: str = Field(default="", description="What those who use it have been taught.")
    access: str = Field(
        default="", description="Who sees records and results, and how long they are kept."
    )
    object_within_days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description="Days a firm has to object; left out where there is no limit.",
    )
    answer_within_days: int | None = Field(
        default=None, ge=1, le=3650, description="Days in which the authority answers."
    )
    reference: str = Field(default="", description="What the procedure of objecting rests on.")
    review_every_months: int | None = Field(
        default=None,
        ge=1,
        le=60,
        description="Months after which the model is looked at anew, at the latest.",
    )


def unstated(authority: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the entries that must be stated and are not, in their order."""
    names = (name for name in Authority.model_fields if name not in MAY_BE_EMPTY)
    return tuple(name for name in names if authority.get(name) in (None, ""))


def read_authority(content: dict[str, Any], where: object) -> Authority:
    """Check the block ``authority`` of a settings file.

    Raises
    ------
    SettingsError
        Naming the file, the entry and the rule.
    """
    try:
        return Authority.model_validate(content)
    except ValidationError as error:
        raise SettingsError(f"{where}: authority: {broken_entries(error)}") from error
