"""The gates by experiment on records by hand: models that count penalties are refused, others pass."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FEATURES
from features.matrix import matrix
from risk_index.fairness.opening import budget
from risk_index.pipeline import Source
from risk_index.pipeline import registry as open_registry
from risk_index.release.experiments import (
    Registry,
    fined,
    one_small_fine,
    reporting,
    some_of_each_section,
)
from risk_index.release.limits import load_limits
from risk_index.settings import load_settings

DAY = dt.date(2026, 6, 30)
LIMITS = load_limits(DAY)
SETTINGS = load_settings(DAY)
PLAN = replace(budget(SETTINGS), floor=1e-6, ceiling=10.0)


def stub(harm: Callable[[pd.DataFrame], pd.Series]) -> SimpleNamespace:
    """A model that gives firms this expected harm."""
    likelihood = SimpleNamespace(predict=lambda X: harm(X).to_numpy(np.float64))
    return SimpleNamespace(
        likelihood=likelihood, severity=SimpleNamespace(predict=lambda X: np.ones(len(X)))
    )


COUNTING = stub(lambda X: 1 + X.penalties_in_force)
BLIND = stub(lambda X: 1 + X.firm_key / 1e6)
INPUTS = [f for f in FEATURES if f.name == "penalties_in_force"]


def written(folder: Path, north: int, south: int, **penalty: object) -> Path:
    """Firms of two regions, two moderate penalties each in the north and a third of one in the south."""
    ids = [f"N{n:03}" for n in range(north)] + [f"S{n:03}" for n in range(south)]
    firms = pd.DataFrame({"firm_id": ids, "sector": "C10", "registered_on": "2015-01-01"})
    firms["region"] = firms.firm_id.str[0]
    firms["recorded_on"] = firms.registered_on
    of = np.r_[np.repeat(ids[:north], 2), ids[north::3]]
    penalties = pd.DataFrame({"firm_id": of, "penalty_id": [f"P{n}" for n in range(len(of))]})
    penalties = penalties.assign(
        decided_on="2026-05-01", recorded_on="2026-05-03", gravity="moderate", fine=9000.0,
        source="s", authority="market",
    )  # fmt: skip
    visits = pd.DataFrame(
        {"inspection_id": ["I1"], "firm_id": ids[:1], "inspected_on": "2025-01-01",
         "recorded_on": "2025-01-03", "violation": 0, "kind": "routine"}
    )  # fmt: skip
    rates = pd.DataFrame(
        {"source": "s", "region": ["N", "S"], "reporting_rate": 0.8, "recorded_on": "2024-01-01"}
    )
    folder.mkdir()
    tables = {"firms": firms, "penalties": penalties.assign(**penalty), "inspections": visits}
    for name, table in (tables | {"sources": rates}).items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


@contextmanager
def opened(records: Path, X: pd.DataFrame | None = None) -> Iterator[Registry]:
    """Firms with the number of their penalties, counted unless it is given."""
    source = Source(records)
    with source.open() as found:
        if X is None:
            X = matrix(open_registry(found, DAY, SETTINGS, source.sectors), INPUTS)
        yield Registry.of(found, DAY, SETTINGS, source.sectors, X)


def counted(*penalties: int) -> pd.DataFrame:
    """So many penalties of each firm, which the records number in the order of their ids."""
    keys = np.arange(len(penalties))
    return pd.DataFrame({"firm_key": keys, "penalties_in_force": penalties})


@pytest.fixture(scope="module")
def firms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """50 firms in the north with 100 penalties, 250 in the south with 84."""
    with opened(written(tmp_path_factory.mktemp("two") / "records", 50, 250)) as registry:
        yield registry


def test_a_region_that_reports_a_quarter_is_visited_less_by_a_model_that_counts(
    firms: Registry,
) -> None:
    """The north's harm falls from 150 of 484 to about 75 of 409: by four tenths."""
    found = reporting(firms, COUNTING, PLAN, LIMITS)
    assert found.status == "refused"
    assert "of the 100 penalties of region N" in found.sentence
    assert found.figure == pytest.approx((75 / 409) / (150 / 484) - 1, abs=0.05)
    assert "fit again --without it" in found.remedy


def test_and_as_before_by_one_that_reads_no_penalty(firms: Registry) -> None:
    found = reporting(firms, BLIND, PLAN, LIMITS)
    assert (found.status, found.figure) == ("passed", 0.0)


