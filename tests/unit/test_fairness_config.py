"""Settings of the audit that could not be carried out are refused when they are read, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.catalogue import in_use
from risk_index.errors import SettingsError
from risk_index.fairness.config import FAIRNESS_CONFIG, load_fairness

Change = Callable[[dict[str, Any]], object]


def written(tmp_path: Path, change: Change) -> Path:
    """Write the shipped settings after a change."""
    content = yaml.safe_load(FAIRNESS_CONFIG.read_text(encoding="utf-8"))
    change(content)
    file = tmp_path / "fairness.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


def of(attribute: str, **given: object) -> Change:
    return lambda content: content["attributes"][attribute].update(given)


def complaints(**given: object) -> Change:
    def change(content: dict[str, Any]) -> None:
        next(a for a in content["manipulation"] if a["name"] == "complaints").update(given)

    return change


def test_what_is_shipped_is_read_again_as_it_was(tmp_path: Path) -> None:
    assert load_fairness(written(tmp_path, lambda content: None)) == load_fairness()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (of("ownership", records="firms.nothing"), "firms.nothing is no column of the firms; allowed: "),
        (of("ownership", records="penalties.fine"), "penalties.fine is no column of the firms"),
        (of("ownership", records="ownership"), "ownership is no column of the firms"),
        (of("legal_rep_age", records="firms.region"), "leave out records: firms.region"),
        (of("legal_rep_age", bands={}, adverse=[]), "declare bands"),
        (of("reporting", records="firms.region"), "reads records: sources.reporting_rate alone"),
        (of("region", measure="region_reporting"), "reads records: sources.reporting_rate alone"),
    ],
)  # fmt: skip
def test_an_attribute_that_cannot_be_measured_is_refused(
    tmp_path: Path, change: Change, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        load_fairness(written(tmp_path, change))


def test_ages_without_bands_may_stand_as_a_number(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        of("legal_rep_age", bands={}, adverse=[1], kind="continuous")(content)
        content["intersections"] = []

    assert load_fairness(written(tmp_path, change)).attributes["legal_rep_age"].bands == {}


def test_a_number_has_no_groups_to_cross(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["intersections"] = [["size", "reviews"]]

    with pytest.raises(SettingsError, match="reviews is continuous and has no groups to cross"):
        load_fairness(written(tmp_path, change))


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ([20, 50], r"must hold 10 and one of 5 or fewer, by which it is judged; found \(20.0, 50.0\)"),
        ([1, 5], "must hold 10"),
        ([6, 10], "must hold 10 and one of 5 or fewer"),
        ([], "one at least"),
        ([0, 10], "amounts must be above 0"),
    ],
)  # fmt: skip
def test_an_attack_is_tried_at_the_amounts_by_which_it_is_judged(
    tmp_path: Path, amounts: list[float], said: str
) -> None:
    """Amounts above those of the bounds were judged as if they moved nobody."""
    with pytest.raises(SettingsError, match=said):
        load_fairness(written(tmp_path, complaints(amounts=amounts)))


def test_an_attack_is_tried_at_the_least_events_in_force(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        complaints(amounts=[5, 10])(content)
        content["thresholds"]["least_events"]["values"][0]["value"] = 3

    with pytest.raises(
        SettingsError, match=r"amounts must hold one of least_events \(3\) or fewer"
    ):
        load_fairness(written(tmp_path, change))


def test_an_attack_changes_inputs_of_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"changes no input of the catalogue: \['complaints_ever'\]"
    ):
        load_fairness(written(tmp_path, complaints(changes={"complaints_ever": "add"})))
    names = {feature.name for feature in in_use()}
    config = load_fairness()
    assert {name for attack in config.manipulation for name in attack.changes} <= names
    assert {name for exemption in config.exemptions for name in exemption.inputs} <= names
