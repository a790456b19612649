"""A challenger that learnt a stand-in for the representative's age is refused by the fairness audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from risk_index.release.retrain import Wanted
from risk_index.release.verdicts import Ruling
from risk_index.tracking import CHAMPION, Registry
from tests.truth.retrain_worlds import LATER, of, retrained, small_world

pytestmark = pytest.mark.slow
FIRMS, SEED = 2500, 1
PLANTED = {"rep_age_capital": -2.0, "older_rep_suspicion": 3.0, "routine_share": 0.15}
"""At routine visits older representatives are cited more often; registered capital tells their age."""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ruling]:
    folder = tmp_path_factory.mktemp("proxy")
    records = small_world(folder, FIRMS, SEED, **PLANTED)
    wanted = Wanted(attributes=folder / "world" / "attributes.parquet")
    return folder, retrained(records, LATER, folder / "registry", folder / "run", wanted)


def test_a_planted_stand_in_is_refused_and_named(refused: tuple[Path, Ruling]) -> None:
    folder, found = refused
    assert "proxies" in found.refusing
    told = json.loads((folder / "run" / "audit" / "audit.json").read_text(encoding="utf-8"))
    assert ["registered_capital", "legal_rep_age"] in [list(stop) for stop in told["stops"]]
    assert of(found, "proxies").figure == len(told["stops"])
    assert of(found, "leak").status == of(found, "reporting").status == "passed"


def test_it_is_registered_as_a_challenger_and_as_no_champion(
    refused: tuple[Path, Ruling],
) -> None:
    registry = Registry(str(refused[0] / "registry"))
    assert registry.holder(CHAMPION) is None
    assert [one.aliases for one in registry.versions()] == [("challenger",)]
    assert (refused[0] / "registry" / "audits.json").is_file()


def test_its_card_holds_the_verdicts_where_it_lies_and_where_it_is_registered(
    refused: tuple[Path, Ruling],
) -> None:
    run, registry = refused[0] / "run", Registry(str(refused[0] / "registry"))
    card = (run / "card.md").read_text(encoding="utf-8")
    assert "registered_capital for legal_rep_age" in card
    assert "the model must not be released" in card
    with registry.opened(1) as fit:
        assert (fit / "card.md").read_text(encoding="utf-8") == card
