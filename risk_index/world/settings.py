"""Knobs of the synthetic registry: read from ``configs/world.yaml``, checked, frozen."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from risk_index.errors import SettingsError

WORLD_CONFIG = Path(__file__).resolve().parents[2] / "configs" / "world.yaml"
PLANTED: Mapping[str, float] = {
    "rep_age_capital": -1.2,
    "older_rep_suspicion": 1.6,
    "complaint_rate": 0.06,
    "complaint_theta": 0.1,
    "complaint_sentiment": -1.8,
    "bad_reviews_suspicion": 1.1,
    "reviews_mean": 15.0,
    "routine_share": 0.035,
}
"""A registry whose past holds something against older representatives and badly reviewed firms.

At routine and directed visits such firms are cited more often at equal true likelihood. The records know
neither age nor reviews, but registered capital carries the one, and visits after complaints the other:
what the fairness audit has to find. Random visits and the truth are free of it.
"""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Region(_Frozen):
    """A place: table ``regions``."""

    code: str
    name: str
    weight: float
    reporting_rate: float


class SizeClass(_Frozen):
    """A size class: table ``sizes``."""

    name: str
    weight: float
    log_odds: float
    harm: float
    employees: float
    capital: float
    state_share: float
    random_share: float


class Source(_Frozen):
    """A body that imposes penalties and shares its records: table ``sources``."""

    name: str
    authority: str
    reporting_factor: float
    delay_days: float
    detection: float
    sections: str
    categories: tuple[str, ...]
    minor_max: float
    moderate_max: float
    serious_max: float


class PermitKind(_Frozen):
    """A kind of permit: table ``permits``."""

    name: str
    term_years: float


class Ground(_Frozen):
    """A ground of abnormal operations: table ``irregularities``."""

    reason: str
    log_odds: float
    theta: float
    removed_share: float
    removal_days: float


class Scheme(_Frozen):
    """A regional rating scheme: table ``schemes``."""

    scheme: str
    region: str
    start: float
    per_penalty: float
    noise: float
    lowest: float
    highest: float


class Sector(_Frozen):
    """A class of trade: table ``sectors``."""

    code: str
    word: str
    weight: float
    log_odds: float
    hazard: float
    consumer: int
    permits: tuple[str, ...]


class WorldSettings(_Frozen):
    """All knobs of the world; unit, range and meaning of each are in ``configs/world.yaml``."""

    as_of: dt.date
    history_years: int
    chunk_firms: int
    mean_age_years: float
    max_age_years: float
    closure_rate: float
    change_share: float
    foreign_share: float
    other_owner_share: float
    group_firms: float
    group_max: int
    name_characters: str
    base_log_odds: float
    young_log_odds: float
    young_years: float
    theta_sd: float
    theta_yearly_correlation: float
    group_risk_share: float
    deterrence_log_odds: float
    older_rep_log_odds: float
    harm_base: float
    harm_spread: float
    misranked_sector: str
    misranked_hazard: float
    firm_harm_sd: float
    outcome_harm_sd: float
    routine_share: float
    directed_share: float
    directed_penalty_weight: float
    directed_reporting_weight: float
    complaint_rate: float
    complaint_theta: float
    complaint_sentiment: float
    complaint_log_odds: float
    follow_up_share: float
    inspectors_per_region: int
    inspector_sd: float
    older_rep_overcitation: float
    older_rep_suspicion: float
    bad_reviews_suspicion: float
    outcome_missing: float
    harm_missing: float
    penalty_share: float
    moderate_from: float
    serious_from: float
    gravity_sd: float
    repaired_share: float
    revoked_share: float
    repeated_share: float
    repeated_apart: float
    audited_reporting_factor: float
    state_leniency: float
    serious_listing_share: float
    judgment_default_rate: float
    judgment_default_theta: float
    red_rate: float
    red_theta: float
    permit_term_scale: float
    lapse_log_odds: float
    lapse_theta: float
    withdrawn_share: float
    older_rep_age: int
    rep_age_firm_age: float
    rep_age_capital: float
    female_share: float
    sentiment_theta: float
    reviews_mean: float
    rated_share: float
    sector_drift_sd: float
    attacked_share: float
    attack_reviews: int
    regions: tuple[Region, ...]
    sizes: tuple[SizeClass, ...]
    sources: tuple[Source, ...]
    permits: tuple[PermitKind, ...]
    irregularities: tuple[Ground, ...]
    schemes: tuple[Scheme, ...]
    sectors: tuple[Sector, ...]

    @model_validator(mode="after")
    def _names_are_known(self) -> WorldSettings:
        kinds = {kind.name for kind in self.permits}
        if unknown := {name for sector in self.sectors for name in sector.permits} - kinds:
            raise ValueError(f"sectors name permits that no row has: {', '.join(sorted(unknown))}")
        places = {region.code for region in self.regions}
        if unknown := {scheme.region for scheme in self.schemes} - places:
            raise ValueError(f"schemes name regions that no row has: {', '.join(sorted(unknown))}")
        codes = {sector.code for sector in self.sectors}
        if self.misranked_sector and self.misranked_sector not in codes:
            raise ValueError(
                f"misranked_sector is {self.misranked_sector}, which no row of sectors has"
            )
        return self


class Knob(_Frozen):
    """How a knob, or a column of a table, is written in a file of settings."""

    value: Any = None
    unit: str
    meaning: str
    range: tuple[float, float] | None = None

    def check(self, name: str, value: object) -> None:
        """Refuse a number outside the knob's range."""
        if self.range is None or not isinstance(value, int | float):
            return
        low, high = self.range
        if not low <= value <= high:
            raise SettingsError(
                f"{name} is {value}; allowed are {low:g} to {high:g} ({self.unit}). {self.meaning}"
            )


