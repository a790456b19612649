"""What the report adds up, by hand: groups along a hierarchy, moves between rankings, shifts of inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.catalogue import BY_NAME
from risk_index.distributions import DRAWS, INDEX, Distributions, Spread, Tally
from risk_index.errors import UserError
from risk_index.report.drift import Run, Shift, drift_since, moves
from risk_index.report.groups import all_groups
from risk_index.scoring import NEVER_INSPECTED
from risk_index.shifts import shifts, shifts_between
from risk_index.texts import texts


def firms(regions: list[str], **columns: list[object]) -> pd.DataFrame:
    """Rows of a ranking, alike but for what is given."""
    plain: dict[str, object] = {
        "sector": "C2710", "tier": "A", "likelihood": 0.2, "likelihood_low": 0.1,
        "likelihood_high": 0.4, "index": 50.0, "inspections_per_year": 0.05, "completeness": 1.0,
        "notes": "",
    }  # fmt: skip
    n = len(regions)
    return pd.DataFrame({"region": regions} | {k: [v] * n for k, v in plain.items()} | columns)


def shown(rows: pd.DataFrame) -> list[tuple[str, int, bool, int]]:
    """Regions as they stand below one another: name, depth, whether it holds others, firms."""
    regions = all_groups(rows)[1]
    return [(g.name, g.depth, g.inner, g.firms) for g in regions.rows]


def test_regions_stand_below_the_wider_ones_that_hold_several() -> None:
    rows = firms(["110105", "110106", "110105", "310115", ""])
    assert shown(rows) == [
        ("1101", 0, True, 3),
        ("110105", 1, False, 2),
        ("110106", 1, False, 1),
        ("310115", 0, False, 1),
        ("not stated", 0, False, 1),
    ]


def test_one_wider_region_of_all_is_not_shown() -> None:
    assert shown(firms(["110105", "110106"])) == [("110105", 0, False, 1), ("110106", 0, False, 1)]


def test_where_the_narrowest_are_too_many_wider_ones_stand_for_them() -> None:
    rows = firms([f"{province}01{county:02}" for province in (11, 12) for county in range(30)])
    assert shown(rows) == [("1101", 0, False, 30), ("1201", 0, False, 30)]


def test_where_even_the_widest_are_too_many_the_smallest_are_added_up() -> None:
    rows = firms([f"town {n}" for n in range(50) for _ in range(1 + (n < 40))])
    found = shown(rows)
    assert len(found) == 41
    assert found[-1] == ("others", 0, False, 10)


def test_figures_of_a_region() -> None:
    never = [texts(language).say(NEVER_INSPECTED) for language in ("en", "zh")]
    rows = firms(
        ["11", "11", "11", "12"],
        likelihood=[0.1, 0.2, 0.6, 0.5],
        likelihood_low=[0.0, 0.1, 0.2, 0.4],
        likelihood_high=[0.2, 0.3, 0.7, 0.9],
        tier=["A", "A", "D", "B"],
        notes=[never[0], f"no name on record; {never[1]}", "", ""],
        inspections_per_year=[0.1, 0.2, 0.6, 0.1],
    )
    regions = all_groups(rows)[1]
    first = regions.rows[0]
    found = (first.likelihood, first.low, first.high, first.inspected, first.visits, first.per_firm)
    assert found == pytest.approx((0.3, 0.1, 0.4, 1 / 3, 0.9, 0.3))
    assert first.tiers == pytest.approx({"A": 2 / 3, "B": 0, "C": 0, "D": 1 / 3})
    assert regions.widest == 0.9


def ranking(file: Path, tiers: dict[str, str], index: list[object]) -> Path:
    """A ranking with what is compared."""
    rows = pd.DataFrame({"firm_id": tiers.keys(), "tier": tiers.values(), "index": index})
    rows.to_csv(file, index=False, encoding="utf-8-sig")
    return file


def test_who_moved(tmp_path: Path) -> None:
    before = ranking(tmp_path / "1.csv", {"1": "D", "2": "B", "3": "A", "4": "A"}, [9, 5, 3, 1])
    now = ranking(tmp_path / "2.csv", {"1": "C", "2": "B", "3": "B", "5": "D"}, [8, 6, 2, 9])
    found = moves(before, now)
    assert (found.known, found.up, found.down, found.new, found.gone) == (3, 1, 1, 1, 1)
    assert found.correlation == pytest.approx(1.0)
    assert found.tiers["A"] == {"A": 0, "B": 1, "C": 0, "D": 0}
    assert found.tiers["D"] == {"A": 0, "B": 0, "C": 1, "D": 0}
    assert found.tiers["new"] == {"A": 0, "B": 0, "C": 0, "D": 1}


def test_a_tier_that_is_none_is_counted_nowhere(tmp_path: Path) -> None:
    before = ranking(tmp_path / "1.csv", {"1": "D", "2": "?"}, [9, 5])
    now = ranking(tmp_path / "2.csv", {"1": "", "2": "B"}, [8, 6])
    found = moves(before, now)
    assert found.known == 2
    assert sum(sum(row.values()) for row in found.tiers.values()) == found.tiers["new"]["B"] == 1


def kept(values: np.ndarray) -> Distributions:
    return Distributions({"x": Spread.of(values)}, tallies={"x": Tally.of(values)})


def test_tallies_give_the_shift_that_the_values_give() -> None:
    """In two digits; the values here have no more."""
    rng = np.random.default_rng(1)
    old, new = (rng.poisson(rate, 3000).astype(float) for rate in (3.0, 4.0))
    new[:50] = np.nan
    before, after = kept(old), kept(new)
    exact = shifts(before, {"x": new}, {"x"})
    assert shifts_between(before, after, {"x"}) == exact
    assert exact["x"][0] > exact["x"][1] > 0
    assert shifts_between(before, before, {"x"})["x"][0] == 0


def fitted(folder: Path, shift: float, drawn: bool) -> Run:
    """A fit that kept tallies of two inputs, of the index and, where it had any, of random draws."""
    values = np.repeat(np.arange(1.0, 11), 100)
    moved = {"employees": values + 3 * shift, "permits_valid": values + shift, INDEX: values}
    tallies = {name: Tally.of(column) for name, column in moved.items()}
    if drawn:
        tallies[DRAWS] = Tally.of(values)
    folder.mkdir()
    kept = Distributions({}, tallies=tallies).as_json()
    (folder / "distributions.json").write_text(kept, encoding="utf-8")
    return Run(folder, None, {"part": "random", "metrics": [], "records": []})


@pytest.mark.parametrize("drawn", [True, False])
def test_every_input_is_compared_with_and_without_random_draws(tmp_path: Path, drawn: bool) -> None:
    before, now = (fitted(tmp_path / str(n), float(n), drawn) for n in (0, 1))
    found = drift_since(before, now, texts("en"))
    assert (found.compared, found.moved) == (2, 2)
    names = [BY_NAME[name].title for name in ("employees", "permits_valid")]
    assert [shift.name for shift in found.shifts] == [INDEX, *[DRAWS] * drawn, *names]


def test_an_index_that_a_spreadsheet_rewrote_is_named(tmp_path: Path) -> None:
    now = ranking(tmp_path / "2.csv", {"1": "C", "2": "B"}, [8, 6])
    before = ranking(tmp_path / "1.csv", {"1": "D", "2": "B"}, ["1,234", 5])
    with pytest.raises(UserError, match=r"1\.csv: column index, row 2: '1,234' is no number"):
        moves(before, now)


@pytest.mark.parametrize(
    ("psi", "chance", "size"),
    [(0.3, 0.01, "large shift"), (0.1, 0.01, "moderate shift"), (0.05, 0.01, "small shift"),
     (0.3, 0.4, "within chance")],
)  # fmt: skip
def test_what_a_shift_is_called(psi: float, chance: float, size: str) -> None:
    assert Shift("x", psi, chance).size == size
