"""The registry keeps its contract: text alone, a champion at any moment, nothing lost without a server."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from models.fitted import FittedModel
from risk_index.cli import main
from risk_index.release.champion import ChampionChanged, promote, send
from risk_index.release.log import add, alone, read_log
from risk_index.tracking import CHALLENGER, CHAMPION, Registry, RegistryError
from risk_index.tracking.packed import ForeignModelError, files_of, is_text, unpacked
from risk_index.tracking.runs import client_of
from risk_index.tracking.served import COLUMNS
from tests.registry_runs import small_run

ROOT = Path(__file__).resolve().parents[2]
PICKLES = {
    ".pkl",
    ".pickle",
    ".joblib",
    ".cloudpickle",
    ".npy",
    ".npz",
    ".pt",
    ".bin",
    ".py",
    ".so",
}
KILLS = 2
ENTRY = {"who": "a test", "action": "note", "about": "version 1", "why": "x"}
PROMOTES_FOR_EVER = """
import sys
from pathlib import Path
from risk_index.release.champion import promote, roll_back, send
from risk_index.tracking import Registry
registry = Registry(sys.argv[1])
while True:
    made = send(Path(sys.argv[2]), registry)
    promote(registry, made.number, "a loop", "a try")
    roll_back(registry, "a loop", "a try")
    print("ready", flush=True)
"""


def invoke(*words: object) -> Result:
    """Run a command; an exception that reaches the user fails the test."""
    return CliRunner(catch_exceptions=False).invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with three versions, of which the first two were champion and the second is."""
    folder = tmp_path_factory.mktemp("registry")
    for number in (1, 2, 3):
        run = small_run(folder / f"run {number}", seed=number)
        done = invoke("model", "send", run, "--registry", folder / "place", "--json")
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["version"] == number
        assert f"version {number}: model {FittedModel.load(run / 'model').version}" in done.stderr
    for number in (1, 2):
        done = invoke("model", "promote", number, "--registry", folder / "place", "--why", "a test")
        assert done.exit_code == 0, done.stderr
    return folder / "place"


def served(place: Path, alias: str = CHAMPION) -> mlflow.pyfunc.PyFuncModel:
    mlflow.set_tracking_uri(Registry(str(place)).address)
    return mlflow.pyfunc.load_model(f"models:/risk-index@{alias}")


def test_mlflow_itself_loads_the_champion_and_scores_as_the_model_does(place: Path) -> None:
    model = FittedModel.load(place.parent / "run 2" / "model")
    loaded = served(place)
    names = loaded.metadata.signature.inputs.input_names()
    X = pd.DataFrame(np.random.default_rng(1).random((50, len(names))), columns=names)
    X = X.astype("float32").mask(X < 0.1)
    found = loaded.predict(X)
    assert tuple(found.columns) == COLUMNS
    np.testing.assert_array_equal(found.likelihood, model.likelihood.predict(X))
    np.testing.assert_array_equal(found.severity, model.severity.predict(X))
    np.testing.assert_allclose(found.expected_harm, found.likelihood * found.severity)
    at_average = model.meta["scale"]["average_harm"]
    assert ((found["index"] > 50) == (found.expected_harm > at_average)).all()
    assert len(loaded.predict(loaded.input_example)) == 1


def test_an_input_that_is_missing_is_told_by_the_signature(place: Path) -> None:
    loaded = served(place)
    with pytest.raises(mlflow.exceptions.MlflowException, match="missing inputs"):
        loaded.predict(loaded.input_example.drop(columns="hazard_class"))


def test_no_file_of_the_registry_is_a_pickle_or_code(place: Path) -> None:
    store = place / "mlflow-artefacts"
    files = files_of(store)
    assert len(files) > 30
    assert [path for path in files if path.suffix in PICKLES] == []
    assert [path for path in files if not is_text(path)] == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_tells_text_from_a_pickle_would_see_one(tmp_path: Path, protocol: int) -> None:
    (tmp_path / "model.txt").write_bytes(pickle.dumps({"a": [1.5, "b"]}, protocol=protocol))
    seen_by_bytes = not is_text(tmp_path / "model.txt")
    assert seen_by_bytes or protocol == 0  # protocol 0 is text: its name and place must tell
    (tmp_path / "model.pkl").write_bytes(b"text")
    (tmp_path / "MLmodel").write_text("flavors: {}", encoding="utf-8")
    with pytest.raises(ForeignModelError, match="files that no fit writes"):
        unpacked(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("loader_module: risk_index.tracking.served", "loader_module: os"), "loaded by os"),
        (("code: null", "code: code"), "not made by this program"),
        (("data: data/fit", "data: ../.."), "not made by this program"),
    ],
)
def test_a_model_that_would_be_loaded_in_another_way_is_refused(
    place: Path, tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    source = next((place / "mlflow-artefacts").glob("*/artifacts/served"))
    for path in files_of(source):
        target = tmp_path / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    assert (unpacked(tmp_path) / "model").is_dir()
    text = (tmp_path / "MLmodel").read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "MLmodel").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ForeignModelError, match=told):
        unpacked(tmp_path)


