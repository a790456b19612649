"""What is audited and from which value a finding counts: ``configs/fairness.yaml``, checked, frozen."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from features.catalogue import in_use
from features.schema import BY_NAME
from risk_index.errors import SettingsError
from risk_index.fairness.evidence import CROSS

GATED_EVENTS, FEW_EVENTS = 10, 5
"""Fake events by which an attack from outside is judged: a trial of it must hold both."""
REPORTING = "sources.reporting_rate"
OF_FIRMS = tuple(f"firms.{column.name}" for column in BY_NAME["firms"].columns)
FAIRNESS_CONFIG = Path(__file__).resolve().parents[2] / "configs" / "fairness.yaml"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class AuditedAttribute(_Frozen):
    """One attribute: where it stands, how it is measured, whose burden is watched."""

    title: str
    column: str = ""
    records: str = ""
    measure: Literal["value", "age", "region_reporting"] = "value"
    kind: Literal["categorical", "continuous"] = "categorical"
    bands: dict[str, tuple[float, float]] = {}
    adverse: tuple[str | int, ...] = ()

    @model_validator(mode="after")
    def _says_where_it_stands(self) -> AuditedAttribute:
        if not (self.column or self.records):
            raise ValueError("name its column in the attributes file, or its records")
        unknown = [level for level in self.adverse if self.bands and level not in self.bands]
        if unknown:
            raise ValueError(f"adverse names no band: {unknown}; bands: {list(self.bands)}")
        return self

    @model_validator(mode="after")
    def _can_be_measured(self) -> AuditedAttribute:
        if self.measure == "age" and self.records:
            raise ValueError(
                f"measure: age reads a year of birth from the attributes file; leave out records: "
                f"{self.records}"
            )
        if self.measure == "age" and self.groups:
            raise ValueError("measure: age without bands makes every age a group: declare bands")
        if self.measure == "region_reporting" and self.records != REPORTING:
            raise ValueError(f"measure: region_reporting reads records: {REPORTING} alone")
        if self.measure == "value" and self.records and self.records not in OF_FIRMS:
            raise ValueError(
                f"records: {self.records} is no column of the firms; allowed: {', '.join(OF_FIRMS)}"
            )
        return self

    @property
    def groups(self) -> bool:
        """Whether its levels are the values themselves."""
        return self.kind == "categorical" and not self.bands


class Exemption(_Frozen):
    """Inputs that may follow from an attribute, and the legal basis of it."""

    attribute: str
    inputs: tuple[str, ...]
    basis: str


class Attack(_Frozen):
    """What somebody could do to the records, as changes of inputs."""

    name: str
    title: str
    by: Literal["outsider", "self"]
    changes: dict[str, Literal["add", "times"] | dict[Literal["set", "lowest"], float | str]] = {}
    reads: tuple[str, ...] = ()
    amounts: tuple[float, ...]
    if_failed: Literal["red", "amber"]
    reason: str = ""

    @model_validator(mode="after")
    def _tries_what_is_judged(self) -> Attack:
        if not self.amounts or min(self.amounts) <= 0:
            raise ValueError(f"amounts must be above 0 and one at least; found {self.amounts}")
        if self.by == "self" or not self.changes:
            return self
        if GATED_EVENTS not in self.amounts or min(self.amounts) > FEW_EVENTS:
            raise ValueError(
                f"amounts of an outsider must hold {GATED_EVENTS} and one of {FEW_EVENTS} or fewer, "
                f"by which it is judged; found {self.amounts}"
            )
        return self


class _Prior(_Frozen):
    value: float
    unit: str
    meaning: str


class _Dated(_Frozen):
    start: dt.date
    value: float
    reference: str


class _Threshold(_Frozen):
    meaning: str
    range: tuple[float, float]
    values: tuple[_Dated, ...]

    @model_validator(mode="after")
    def _values_lie_in_the_range(self) -> _Threshold:
        low, high = self.range
        off = [dated.value for dated in self.values if not low <= dated.value <= high]
        if off or not self.values:
            raise ValueError(f"values {off or 'none'} must lie within {low:g} to {high:g}")
        return self


class Thresholds(_Frozen):
    """Thresholds in force on a day."""

    false_discovery: float
    audits_a_year: int
    burden_falls: float
    harm_lost: float
    movable_share: float
    least_events: float
    least_firms: int
    least_outcomes: int


class FairnessConfig(_Frozen):
    """All that ``configs/fairness.yaml`` holds."""

    attributes: dict[str, AuditedAttribute]
    intersections: tuple[tuple[str, str], ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    dated_thresholds: dict[str, _Threshold]
    manipulation: tuple[Attack, ...] = ()
    sentiment: dict[str, _Prior] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> FairnessConfig:
        named = [name for pair in self.intersections for name in pair]
        named += [exemption.attribute for exemption in self.exemptions]
        named += [name for attack in self.manipulation for name in attack.reads]
        if unknown := sorted(set(named) - set(self.attributes)):
            raise ValueError(f"no attribute {unknown}; declared: {', '.join(self.attributes)}")
        if set(self.dated_thresholds) != set(Thresholds.model_fields):
            raise ValueError(f"thresholds must be {', '.join(Thresholds.model_fields)}")
        return self

    @model_validator(mode="after")
    def _groups_are_crossed(self) -> FairnessConfig:
        for pair in self.intersections:
            for name in pair:
                entry = self.attributes[name]
                if entry.kind == "continuous" and not entry.bands:
                    raise ValueError(
                        f"intersection {list(pair)}: {name} is continuous and has no groups to cross; "
                        "declare bands or leave it out"
                    )
        return self

    @model_validator(mode="after")
    def _attacks_move_inputs(self) -> FairnessConfig:
        inputs = {feature.name for feature in in_use()}
        for attack in self.manipulation:
            if unknown := sorted(set(attack.changes) - inputs):
                raise ValueError(
                    f"manipulation {attack.name} changes no input of the catalogue: {unknown}"
                )
            few = [dated.value for dated in self.dated_thresholds["least_events"].values]
            least = min([value for value in few if value > 0], default=FEW_EVENTS)
            if attack.by == "outsider" and attack.changes and min(attack.amounts) > least:
                raise ValueError(
                    f"manipulation {attack.name}: amounts must hold one of least_events ({least:g}) or fewer"
                )
        return self

    def thresholds(self, day: dt.date) -> Thresholds:
        """Return the thresholds in force on a day."""
        values = {}
        for name, threshold in self.dated_thresholds.items():
            held = [dated for dated in threshold.values if dated.start <= day]
            latest = max(held, key=lambda dated: dated.start) if held else threshold.values[0]
            values[name] = latest.value
        return Thresholds.model_validate(values)

    def exemption(self, name: str, attribute: str) -> str:
        """Return the legal basis on which an input may follow from an attribute; "" for none.

        Of an intersection the basis for one of its parts.
        """
        parts = attribute.split(CROSS)
        found = [e.basis for e in self.exemptions if e.attribute in parts and name in e.inputs]
        return found[0] if found else ""


def load_fairness(path: Path | None = None) -> FairnessConfig:
    """Read what is audited.

    Raises
    ------
    SettingsError
        Naming the file, the place and what is wrong there.
    """
    path = path or FAIRNESS_CONFIG
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return FairnessConfig.model_validate(_dated(content))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"{path}: {error}") from error
    except (AttributeError, TypeError) as error:
        raise SettingsError(f"{path} must hold the parts of configs/fairness.yaml") from error


def _dated(content: dict[str, Any]) -> dict[str, Any]:
    """Turn ``from`` into a name that Python allows, and set thresholds apart from their values."""
    thresholds = content.pop("thresholds", {})
    for entry in thresholds.values():
        for dated in entry.get("values", ()):
            dated["start"] = dated.pop("from", None)
    return {**content, "dated_thresholds": thresholds}
