"""What a simulation plays: read from ``configs/simulate.yaml``, checked, frozen."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from risk_index.errors import SettingsError
from risk_index.settings import read_yaml
from risk_index.world import PLANTED, WorldSettings, load_world_settings
from risk_index.world.settings import Knob

SIMULATE_CONFIG = Path(__file__).resolve().parents[2] / "configs" / "simulate.yaml"
BASE = "as it is"
"""Name of the world without any change."""


class Scenario(BaseModel):
    """A world in which something is otherwise: name, meaning, changed knobs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    meaning: str
    world: dict[str, Any]


class SimulateSettings(BaseModel):
    """All settings of a simulation; unit, range and meaning stand in ``configs/simulate.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    firms: int
    seeds: int
    first_seed: int
    seasons: int
    capacity_share: float
    mix_random_share: float
    grid_months: int
    planted: int
    world: dict[str, Any]
    policies: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    sensitivity_seeds: int
    sensitivity_seasons: int
    sensitivity_policies: tuple[str, ...]

    def scenario(self, name: str) -> Scenario:
        """Return the scenario of a name; `BASE` is the world without any change."""
        base = Scenario(name=BASE, meaning="The world as it is set.", world={})
        return next(found for found in (base, *self.scenarios) if found.name == name)

    def world_of(self, name: str) -> WorldSettings:
        """Return the knobs of the world in a scenario.

        Raises
        ------
        SettingsError
            Where a knob is unknown or out of its range.
        """
        planted = dict(PLANTED) if self.planted else {}
        return load_world_settings(**{**planted, **self.world, **self.scenario(name).world})


def load_simulate_settings(overrides: Path | None = None, **given: Any) -> SimulateSettings:
    """Read the settings of a simulation.

    Parameters
    ----------
    overrides : Path, optional
        YAML file of ``setting: value`` that replaces single values.
    **given
        Values that replace both; None replaces nothing.

    Raises
    ------
    SettingsError
        On an unknown name, or a value of the wrong type or outside its range.
    """
    declared = {name: Knob(**entry) for name, entry in read_yaml(SIMULATE_CONFIG).items()}
    changes = read_yaml(overrides) if overrides else {}
    changes |= {name: value for name, value in given.items() if value is not None}
    _refuse_unknown(changes, declared, overrides)
    values = {name: changes.get(name, knob.value) for name, knob in declared.items()}
    for name, knob in declared.items():
        knob.check(name, values[name])
    try:
        settings = SimulateSettings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{overrides or SIMULATE_CONFIG}: {error}") from error
    for scenario in (BASE, *(scenario.name for scenario in settings.scenarios)):
        settings.world_of(scenario)
    return settings


def _refuse_unknown(changes: dict[str, Any], declared: dict[str, Knob], file: Path | None) -> None:
    if unknown := sorted(set(changes) - set(declared)):
        near = difflib.get_close_matches(unknown[0], declared) or sorted(declared)
        raise SettingsError(
            f"{file or SIMULATE_CONFIG}: unknown setting {unknown[0]!r}. Known: {', '.join(near)}."
        )