def test_a_region_with_most_of_the_visits_is_not_the_one_to_thin(tmp_path: Path) -> None:
    """The north holds 180 of 240 of the harm and 120 penalties, the south 15: too few to tell."""
    X = counted(*[2] * 60, *[0] * 45)
    with opened(written(tmp_path / "north", 60, 45), X) as registry:
        found = reporting(registry, COUNTING, PLAN, LIMITS)
        assert found.status == "not run"
        assert "15 at most" in found.sentence
        assert "most stay there whatever it reports" in found.sentence


def test_one_small_fine_moves_a_firm_far_by_a_model_that_counts(firms: Registry) -> None:
    """A firm of the south without a penalty stands at 166 of 300; with one it would be at 250."""
    found = one_small_fine(firms, COUNTING, PLAN, replace(LIMITS, fine_firms=4))
    assert found.status == "refused"
    assert found.figure == pytest.approx(100 * (250 - 166) / 300)
    assert "percentile points" in found.sentence


def test_the_fines_of_others_are_not_held_against_a_model_that_knows_the_sector(
    tmp_path: Path,
) -> None:
    """A firm's own fine is no part of its sector's rate; two others' are, were they fined together."""
    sectoral = stub(lambda X: 1 + X.peers_penalty_rate)
    wanted = [f for f in FEATURES if f.name == "peers_penalty_rate"]
    source = Source(written(tmp_path / "records", 50, 250))
    with source.open() as found:
        X = matrix(open_registry(found, DAY, SETTINGS, source.sectors), wanted)
        registry = Registry.of(found, DAY, SETTINGS, source.sectors, X)
        keys = registry.firms.firm_key.to_numpy()[:3]
        with fined(found, keys, DAY, LIMITS.fine_amount):
            together = registry.again(np.arange(3)).peers_penalty_rate
        assert (together > X.peers_penalty_rate[:3]).all()
        verdict = one_small_fine(registry, sectoral, PLAN, replace(LIMITS, fine_firms=3))
    assert (verdict.status, verdict.figure) == ("passed", 0.0)


def test_the_fine_takes_the_statutory_maximum_that_most_records_state(tmp_path: Path) -> None:
    stated = {"gravity": "minor", "statutory_max": ["20000"] * 70 + [None] * 30}
    for name, more, wanted in (
        ("with", stated, 20_000.0),
        ("half", stated | {"statutory_max": ["20000"] * 30 + [None] * 70}, None),
    ):
        with Source(written(tmp_path / name, 50, 0, **more)).open() as records:
            with fined(records, np.array([0]), DAY, 500.0):
                rows = records.table("penalties").execute()
            new = rows[rows.penalty_id.str.startswith("one more")]
            assert len(new) == 1
            found = new.statutory_max.item()
            assert found == wanted if wanted else pd.isna(found)


def test_without_penalties_neither_experiment_is_run(tmp_path: Path) -> None:
    with opened(written(tmp_path / "none", 1, 2), counted(0, 0, 0)) as registry:
        before = replace(registry, as_of=dt.date(2026, 5, 1))  # when none was known
        assert one_small_fine(before, COUNTING, PLAN, LIMITS).status == "not run"
        assert reporting(before, COUNTING, PLAN, LIMITS).status == "not run"


def test_who_is_fined_and_explained_follows_a_hash_and_not_the_order_of_ids(
    firms: Registry,
) -> None:
    at = some_of_each_section(firms.firms, 5)
    assert len(at) == 5
    assert set(at) != set(range(5))
    turned = firms.firms.iloc[::-1].reset_index(drop=True)
    again = turned.firm_id.iloc[some_of_each_section(turned, 5)]
    assert set(again) == set(firms.firms.firm_id.iloc[at])
    some = firms.some(30)
    assert len(some) == 30
    assert some.firm_key.max() > 60


def test_named_firms_are_found_beside_a_sample_and_closed_or_unknown_ones_are_not(
    firms: Registry,
) -> None:
    few = replace(firms, firms=firms.firms.head(3), X=firms.X.head(3))
    ids, X = few.named(("S249", "N049", "mistyped"))
    assert ids.tolist() == ["N049", "S249"]
    wanted = firms.X.set_index(firms.firms.firm_id).loc[ids.tolist()]
    pd.testing.assert_frame_equal(X, wanted.reset_index(drop=True))
    assert few.named(("mistyped",))[0].empty
