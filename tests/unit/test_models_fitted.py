"""A saved model: no pickle, whole or not at all, refused when altered, the same to the bit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.examples import Examples
from models.fitted import FittedModel, ModelFileError
from models.folds import later_folds
from models.likelihood import fit_likelihood
from models.severity import fit_severity
from models.trees import TreeSettings

QUICK = TreeSettings(max_rounds=30, early_stopping_rounds=10, num_threads=1)
NAMES = {"likelihood.txt", "severity.txt", "model.json", "manifest.json"}


def simulated(n: int = 1200) -> Examples:
    rng = np.random.default_rng(0)
    columns = ["罚款次数", 'quoted "name"', "c"]
    X = pd.DataFrame(rng.normal(size=(n, 3)).astype("float32"), columns=columns)
    violation = (rng.random(n) < 1 / (1 + np.exp(-X["c"]))).to_numpy("int8")
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    return Examples(
        X=X,
        violation=violation,
        harm=np.where(violation == 1, np.exp(X["c"]) * rng.gamma(1, 1, n), np.nan),
        weight=np.ones(n),
        as_of=as_of,
        known_on=as_of,
        controller=np.arange(n),
    )


@pytest.fixture(scope="module")
def examples() -> Examples:
    return simulated()


@pytest.fixture(scope="module")
def model(examples: Examples) -> FittedModel:
    signs = dict.fromkeys(examples.X.columns, 0)
    folds = later_folds(examples, np.datetime64("2023-01-01"), 90, 3, seed=0)
    return FittedModel(
        fit_likelihood(examples, signs, folds, QUICK, 0),
        fit_severity(examples, signs, folds, QUICK, 0),
        meta={"as_of": "2023-09-01", "mean_harm": 0.1 + 0.2, "标题": "模型"},
    )


def test_a_loaded_model_scores_the_same_to_the_bit(
    model: FittedModel, examples: Examples, tmp_path: Path
) -> None:
    model.save(tmp_path / "run" / "model")
    again = FittedModel.load(tmp_path / "run" / "model", num_threads=1)
    X = examples.X
    for one, two in ((model.likelihood, again.likelihood), (model.severity, again.severity)):
        assert (one.predict(X) == two.predict(X)).all()
        assert (one.contributions(X) == two.contributions(X)).all()
        assert (one.interval(X)[0] == two.interval(X)[0]).all()
        assert (one.interval(X)[1] == two.interval(X)[1]).all()
        assert one.columns == two.columns
        assert one.notes == two.notes
    assert again.meta == model.meta
    assert again.version == model.version
    pd.testing.assert_frame_equal(again.severity.comparison, model.severity.comparison)


def test_saving_twice_writes_the_same_bytes_and_leaves_nothing_else(
    model: FittedModel, tmp_path: Path
) -> None:
    for name in ("one", "two", "one"):
        model.save(tmp_path / name)
    assert {p.name for p in tmp_path.iterdir()} == {"one", "two"}
    assert {p.name for p in (tmp_path / "one").iterdir()} == NAMES
    for name in NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_model_is_replaced_whole(model: FittedModel, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    other = replace(model, meta={"as_of": "2024-01-01"})
    other.save(tmp_path / "m")
    assert FittedModel.load(tmp_path / "m").meta == {"as_of": "2024-01-01"}


def test_the_version_follows_the_content(model: FittedModel) -> None:
    assert len(model.version) == 12
    assert replace(model).version == model.version
    assert replace(model, meta={}).version != model.version
    slower = replace(model.likelihood.settings, num_threads=7)
    assert replace(model, likelihood=replace(model.likelihood, settings=slower)).version == (
        model.version
    )


@pytest.mark.parametrize("name", sorted(NAMES - {"manifest.json"}))
def test_an_altered_file_is_refused_with_both_hashes(
    model: FittedModel, tmp_path: Path, name: str
) -> None:
    model.save(tmp_path / "m")
    path = tmp_path / "m" / name
    expected = json.loads((tmp_path / "m" / "manifest.json").read_text())["sha256"][name]
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(ModelFileError, match=f"{name} was altered: expected SHA-256 {expected}"):
        FittedModel.load(tmp_path / "m")
    path.unlink()
    with pytest.raises(ModelFileError, match=f"{name} is missing: expected SHA-256 {expected}"):
        FittedModel.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "cannot be read: 'format'"),
        ('{"format": 99, "sha256": {}}', "has model format 99, this version reads 1"),
        ('{"format": 1, "sha256": {}}', r"lists \[\]: not a model's files"),
        ('{"format": 1, "sha256": {"../x": "0", "model.json": "0"}}', "not a model's files"),
    ],
)
def test_a_broken_manifest_is_refused(
    model: FittedModel, tmp_path: Path, content: str, says: str
) -> None:
    model.save(tmp_path / "m")
    (tmp_path / "m" / "manifest.json").write_text(content)
    with pytest.raises(ModelFileError, match=says):
        FittedModel.load(tmp_path / "m")


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"holds no saved model: manifest\.json is missing"):
        FittedModel.load(tmp_path)


def test_other_files_are_never_replaced(model: FittedModel, tmp_path: Path) -> None:
    (tmp_path / "ranked.csv").write_text("rank")
    with pytest.raises(ModelFileError, match=r"holds 1 files .* first: \['ranked.csv'\]"):
        model.save(tmp_path)
    with pytest.raises(ModelFileError, match="is a file"):
        model.save(tmp_path / "ranked.csv")
    assert {p.name for p in tmp_path.iterdir()} == {"ranked.csv"}


def test_a_failed_save_leaves_the_old_model(
    model: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path / "m")
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "manifest.json":
            raise OSError("no space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space left"):
        replace(model, meta={}).save(tmp_path / "m")
    assert FittedModel.load(tmp_path / "m").version == model.version
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("meta", [{"mean": float("nan")}, {"day": np.datetime64("2024-01-01")}])
def test_meta_that_json_cannot_hold_is_refused(model: FittedModel, meta: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError), match="JSON"):
        replace(model, meta=meta).files()


def test_a_constant_severity_needs_no_file(
    model: FittedModel, examples: Examples, tmp_path: Path
) -> None:
    unmeasured = replace(examples, harm=np.full(len(examples), np.nan))
    severity = fit_severity(unmeasured, dict.fromkeys(examples.X.columns, 0), [], QUICK, 0)
    replace(model, severity=severity).save(tmp_path / "m")
    assert {p.name for p in (tmp_path / "m").iterdir()} == NAMES - {"severity.txt"}
    again = FittedModel.load(tmp_path / "m").severity
    assert (again.predict(examples.X) == severity.predict(examples.X)).all()
