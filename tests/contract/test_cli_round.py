"""What `rank` plans for a round: strata, campaigns, the last round's tiers, and the frame of the draw."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from risk_index.cli import main

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
AS_OF = "2026-06-30"


def rank(out: Path, *options: object) -> Result:
    """Rank the golden records with the golden model."""
    words = ["rank", GOLDEN / "records", "--as-of", AS_OF, "--model", GOLDEN / "run", "--out", out]
    runner = CliRunner(catch_exceptions=False)
    return runner.invoke(main, [str(word) for word in (*words, *options)])


@dataclass(frozen=True)
class Made:
    """A ranking and what lies beside it."""

    out: Path
    ranked: pd.DataFrame


def read(file: Path) -> pd.DataFrame:
    texts = dict.fromkeys(("firm_id", "region", "sector", "tier", "notes"), str)
    return pd.read_csv(file, dtype=texts, keep_default_na=False, encoding="utf-8-sig")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The golden ranking, made now."""
    out = tmp_path_factory.mktemp("round")
    result = rank(out / "ranked.csv")
    assert result.exit_code == 0, result.stderr
    assert "tiers by fixed shares of firms" in result.stderr
    return Made(out, read(out / "ranked.csv"))


def test_the_frame_of_the_draw_holds_the_chances_of_the_ranking(made: Made) -> None:
    frame = pd.read_csv(made.out / "ranked.frame.csv", dtype={"firm_id": str, "stratum": str})
    assert frame.firm_id.tolist() == sorted(made.ranked.firm_id, key=str.encode)
    both = frame.merge(made.ranked, on="firm_id", suffixes=("", "_shown"), validate="1:1")
    np.testing.assert_allclose(both.probability_ppb / 1e9, both.inspection_probability, atol=1e-12)
    np.testing.assert_allclose(both.expected_harm, both.expected_harm_shown, atol=1e-6)
    assert frame.probability_ppb.sum() % 1_000_000_000 == 0
    assert (frame.floor_ppb == 2_500_000).all()
    plan = json.loads((made.out / "ranked.round.json").read_text(encoding="utf-8"))
    assert plan["visits"] == frame.probability_ppb.sum() / 1e9
    assert plan["visits_floor_arm"] == frame.floor_ppb.sum() / 1e9
    for part, file in (("ranked", "ranked.csv"), ("frame", "ranked.frame.csv")):
        found = hashlib.sha256((made.out / file).read_bytes()).hexdigest()
        assert plan[f"{part}_sha256"] == found


def test_strata_campaigns_and_the_last_round(made: Made, tmp_path: Path) -> None:
    """A settings file of an authority: minimum visits, a campaign, and tiers that hold."""
    region = made.ranked.region.value_counts().index[0]
    settings = tmp_path / "settings.yaml"
    days = "from: 2026-01-01, until: 2026-12-31, reference: order 3"
    settings.write_text(
        "strata: region\ntier_band_points: 20\ncapacity_per_round: 12\n"
        f"minimum_visits:\n- {{stratum: '{region}', visits: 5, {days}}}\n"
        f"campaigns:\n- {{name: food, sectors: [C], multiplier: 2, visits: 1, {days}}}\n"
        "- {name: past, multiplier: 2, visits: 3, from: 2020-01-01, until: 2020-12-31, reference: x}\n",
        encoding="utf-8",
    )
    last = tmp_path / "last.csv"
    turned = made.ranked.assign(tier=made.ranked.tier.map(dict(zip("ABCD", "BACD", strict=True))))
    turned[["firm_id", "tier"]].to_csv(last, index=False)
    out = tmp_path / "ranked.csv"
    result = rank(out, "--settings", settings, "--last", last)
    assert result.exit_code == 0, result.stderr
    assert "campaign food" in result.stderr
    assert f"{len(made.ranked)} firms are in the last ranking" in result.stderr
    assert "changed their tier" in result.stderr
    plan = json.loads((tmp_path / "ranked.round.json").read_text(encoding="utf-8"))
    assert plan["capacity"] == 12
    assert {row["stratum"]: row["visits"] for row in plan["strata"]}[region] >= 5
    assert [row["name"] for row in plan["campaigns"]] == ["food"]
    table = read(out)
    assert table.notes.str.contains("campaign food").sum() == plan["campaigns"][0]["firms"]
    assert table.notes.str.contains("keeps its tier of the last round").any()
    assert plan["moves"]["new"] == dict.fromkeys("ABCD", 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strata: county", "strata must be one of none, region, supervisor, region_supervisor"),
        ("campaigns: [{name: food}]", "campaigns.0.from: Field required"),
        ("floor_per_year: 0.9", "raise the capacity or lower floor_per_year"),
        ("capacity_per_round: 90000", "lower the capacity or raise ceiling_per_round"),
        (
            "minimum_visits: [{stratum: N, visits: 1, from: 2026-01-01, until: 2026-12-31, reference: x}]",
            "there are no strata",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(
    made: Made, tmp_path: Path, text: str, said: str
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(text, encoding="utf-8")
    result = rank(tmp_path / "ranked.csv", "--settings", settings)
    assert result.exit_code == 1
    assert said in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["settings.yaml"]


def test_a_last_ranking_of_other_firms_is_told(tmp_path: Path) -> None:
    last = tmp_path / "last.csv"
    last.write_text("firm_id,tier\nsomebody else,D\n", encoding="utf-8")
    result = rank(tmp_path / "ranked.csv", "--last", last)
    assert result.exit_code == 0
    assert "0 firms are in the last ranking\n" in result.stderr
    last.write_text("who,tier\nA,D\n", encoding="utf-8")
    said = rank(tmp_path / "r.csv", "--last", last).stderr
    assert "is no ranking with firm_id and tier" in said
    assert "reading and checking" not in said  # nor hours later
