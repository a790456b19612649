"""The audit reads records and settings as the fit did, and says where it cannot."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest

from features.asof import snapshot_of_registry
from features.records import open_records
from risk_index.fairness.config import load_fairness
from risk_index.fairness.opening import _known, not_as_fitted, settings_of_fit
from risk_index.settings import load_sectors, load_settings

AS_OF = dt.date(2026, 6, 30)
FIRMS = (
    "firm_id,name,region,ownership,size_class,registered_on,recorded_on\n"
    "F1,a,110105,private,micro,2015-01-01,2015-01-01\nF2,b,310000,state,small,2016-01-01,2016-01-01\n"
    "F2,b,310000,private,small,2016-01-01,2026-01-01\nF2,b,310000,foreign,small,2016-01-01,2026-07-01\n"
)
VISITS = "inspection_id,firm_id,inspected_on,violation\nI1,F1,2020-01-01,1\n"
SOURCES = (
    "source,region,reporting_rate,recorded_on\n"
    "court,110105,0.9,\ncourt,110105,0.4,2025-01-01\ncourt,110105,0.1,2026-07-01\n"
    "police,110105,0.6,2024-01-01\ncourt,310000,0.8,2024-01-01\n"
)


def known(folder: Path):
    for name, text in {"firms": FIRMS, "inspections": VISITS, "sources": SOURCES}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    settings = load_settings(AS_OF)
    with open_records(folder, today=dt.date(2026, 8, 1)) as records:
        snapshot = snapshot_of_registry(records, AS_OF, settings.law, load_sectors())
        return _known(snapshot, load_fairness()).set_index("firm_id")


def test_a_firm_is_what_it_was_known_to_be_on_the_day(tmp_path: Path) -> None:
    found = known(tmp_path)
    assert found["firms.ownership"].to_dict() == {"F1": "private", "F2": "private"}
    assert found["firms.region"].astype(str).to_dict() == {"F1": "110105", "F2": "310000"}


def test_reporting_rates_are_those_in_force_on_the_day(tmp_path: Path) -> None:
    """A rate without a day of recording is older than any other, as it is to the inputs."""
    rates = known(tmp_path)["sources.reporting_rate"]
    assert rates["F1"] == pytest.approx((0.4 + 0.6) / 2)
    assert rates["F2"] == pytest.approx(0.8)


def test_settings_that_shape_the_inputs_are_those_of_the_fit(tmp_path: Path) -> None:
    now = load_settings(AS_OF)
    days = {f"expiry_days_{gravity}": 17 for gravity in ("minor", "moderate", "serious")}
    model = SimpleNamespace(meta={"settings": {**now.as_dict(), **days, "horizon_days": 99}})
    found = settings_of_fit(model, AS_OF, None)
    assert dict(found.law.expiry_days) == {"minor": 17, "moderate": 17, "serious": 17}
    assert found.plan.horizon_days == 99
    assert now.law.expiry_days != found.law.expiry_days


def test_tables_gone_changed_or_new_since_the_fit_are_named() -> None:
    saved = {"firms": "a", "permits": "b", "ratings": "c"}
    now = {"firms": "a", "permits": "x", "sources": "d"}
    assert not_as_fitted(now, saved) == ["permits", "ratings", "sources"]
    assert not_as_fitted(now, now) == []
    assert not_as_fitted(now, {}) == []
