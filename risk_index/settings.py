"""Settings: small, frozen, typed; values by the day from which they hold."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from features.asof import Law, SectorClass
from risk_index.errors import SettingsError
from risk_index.tiers import Allocation
from risk_index.training import Plan

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
FILES = ("index.yaml", "tiers.yaml", "law.yaml")


class DatedValue(BaseModel):
    """A value, the day from which it holds and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    start: dt.date
    value: float
    reference: str


class Setting(BaseModel):
    """One setting with its meaning, unit, allowed range and dated values."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    meaning: str
    unit: str
    range: tuple[float, float]
    values: tuple[DatedValue, ...]

    def at(self, day: dt.date) -> float:
        """Return the value in force on a day."""
        held = [dated for dated in self.values if dated.start <= day]
        return max(held, key=lambda dated: dated.start).value if held else self.values[0].value


@dataclass(frozen=True)
class Settings:
    """The values in force on one day; units and meanings stand in ``configs/``."""

    horizon_days: int
    grid_months: int
    history_years: int
    average_points: float
    points_per_doubling: float
    group_folds: int
    tier_a_share: float
    tier_b_share: float
    tier_c_share: float
    capacity_share: float
    rounds_per_year: int
    floor_per_year: float
    max_inspections_per_year: int
    ceiling_per_round: float
    exponent: float
    expiry_days_minor: int
    expiry_days_moderate: int
    expiry_days_serious: int

    @property
    def law(self) -> Law:
        """Return what the law in force fixes about penalties."""
        return Law(
            {
                "minor": self.expiry_days_minor,
                "moderate": self.expiry_days_moderate,
                "serious": self.expiry_days_serious,
            }
        )

    @property
    def allocation(self) -> Allocation:
        """Return what turns expected harm into tiers and frequencies."""
        return Allocation(
            (self.tier_a_share, self.tier_b_share, self.tier_c_share),
            self.capacity_share,
            self.rounds_per_year,
            self.floor_per_year,
            self.max_inspections_per_year,
            self.ceiling_per_round,
            self.exponent,
        )

    @property
    def plan(self) -> Plan:
        """Return how training looks at the past."""
        return Plan(self.horizon_days, self.grid_months, self.history_years, self.group_folds)


WHOLE = frozenset(field.name for field in fields(Settings) if field.type == "int")
"""Settings that are counts."""


def load_settings(day: dt.date, overrides: Path | None = None) -> Settings:
    """Return the settings in force on `day`.

    Parameters
    ----------
    day : date
        As-of date; values that came into force later are not used.
    overrides : Path, optional
        YAML file of ``setting: value`` that replaces single values.

    Raises
    ------
    SettingsError
        On an unknown name or a value out of range.
    """
    declared = {name: s for file in FILES for name, s in _declared(CONFIGS / file).items()}
    values: dict[str, float] = {name: setting.at(day) for name, setting in declared.items()}
    values |= _overrides(overrides, declared) if overrides else {}
    typed = {
        f.name: int(values[f.name]) if f.name in WHOLE else values[f.name] for f in fields(Settings)
    }
    return Settings(**typed)  # type: ignore[arg-type]


def _declared(file: Path) -> dict[str, Setting]:
    content = _yaml(file)
    for setting in content.values():
        for dated in setting.get("values", ()):
            dated["start"] = dated.pop("from")
    try:
        return TypeAdapter(dict[str, Setting]).validate_python(content)
    except ValidationError as error:
        raise SettingsError(f"{file}: {error}") from error


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file} cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{file} must hold lines `setting: value`")
    return content


def _overrides(file: Path, declared: Mapping[str, Setting]) -> dict[str, float]:
    values = _yaml(file)
    for name, value in values.items():
        if name not in declared:
            known = ", ".join(sorted(declared))
            raise SettingsError(f"{file}: unknown setting {name!r}. Known: {known}.")
        low, high = declared[name].range
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingsError(f"{file}: {name} must be a number, not {value!r}.")
        if name in WHOLE and value != round(value, 0):
            raise SettingsError(f"{file}: {name} must be a whole number, not {value}.")
        if not low <= value <= high:
            raise SettingsError(f"{file}: {name} = {value} lies outside {low:g} to {high:g}.")
    return values


def load_sectors(file: Path | None = None) -> tuple[SectorClass, ...]:
    """Read the guide of industries: hazard class and required permits by code or path."""
    file = file or CONFIGS / "sectors.csv"
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return tuple(_sector(file, row) for row in csv.DictReader(stream))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error


def _sector(file: Path, row: Mapping[str, str]) -> SectorClass:
    try:
        hazard = int(row["hazard_class"])
        permits = tuple(kind for kind in (row["required_permits"] or "").split(";") if kind)
        code = row["code"].strip()
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"{file}: row {dict(row)} needs code, hazard_class (1 to 5) and required_permits"
        ) from error
    if not 1 <= hazard <= 5:
        raise SettingsError(f"{file}: hazard_class of {code} is {hazard}; it must be 1 to 5")
    return SectorClass(code, hazard, permits)