def test_a_fit_is_logged_with_intervals_data_and_environment(place: Path) -> None:
    client = client_of(Registry(str(place)).address)
    version = client.get_model_version_by_alias("risk-index", CHAMPION)
    run = client.get_run(version.run_id)
    assert run.data.metrics == {"index_auc": 0.7, "index_auc_low": 0.6, "index_auc_high": 0.8}
    assert json.loads(run.data.tags["data"]) == {"firms": "1-a"}
    lines = (
        Path(client.download_artifacts(version.run_id, "environment.txt")).read_text().split("\n")
    )
    assert lines[0].startswith("# Python 3.")
    assert f"numpy=={np.__version__}" in lines


def test_what_is_shown_and_logged_is_what_was_done(place: Path) -> None:
    registry = Registry(str(place))
    held = {alias: registry.holder(alias) for alias in (CHAMPION, CHALLENGER)}
    assert {alias: one.number for alias, one in held.items() if one} == {CHAMPION: 2, CHALLENGER: 3}
    done = invoke("model", "show", "--registry", place, "--json")
    assert [one["version"] for one in json.loads(done.stdout)["versions"]] == [3, 2, 1]
    shown = done.stderr
    assert "version 2 (champion): model " in shown
    assert "came after version 1" in shown
    entries = read_log(place / "decisions.jsonl")
    assert [(e.action, e.about, e.why) for e in entries] == [
        ("promote", "version 1", "a test"),
        ("promote", "version 2", "a test"),
    ]


def test_roll_back_is_one_command_and_ends_where_nothing_came_before(tmp_path: Path) -> None:
    for number in (1, 2):
        invoke(
            "model", "send", small_run(tmp_path / str(number), number), "--registry", tmp_path / "r"
        )
        invoke("model", "promote", number, "--registry", tmp_path / "r", "--why", "x")
    back = ["model", "rollback", "--registry", tmp_path / "r", "--why", "complaints", "--json"]
    done = invoke(*back)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["version"] == 1
    assert "version 1 " in done.stderr
    wanted = FittedModel.load(tmp_path / "1" / "model").version
    held = Registry(str(tmp_path / "r")).holder(CHAMPION)
    assert held is not None
    assert (held.number, held.model_version) == (1, wanted)
    again = invoke(*back)
    assert again.exit_code == 1
    assert "no champion before version 1: there is nothing to go back to" in again.stderr
    assert [e.action for e in read_log(tmp_path / "r" / "decisions.jsonl")] == [
        "promote", "promote", "rollback",
    ]  # fmt: skip


def test_a_version_that_is_not_there_or_was_altered_is_never_promoted(tmp_path: Path) -> None:
    place = tmp_path / "r"
    invoke("model", "send", small_run(tmp_path / "1", 1), "--registry", place)
    absent = invoke("model", "promote", 9, "--registry", place, "--why", "x")
    assert absent.exit_code == 1
    assert "has no such version" in absent.stderr
    trees = next(
        (place / "mlflow-artefacts").glob("*/artifacts/served/data/fit/model/severity.txt")
    )
    trees.write_text(trees.read_text(encoding="utf-8") + " ", encoding="utf-8")
    altered = invoke("model", "promote", 1, "--registry", place, "--why", "x")
    assert altered.exit_code == 1
    assert "was altered: expected SHA-256" in altered.stderr
    assert Registry(str(place)).holder(CHAMPION) is None
    assert not (place / "decisions.jsonl").exists()


def test_a_server_that_does_not_answer_costs_no_fit_and_says_how_to_send_it(tmp_path: Path) -> None:
    run = small_run(tmp_path / "run", 1)
    before = {path: path.read_bytes() for path in files_of(run)}
    done = invoke("model", "send", run, "--registry", "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert (
        f"send it later: risk-index model send {run} --registry http://127.0.0.1:9" in done.stderr
    )
    assert {path: path.read_bytes() for path in files_of(run)} == before
    assert invoke("model", "send", run, "--registry", tmp_path / "r").exit_code == 0


