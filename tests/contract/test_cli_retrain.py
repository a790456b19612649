"""`risk-index retrain` where the registry is away: the fit stays, and can be sent later."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from models.fitted import FittedModel
from risk_index.pipeline import Fit, Say, Source, track
from risk_index.tracking import CHALLENGER, CHAMPION, Registry
from tests.contract.made import Made, invoke
from tests.registry_runs import small_run

SECRET = "hidden-word"


@pytest.fixture(scope="module")
def left(made: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What a retrain leaves whose server does not answer; the fit is one that was made before."""
    folder = tmp_path_factory.mktemp("retrain")

    def fitted(source: Source, as_of: dt.date, run: Path, say: Say, address: str, _: object) -> Fit:
        shutil.copytree(made.out / "fit", run)
        facts = made.facts | {"mlflow_run": track(run, made.facts, {}, address, say)}
        return Fit(facts, *[None] * 5)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("risk_index.release.retrain.fit_with_examples", fitted)
        done = invoke(
            "retrain", made.records, "--as-of", made.as_of, "--out", folder / "run",
            "--registry", f"http://ann:{SECRET}@127.0.0.1:9", "--log", folder / "log.jsonl", "--first",
        )  # fmt: skip
    assert done.exit_code == 1
    return folder, done.stderr


def test_the_fit_stays_and_the_message_says_how_to_send_it(left: tuple[Path, str]) -> None:
    folder, said = left
    assert f"The fit is whole in {folder / 'run'}" in said
    assert f"risk-index model send {folder / 'run'} --registry http://***@127.0.0.1:9" in said
    assert "MLflow did not record the fit (" in said
    assert SECRET not in said
    texts = [
        path for path in (folder / "run").rglob("*") if path.suffix in {".json", ".md", ".txt"}
    ]
    assert not [path for path in texts if SECRET in path.read_text(encoding="utf-8")]
    names = {path.name for path in (folder / "run").iterdir()}
    assert {
        "model",
        "judged",
        "metrics.json",
        "card.md",
        "card.html",
        "distributions.json",
    } <= names
    assert not names & {"verdict.json", "verdict.md"}
    assert not (folder / "log.jsonl").exists()


def test_it_is_sent_later_and_promoted_by_a_person(left: tuple[Path, str], tmp_path: Path) -> None:
    run, place = left[0] / "run", tmp_path / "registry"
    assert invoke("model", "send", run, "--registry", place).exit_code == 0
    registry = Registry(str(place))
    assert registry.holder(CHAMPION) is None
    held = registry.holder(CHALLENGER)
    assert held is not None
    assert held.model_version == FittedModel.load(run / "model").version
    facts = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    with registry.opened(held.number) as fit:
        assert json.loads((fit / "metrics.json").read_text(encoding="utf-8")) == facts
        assert FittedModel.load(fit / "judged").likelihood.rounds > 0


def test_a_broken_log_or_a_wrong_gate_is_told_before_anything_is_fitted(
    made: Made, tmp_path: Path
) -> None:
    (tmp_path / "log.jsonl").write_text("{}\n", encoding="utf-8")
    (tmp_path / "gates.yaml").write_text("most_churn: 7\n", encoding="utf-8")
    words = [
        "retrain",
        made.records,
        "--as-of",
        made.as_of,
        "--out",
        tmp_path / "run",
        "--registry",
        tmp_path,
        "--first",
    ]
    for option, name, told in (
        ("--log", "log.jsonl", "Nothing is added to a broken log"),
        ("--gates", "gates.yaml", "most_churn = 7 lies outside 0 to 1"),
    ):
        done = invoke(*words, option, tmp_path / name)
        assert done.exit_code == 1
        assert told in done.stderr
        assert not (tmp_path / "run").exists()


def test_a_first_fit_is_said_to_be_one_and_nothing_else_is(made: Made, tmp_path: Path) -> None:
    words = ["retrain", made.records, "--as-of", made.as_of, "--out", tmp_path / "run"]
    for more, told in (
        (["--registry", tmp_path / "typo"], "there is no champion in the registry at"),
        (["--registry", tmp_path / "typo", "--first", "--who", "  "], "--who is blank"),
    ):
        done = invoke(*words, *more)
        assert done.exit_code == 1
        assert told in done.stderr
        assert not (tmp_path / "typo").exists()
    place = tmp_path / "registry"
    invoke("model", "send", small_run(tmp_path / "1", 1), "--registry", place)
    invoke("model", "promote", 1, "--registry", place, "--why", "x")
    done = invoke(*words, "--registry", place, "--first")
    assert done.exit_code == 1
    assert "version 1 is champion" in done.stderr
    assert not (tmp_path / "run").exists()
