"""The ranked CSV keeps its contract, to the letter and to the byte, from a fit made by one command."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from risk_index import scoring
from risk_index.ranking import beside
from tests.contract.made import TEXTS, Made, invoke

HEADING = (  # noqa: SIM905
    "rank, firm_id, name, sector, region, likelihood, likelihood_low, likelihood_high, severity, "
    "severity_low, severity_high, expected_harm, index, index_low, index_high, percentile, tier, "
    "tier_stability, inspection_probability, inspections_per_year, max_inspections_per_year, "
    "completeness, reason_1, reason_2, reason_3, notes, model_version, as_of"
).split(", ")


def rank(made: Made, records: Path, out: Path) -> bytes:
    """Rank records with the fit that was made; return the bytes of the CSV."""
    model = made.out / "fit"
    result = invoke("rank", records, "--as-of", made.as_of, "--model", model, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    return out.read_bytes()


def shuffled(records: Path, folder: Path) -> Path:
    """Write the same records as CSV with their rows in another order."""
    folder.mkdir()
    for file in records.glob("*.parquet"):
        table = pd.read_parquet(file).sample(frac=1.0, random_state=7)
        table.to_csv(folder / f"{file.stem}.csv", index=False)
    return folder


# ---- what is there -------------------------------------------------------------------------------


def test_the_letter_of_the_csv(made: Made) -> None:
    raw = (made.out / "ranked.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == len(made.ranked) + 1
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert rows[0] == HEADING
    assert {len(row) for row in rows} == {len(HEADING)}


def test_texts_are_quoted_and_numbers_are_not(made: Made) -> None:
    text = (made.out / "ranked.csv").read_text(encoding="utf-8-sig")
    rows = csv.reader(io.StringIO(text), quoting=csv.QUOTE_NONNUMERIC)  # unquoted cells are numbers
    assert next(rows) == HEADING
    for row in rows:
        quoted = {name for name, cell in zip(HEADING, row, strict=True) if isinstance(cell, str)}
        assert quoted == TEXTS


def test_every_open_firm_has_its_row(made: Made) -> None:
    firms = pd.read_parquet(made.records / "firms.parquet").sort_values("recorded_on")
    latest = firms.groupby("firm_id").last()
    still = latest.index[latest.closed_on.isna()]
    assert sorted(made.ranked.firm_id) == sorted(still)
    table = made.ranked.set_index("firm_id")
    for name in ("name", "sector", "region"):
        assert (table[name] == latest[name][table.index]).all()


def test_a_cell_is_filled_or_its_row_says_why_not(made: Made) -> None:
    table = made.ranked
    empty = {name for name in HEADING if (table[name].astype(str) == "").any()}
    assert empty <= {"notes"}
    assert not table.select_dtypes("number").isna().any(axis=None)
    visits = pd.read_parquet(made.records / "inspections.parquet")
    planned = ~visits.selection.isin(["complaint", "follow_up"])
    visited = set(visits.firm_id[visits.violation.notna() & planned])
    never = table.notes.str.contains("no planned inspection with an outcome on record")
    assert never.tolist() == [firm_id not in visited for firm_id in table.firm_id]


# ---- what it says --------------------------------------------------------------------------------


def test_index_percentile_and_intervals(made: Made) -> None:
    table, average = made.ranked, float(made.facts["average_harm"])
    for name in ("likelihood", "severity", "index"):
        assert (table[f"{name}_low"] <= table[name]).all(), name
        assert (table[name] <= table[f"{name}_high"]).all(), name
    assert table.likelihood.between(0, 1).all()
    exact = table[table.expected_harm > 0.05]
    product = exact.likelihood * exact.severity
    np.testing.assert_allclose(exact.expected_harm, product, rtol=1e-3)
    index = (50 + 10 * np.log2(exact.expected_harm / average)).clip(0, 100)
    np.testing.assert_allclose(exact["index"], index, atol=0.01)
    at_fit = pd.Series(50 + 10 * np.log2(table.expected_harm.mean() / average))
    assert abs(at_fit[0] - 50) < 0.01  # the same registry and day as at the fit
    share = table.expected_harm.rank(method="max") / len(table) * 100
    np.testing.assert_allclose(table.percentile, share, atol=0.2)  # six decimals make ties


def test_order_and_ties(made: Made) -> None:
    table = made.ranked
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert table.expected_harm.is_monotonic_decreasing
    assert table.percentile.is_monotonic_decreasing
    assert table["index"].is_monotonic_decreasing


def test_ties_are_broken_by_the_id_alone(made: Made, tmp_path: Path) -> None:
    """Firms of which nothing is known are equal; their order is that of the SHA-256 of their ids."""
    ids = [f"T{n:03d}" for n in range(40)]
    (tmp_path / "firms.csv").write_text("firm_id\n" + "\n".join(ids) + "\n", encoding="utf-8")
    visits = "inspection_id,firm_id,inspected_on\n"
    (tmp_path / "inspections.csv").write_text(visits, encoding="utf-8")
    rank(made, tmp_path, tmp_path / "ranked.csv")
    table = pd.read_csv(tmp_path / "ranked.csv", encoding="utf-8-sig")
    assert table.expected_harm.nunique() == 1
    assert table.firm_id.tolist() == sorted(ids, key=lambda i: hashlib.sha256(i.encode()).digest())
    assert table.tier.unique().tolist() == ["A"]  # equals share the lower tier
    assert set(table.notes) == {
        "no name on record; no sector on record; no region on record; "
        "no planned inspection with an outcome on record"
    }


def test_reasons_add_up_for_every_firm(made: Made) -> None:
    topics = pd.read_parquet(made.out / "ranked.topics.parquet").set_index("firm_id")
    table = made.ranked.set_index("firm_id").loc[topics.index]
    total = 50 + topics.sum(axis=1)
    assert len(topics) == len(made.ranked)
    rounding = 0.005
    inside = total.between(0, 100)
    assert inside.any()
    assert ((total - table["index"]).abs()[inside] <= 0.01 + rounding).all()
    assert (table["index"][total < 0] == 0).all()
    assert (table["index"][total > 100] == 100).all()


def test_reasons_name_the_topics_of_most_points_others_records_last(made: Made) -> None:
    topics = pd.read_parquet(made.out / "ranked.topics.parquet").set_index("firm_id")
    topics = topics.drop(columns="starting point")
    for row in made.ranked.head(100).itertuples():
        points = topics.loc[row.firm_id]
        most = points.abs().sort_values(ascending=False, kind="stable").index[:3]
        order = sorted(most, key=lambda topic: topic in ("sector", "controller's other firms"))
        for topic, reason in zip(order, (row.reason_1, row.reason_2, row.reason_3), strict=True):
            assert reason.startswith(f"{topic}: "), reason
            assert reason.endswith(f": {points[topic]:+.1f}"), reason


def test_frequencies_use_the_capacity_and_keep_their_bounds(made: Made) -> None:
    table = made.ranked
    visits = math.floor(0.05 * len(table) / 4 + 0.5)  # whole visits in each of four rounds
    np.testing.assert_allclose(table.inspection_probability.sum(), visits, atol=1e-9 * len(table))
    np.testing.assert_allclose(
        table.inspections_per_year, 4 * table.inspection_probability, atol=1e-9
    )
    assert table.inspections_per_year.min() >= 0.01 - 1e-6
    assert (table.inspections_per_year <= table.max_inspections_per_year).all()
    assert table.inspection_probability.max() <= 0.5 + 1e-8  # two a year in four rounds
    assert table.inspections_per_year.is_monotonic_decreasing


def test_tiers_hold_their_shares_of_firms(made: Made) -> None:
    """Those of the index do; a borderline firm stands lower, and its row names the tier it missed."""
    table = made.ranked
    missed = table.notes.str.extract(
        r"borderline: fewer than 80% of repeated fits confirm tier (\w)"
    )
    by_index = missed[0].fillna(table.tier)
    assert by_index.is_monotonic_decreasing
    shares = by_index.value_counts(normalize=True)
    for tier, share in {"A": 0.654, "B": 0.253, "C": 0.077, "D": 0.016}.items():
        assert math.isclose(shares[tier], share, abs_tol=2 / len(table))
    borderline = missed[0].notna()
    assert borderline.any()
    assert (table.tier < by_index)[borderline].all()
    assert table.tier_stability.between(0, 1).all()


def test_version_and_date(made: Made) -> None:
    table = made.ranked
    assert table.model_version.unique().tolist() == [made.facts["model_version"]]
    assert table.as_of.unique().tolist() == [made.as_of]


# ---- the same again ------------------------------------------------------------------------------


def test_the_same_bytes_again(made: Made, tmp_path: Path) -> None:
    """Also in the place of an earlier ranking, whose name may hold dots."""
    again = tmp_path / "ranked.2026.csv"
    again.write_bytes((made.out / "ranked.csv").read_bytes()[:200])
    assert rank(made, made.records, again) == (made.out / "ranked.csv").read_bytes()
    others = beside(Path("ranked.csv")).values()
    for other in others:
        now = tmp_path / str(other).replace("ranked.", "ranked.2026.")
        assert now.read_bytes() == (made.out / other).read_bytes()
    assert len(list(tmp_path.iterdir())) == 1 + len(others)


def test_the_same_bytes_from_small_batches(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_index.scoring.BATCH_FIRMS", 800)
    before = (made.out / "ranked.csv").read_bytes()
    assert rank(made, made.records, tmp_path / "ranked.csv") == before


class KilledError(BaseException):
    """What no command catches."""


def test_a_run_that_was_killed_goes_on_where_it_was(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def one(*given: Any) -> Any:
        done.append(len(given[0]))
        if len(done) == 3:
            raise KilledError
        return scored(*given)

    scored = scoring.scored
    monkeypatch.setattr(scoring, "BATCH_FIRMS", 400)
    monkeypatch.setattr(scoring, "scored", one)
    out = tmp_path / "ranked.csv"
    words = ["--as-of", made.as_of, "--model", made.out / "fit", "--out", out]
    with pytest.raises(KilledError):
        invoke("rank", made.records, *words)
    assert [file.name for file in tmp_path.iterdir()] == ["ranked.csv.scoring"]
    kept = sum(done[:2])
    result = invoke("rank", made.records, *words, "--memory-gb", 2)
    assert result.exit_code == 0, result.stderr
    assert f"firms kept of a run that was broken off: {kept}, in batches: 2" in result.stderr
    assert kept + sum(done[3:]) == len(made.ranked)
    assert out.read_bytes() == (made.out / "ranked.csv").read_bytes()
    topics, *others = beside(Path("ranked.csv")).values()
    for other in others:
        assert (tmp_path / other).read_bytes() == (made.out / other).read_bytes()
    whole = pd.read_parquet(made.out / topics)  # batches show in its encoding, in no value
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / topics), whole, check_exact=True)
    assert not out.with_name("ranked.csv.scoring").exists()


def test_the_same_bytes_from_shuffled_rows_in_another_format(made: Made, tmp_path: Path) -> None:
    """Both the fit and the ranking: no row's place, and no file's format, enters a number."""
    records = shuffled(made.records, tmp_path / "shuffled")
    before = (made.out / "ranked.csv").read_bytes()
    assert rank(made, records, tmp_path / "ranked.csv") == before
    words = ["--as-of", made.as_of, "--out", tmp_path / "fit", "--quiet", "--json"]
    result = invoke("fit", records, *words)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert json.loads(result.stdout)["model_version"] == made.facts["model_version"]
    for file in (made.out / "fit" / "model").iterdir():
        assert (tmp_path / "fit" / "model" / file.name).read_bytes() == file.read_bytes()


# ---- a model that is not what it was -------------------------------------------------------------


def refused(made: Made, model: Path, out: Path) -> str:
    """Rank with a model that must be refused; return the message."""
    result = invoke("rank", made.records, "--as-of", made.as_of, "--model", model, "--out", out)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert not out.exists()
    return result.stderr


@pytest.mark.parametrize("name", ["model.json", "likelihood.txt", "severity.txt", "manifest.json"])
def test_an_altered_model_is_refused(made: Made, tmp_path: Path, name: str) -> None:
    shutil.copytree(made.out / "fit" / "model", tmp_path / "model")
    file = tmp_path / "model" / name
    file.write_bytes(file.read_bytes().replace(b"1", b"2", 1))
    said = refused(made, tmp_path, tmp_path / "ranked.csv")
    assert name in said or name == "manifest.json"  # its first digit is that of the format
    assert "altered: expected SHA-256" in said or "has model format 2" in said
    file.unlink()
    assert "missing" in refused(made, tmp_path, tmp_path / "ranked.csv")


def test_a_model_of_another_catalogue_is_refused(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_index.pipeline.in_use", tuple)
    said = refused(made, made.out / "fit", tmp_path / "ranked.csv")
    assert "another catalogue of features" in said


def test_a_model_that_knows_the_future_says_so(made: Made, tmp_path: Path) -> None:
    early = invoke(
        "rank", made.records, "--as-of", "2022-06-30", "--model", made.out / "fit",
        "--out", tmp_path / "early.csv",
    )  # fmt: skip
    assert early.exit_code == 0
    assert (
        f"the model learnt from outcomes up to {made.as_of}, later than 2022-06-30" in early.stderr
    )
    assert "2022-06-30" in (tmp_path / "early.csv").read_text(encoding="utf-8-sig")
