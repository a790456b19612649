"""Who answers for the index and how a firm can object, as the authority states it in its settings."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from risk_index.errors import SettingsError


class Authority(BaseModel):
    """The authority of a firm's page; what is empty is not stated."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = ""
    contact: str = ""
    object_within_days: int | None = Field(default=None, ge=1, le=3650)
    answer_within_days: int | None = Field(default=None, ge=1, le=3650)
    reference: str = ""


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
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsError(f"{where}: authority: " + "; ".join(lines)) from error
