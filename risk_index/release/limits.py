"""Limits of the gates: ``configs/gates.yaml``, checked, frozen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from risk_index.authority import Authority
from risk_index.errors import SettingsError
from risk_index.release.verdicts import GATE_NAMES
from risk_index.settings import CONFIGS, read_yaml, values_in_force

GATES = CONFIGS / "gates.yaml"
LISTS = ("sentinel_firms", "accepted_changes", "card_may_leave_empty", "required_gates")
HARM_SHARES = (0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Limits:
    """Limits in force on a day; units and meanings stand in ``configs/gates.yaml``."""

    slope_low: float
    slope_high: float
    intercept_most: float
    least_auc: float
    most_auc: float
    most_one_input: float
    harm_share: float
    harm_margin: float
    reporting_kept: float
    reporting_change: float
    fine_amount: float
    fine_points: float
    fine_tiers: float
    fine_firms: float
    most_churn: float
    sentinels: float
    sentinel_points: float
    most_psi: float
    most_moved: float
    rate_factor: float
    unit_factor: float
    unit_evenness: float
    unit_values: float
    sentinel_firms: tuple[str, ...]
    accepted_changes: tuple[str, ...]
    card_may_leave_empty: tuple[str, ...]
    required_gates: tuple[str, ...]


def load_limits(day: dt.date, overrides: Path | None = None) -> Limits:
    """Return the limits in force on a day.

    Raises
    ------
    SettingsError
        On an unknown name, a value out of range, or a list that is none.
    """
    given = read_yaml(overrides) if overrides else {}
    declared = read_yaml(GATES)
    lists: dict[str, Any] = {
        name: _listed(name, given.pop(name, declared.pop(name)), overrides) for name in LISTS
    }
    values = values_in_force(GATES, declared, day, overrides, given)
    if values["harm_share"] not in HARM_SHARES:
        allowed = ", ".join(map(str, HARM_SHARES))
        raise SettingsError(f"{overrides}: harm_share must be one of {allowed}")
    _known("required_gates", "gate", lists, GATE_NAMES, overrides)
    entries = tuple(Authority.model_fields)
    _known("card_may_leave_empty", "authority entry", lists, entries, overrides)
    assert set(values) | set(lists) == {f.name for f in fields(Limits)}
    return Limits(**values, **lists)


def _known(
    name: str, what: str, lists: dict[str, Any], allowed: tuple[str, ...], file: Path | None
) -> None:
    """Refuse a list that names what there is not."""
    if unknown := [one for one in lists[name] if one not in allowed]:
        raise SettingsError(
            f"{file}: {name} names no {what}: {', '.join(unknown)}. Known: {', '.join(allowed)}."
        )


def _listed(name: str, value: Any, file: Path | None) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise SettingsError(f"{file}: {name} must be a list, not {value!r}.")
    return tuple(str(one) for one in value)
