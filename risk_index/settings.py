"""Settings: small, frozen, typed; values by the day from which they hold."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from features.asof import Law, SectorClass
from risk_index.allocation import Allocation, Capacity
from risk_index.authority import Authority, read_authority
from risk_index.errors import SettingsError
from risk_index.orders import Orders, read_orders
from risk_index.steepness import Steepness
from risk_index.strata import Strata
from risk_index.tiers import TierRule
from risk_index.training import Plan

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
FILES = ("index.yaml", "tiers.yaml", "law.yaml")
ORDERS = "orders.yaml"
AUTHORITY = "authority.yaml"
BLOCKS = ("orders", "authority")
"""Settings that are no single value."""


class DatedValue(BaseModel):
    """A value, the day from which it holds and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    start: dt.date
    value: float | str
    reference: str


class Setting(BaseModel):
    """One setting with its meaning, unit, allowed range or choices, and dated values."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    meaning: str
    unit: str
    range: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    values: tuple[DatedValue, ...]

    def at(self, day: dt.date) -> float | str:
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
    refits: int
    fitting_weights: str
    learn_from: str
    most_examples: int
    tier_rule: str
    tier_a_share: float
    tier_b_share: float
    tier_c_share: float
    tier_b_from: float
    tier_c_from: float
    tier_d_from: float
    tier_band_points: float
    tier_stable_share: float
    capacity_unit: str
    capacity_per_round: float
    capacity_share: float
    rounds_per_year: int
    floor_per_year: float
    max_inspections_per_year: int
    ceiling_per_round: float
    exponent: float
    frequency_method: str
    variance_weight: float
    ladder_a: float
    ladder_b: float
    ladder_c: float
    ladder_d: float
    random_share: float
    strata: str
    stratum_exponent: float
    expiry_days_minor: int
    expiry_days_moderate: int
    expiry_days_serious: int
    orders: Orders = field(default_factory=Orders)
    authority: Authority = field(default_factory=Authority)

    def as_dict(self) -> dict[str, Any]:
        """Return all values that shape a number, ready for JSON."""
        single = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in BLOCKS}
        return single | self.orders.model_dump(mode="json", by_alias=True)

    @property
    def law(self) -> Law:
        """Return what the law in force fixes about penalties."""
        return Law(
            {
                "minor": self.expiry_days_minor,
                "moderate": self.expiry_days_moderate,
                "serious": self.expiry_days_serious,
            },
            grace=tuple(order.period() for order in self.orders.grace_periods),
        )

    @property
    def allocation(self) -> Allocation:
        """Return what turns the index into tiers and frequencies."""
        return Allocation(
            tiers=self._tier_rule(),
            steepness=self._steepness(),
            capacity=Capacity(
                self.capacity_unit,
                self.capacity_per_round,
                self.capacity_share,
                tuple((order.sector, order.cost) for order in self.orders.visit_costs),
            ),
            rounds_per_year=self.rounds_per_year,
            floor_per_year=self.floor_per_year,
            max_per_year=self.max_inspections_per_year,
            ceiling_per_round=self.ceiling_per_round,
            strata=Strata(
                self.strata,
                self.stratum_exponent,
                tuple((order.stratum, order.visits) for order in self.orders.minimum_visits),
            ),
            campaigns=tuple(order.campaign() for order in self.orders.campaigns),
        )

    def _tier_rule(self) -> TierRule:
        return TierRule(
            self.tier_rule,
            (self.tier_a_share, self.tier_b_share, self.tier_c_share),
            (self.tier_b_from, self.tier_c_from, self.tier_d_from),
            self.tier_band_points,
            self.tier_stable_share,
        )

    def _steepness(self) -> Steepness:
        return Steepness(
            self.frequency_method,
            self.exponent,
            self.variance_weight,
            (self.ladder_a, self.ladder_b, self.ladder_c, self.ladder_d),
            self.random_share,
        )

    @property
    def plan(self) -> Plan:
        """Return how training looks at the past."""
        return Plan(
            self.horizon_days,
            self.grid_months,
            self.history_years,
            self.group_folds,
            self.refits,
            weigh_by=self.fitting_weights,
            learn_from=self.learn_from,
            most_examples=self.most_examples,
        )


WHOLE = frozenset(f.name for f in fields(Settings) if f.type == "int")
"""Settings that are counts."""


def load_settings(day: dt.date, overrides: Path | None = None) -> Settings:
    """Return the settings in force on `day`.

    Parameters
    ----------
    day : date
        As-of date; values that came into force later are not used.
    overrides : Path, optional
        YAML file of ``setting: value`` that replaces single values, and of whole lists of orders.

    Raises
    ------
    SettingsError
        On an unknown name, or a value that is out of range or no choice.
    """
    declared = {name: s for file in FILES for name, s in _declared(CONFIGS / file).items()}
    values: dict[str, Any] = {name: setting.at(day) for name, setting in declared.items()}
    given = read_yaml(overrides) if overrides else {}
    lists = {name: given.pop(name) for name in list(given) if name in Orders.model_fields}
    stated = (read_yaml(CONFIGS / AUTHORITY) | given).get("authority")
    given.pop("authority", None)
    values |= _checked(overrides, given, declared)
    typed = {name: int(value) if name in WHOLE else value for name, value in values.items()}
    orders = read_orders(read_yaml(CONFIGS / ORDERS) | lists, overrides or CONFIGS / ORDERS)
    authority = read_authority(stated or {}, overrides or CONFIGS / AUTHORITY)
    return Settings(orders=orders.at(day), authority=authority, **typed)  # type: ignore[arg-type]


def values_in_force(
    file: Path,
    content: dict[str, Any],
    day: dt.date,
    overrides: Path | None,
    given: dict[str, Any],
) -> dict[str, Any]:
    """Return the values in force on a day of settings declared in `content`, some of them overridden."""
    declared = declared_in(file, content)
    values: dict[str, Any] = {name: setting.at(day) for name, setting in declared.items()}
    return values | _checked(overrides, given, declared)


def _declared(file: Path) -> dict[str, Setting]:
    return declared_in(file, read_yaml(file))


def declared_in(file: Path, content: dict[str, Any]) -> dict[str, Setting]:
    """Return the settings that the content of a file declares, by name."""
    for setting in content.values():
        for dated in setting.get("values", ()):
            dated["start"] = dated.pop("from")
    try:
        return TypeAdapter(dict[str, Setting]).validate_python(content)
    except ValidationError as error:
        raise SettingsError(f"{file}: {error}") from error


def read_yaml(file: Path) -> dict[str, Any]:
    """Read a YAML file of names and values; empty where it holds nothing."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file} cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{file} must hold lines `setting: value`")
    return content


def _checked(
    file: Path | None, values: dict[str, Any], declared: Mapping[str, Setting]
) -> dict[str, Any]:
    for name, value in values.items():
        if name not in declared:
            known = ", ".join(sorted([*declared, *Orders.model_fields, "authority"]))
            raise SettingsError(f"{file}: unknown setting {name!r}. Known: {known}.")
        problem = _problem(name, value, declared[name])
        if problem:
            raise SettingsError(f"{file}: {problem}")
    return values


def _problem(name: str, value: object, setting: Setting) -> str | None:
    """Return what is wrong with a value; None where nothing is."""
    if setting.choices:
        allowed = ", ".join(setting.choices)
        return (
            None if value in setting.choices else f"{name} must be one of {allowed}, not {value!r}."
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} must be a number, not {value!r}."
    if name in WHOLE and value != round(value, 0):
        return f"{name} must be a whole number, not {value}."
    low, high = setting.range or (-float("inf"), float("inf"))
    return None if low <= value <= high else f"{name} = {value} lies outside {low:g} to {high:g}."


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