def test_a_folder_that_holds_no_fit_is_refused(tmp_path: Path) -> None:
    done = invoke("model", "send", tmp_path, "--registry", tmp_path / "r")
    assert done.exit_code == 1
    assert "holds no fit" in done.stderr
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    "verb", [["show"], ["promote", 1, "--why", "x"], ["rollback", "--why", "x"]]
)
def test_a_registry_that_was_misspelt_is_told_and_not_made(verb: list, tmp_path: Path) -> None:
    done = invoke("model", *verb, "--registry", tmp_path / "typo")
    assert done.exit_code == 1
    assert "no registry in" in done.stderr or "no champion before" in done.stderr
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("broken", "does not answer"),
        ("firebird://localhost/records", "does not answer"),
        ("mssql+pyodbc://localhost/records", "does not answer"),
    ],
)
def test_a_broken_store_or_one_without_a_driver_is_told_in_a_sentence(
    place: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "mlflow.db").write_bytes(b"no database" * 100)
    run = small_run(tmp_path / "run", 1)
    for words in (["show"], ["send", run], ["promote", 1, "--why", "x"]):
        done = invoke("model", *words, "--registry", place)
        assert done.exit_code == 1
        assert told in done.stderr


def test_rejected_rows_stay_where_they_are(tmp_path: Path) -> None:
    run = small_run(tmp_path / "run", 1)
    (run / "rejected").mkdir()
    for name in ("rejected/firms.csv", "quality.json", "card.md"):
        (run / name).write_text("a row of a firm", encoding="utf-8")
    assert invoke("model", "send", run, "--registry", tmp_path / "r").exit_code == 0
    names = {path.name for path in files_of(tmp_path / "r" / "mlflow-artefacts")}
    assert {"card.md", "metrics.json", "likelihood.txt"} <= names
    assert not names & {"firms.csv", "quality.json"}


def test_a_challenger_held_against_another_champion_is_not_promoted(tmp_path: Path) -> None:
    """Two runs judge against version 1; one promotes, then the other comes."""
    registry = Registry(str(tmp_path / "r"))
    versions = [send(small_run(tmp_path / str(n), n), registry).model_version for n in (1, 2, 3)]
    promote(registry, 1, "first", "x", against="")
    promote(registry, 2, "one", "passed every gate", against=versions[0])
    with pytest.raises(
        ChampionChanged, match=f"beside model {versions[0]}, but model {versions[1]}"
    ):
        promote(registry, 3, "other", "passed every gate", against=versions[0])
    held = registry.holder(CHAMPION)
    assert held is not None
    assert held.number == 2
    assert [entry.who for entry in read_log(tmp_path / "r" / "decisions.jsonl")] == ["first", "one"]
    promote(registry, 3, "a person", "x")


def test_who_decides_is_alone_from_the_look_to_the_write(tmp_path: Path) -> None:
    """While one process decides, another waits with its entry, and looks after it was made."""
    file, seen = tmp_path / "log.jsonl", []
    with alone(file) as write:
        other = threading.Thread(
            target=lambda: seen.append(add(file, **ENTRY, what="later").number)
        )
        other.start()
        other.join(0.2)
        assert other.is_alive()
        assert write(**ENTRY, what="first").number == 1
    other.join()
    assert seen == [2]


def test_killed_at_any_moment_a_champion_stands_that_loads(place: Path, tmp_path: Path) -> None:
    """One process sends, promotes and rolls back without end; it is killed, and killed again."""
    registry, rng = Registry(str(tmp_path / "place")), random.Random(7)
    invoke("model", "send", small_run(tmp_path / "old", 1), "--registry", registry.place)
    invoke("model", "promote", 1, "--registry", registry.place, "--why", "first")
    new = small_run(tmp_path / "new", 2)
    known = {FittedModel.load(tmp_path / name / "model").version for name in ("old", "new")}
    for _ in range(KILLS):
        words = [sys.executable, "-c", PROMOTES_FOR_EVER, registry.place, str(new)]
        loop = subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        assert loop.stdout is not None
        assert loop.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0.0, 0.6))
        loop.send_signal(signal.SIGKILL)
        loop.wait()
        loop.stdout.close()
        held = registry.holder(CHAMPION)
        assert held is not None
        assert held.model_version in known
        with registry.opened(held.number) as fit:
            assert FittedModel.load(fit / "model").version == held.model_version
        read_log(tmp_path / "place" / "decisions.jsonl")  # its chain holds
    assert (
        served(tmp_path / "place")
        .predict(served(tmp_path / "place").input_example)
        .notna()
        .all(axis=None)
    )
    assert len(registry.versions()) > KILLS
    with pytest.raises(RegistryError, match="no such version"):
        registry.promote(10**6)