class _Table(_Frozen):
    """How a table of knobs is written in the file: columns explained, rows in their order."""

    meaning: str
    columns: dict[str, Knob]
    rows: list[list[Any]]

    def named_rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows as mappings, each value checked against its column's range."""
        for place, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise SettingsError(
                    f"{name}, row {place} has {len(row)} values for {len(self.columns)} columns: "
                    f"{', '.join(self.columns)}."
                )
            for (column, knob), value in zip(self.columns.items(), row, strict=True):
                knob.check(f"{name}, row {place}, {column}", value)
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def load_world_settings(path: Path = WORLD_CONFIG, **changes: Any) -> WorldSettings:
    """Read the world's knobs, with some of them changed.

    Parameters
    ----------
    path : Path
        File in the form of ``configs/world.yaml``.
    **changes
        New values of single knobs, checked against the same ranges; not for tables.

    Raises
    ------
    SettingsError
        Where a knob is missing, unknown, of the wrong type or outside its range.

    Examples
    --------
    >>> load_world_settings(theta_sd=0.0).theta_sd
    0.0
    """
    try:
        return _settings(yaml.safe_load(Path(path).read_text(encoding="utf-8")), changes)
    except (ValidationError, yaml.YAMLError, OSError, SettingsError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _settings(written: Mapping[str, Any], changes: Mapping[str, Any]) -> WorldSettings:
    knobs = {name: Knob(**entry) for name, entry in written.items() if "rows" not in entry}
    if unknown := sorted(set(changes) - set(knobs)):
        near = difflib.get_close_matches(unknown[0], knobs)
        raise SettingsError(
            f"no knob {', '.join(unknown)}; nearest are {', '.join(near) or 'none'}."
        )
    values: dict[str, Any] = {n: changes.get(n, knob.value) for n, knob in knobs.items()}
    for name, knob in knobs.items():
        knob.check(name, values[name])
    tables = {name: _Table(**entry) for name, entry in written.items() if "rows" in entry}
    rows = {name: table.named_rows(name) for name, table in tables.items()}
    return WorldSettings.model_validate(values | rows)
