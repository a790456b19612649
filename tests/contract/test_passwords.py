"""A database's password is repeated nowhere: in no message, no file, no error, whatever verb gets it."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner

from features.addresses import Address
from features.failures import RecordsError
from features.records import open_records
from risk_index import pipeline
from risk_index.cli import main
from tests.registry_runs import small_run

SECRET = "hidden-word"
ADDRESSES = (
    f"postgresql://ann:{SECRET}@127.0.0.1:9/records",
    f"POSTGRESQL://ann:{SECRET}@127.0.0.1:9/records",
    f"postgres:/ann:{SECRET}@127.0.0.1:9/records",
    f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:9/records",
    f"postgresql://127.0.0.1:9/records?user=ann&password={SECRET}",
    f"postgresql://ann:p@{SECRET}/x@127.0.0.1:9/records",
    f"postgresql://ann:{SECRET}",
    f"postgresql://ann:9?{SECRET}@127.0.0.1:9/records",
    f"host=127.0.0.1 port=9 password={SECRET}",
)
VERBS = (
    "check {}",
    "check {} --mapping .",
    "check . --mapping {}",
    "check . --out {}",
    "fit {} --as-of 2020-01-01 --out fit",
    "fit . --settings {} --as-of 2020-01-01 --out fit",
    "rank {} --as-of 2020-01-01 --model {}",
    "run {} --as-of 2020-01-01 --out run",
    "estimate {} --draw d --from 2020-01-01 --to 2020-02-01 --as-of 2020-03-01",
    "audit {} --model m --attributes a.csv --out audit",
    "mapping init {} --out mapping",
    "mapping init . --out {}",
    "report {}",
    "draw verify {}",
    "retrain {} --as-of 2020-01-01 --out run --registry {}",
    "retrain . --as-of 2020-01-01 --out run --registry {} --first",
    "retrain . --as-of 2020-01-01 --out {} --registry r --log {}",
    "model show --registry {}",
    "model send . --registry {}",
    "model send {} --registry {}",
    "model promote 1 --why x --registry {}",
    "model rollback --why x --registry {} --log {}",
    "log verify {}",
    "log overrides . --out {}",
    "explain {} --as-of 2020-01-01 --model m --ranked {} --firm f --out {}",
    "simulate --out {}",
)
STORES = (
    f"http://ann:{SECRET}@127.0.0.1:9",
    f"http://127.0.0.1:9/mlflow?token={SECRET}",
    f"mysql+pymysql://ann:{SECRET}@127.0.0.1:9/models",
    f"mysql+pymysql://ann:{SECRET}",
    f"oracle://ann:p%40{SECRET}/x@127.0.0.1/models",
    f"postgresql://ann:{SECRET}@127.0.0.1:9/models",
)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_verb_repeats_it(
    verb: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, [address if word == "{}" else word for word in verb.split()])
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit), done.exception
    assert SECRET not in done.output + done.stderr
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if SECRET in file.read_text(encoding="utf-8")]
    assert not [file for file in tmp_path.rglob("*") if SECRET in str(file)]


@pytest.mark.parametrize("store", STORES)
def test_no_verb_of_the_registry_repeats_it(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    run = small_run(tmp_path / "run", 1)
    for words in (
        ["show"],
        ["send", run],
        ["promote", "1", "--why", "x"],
        ["rollback", "--why", "x"],
    ):
        done = CliRunner().invoke(main, ["model", *map(str, words), "--registry", store])
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit), done.exception
        assert "does not answer" in done.stderr
        assert SECRET not in done.output + done.stderr
    assert not [file for file in tmp_path.rglob("*") if SECRET in str(file)]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_error_repeats_it(address: str) -> None:
    places = (address, Path(address), Address.of(address))
    for place in places:
        with pytest.raises(RecordsError) as caught, open_records(place):
            pass
        error = caught.value
        told = "".join(traceback.format_exception_only(error)) + str(error.__cause__)
        assert SECRET not in told
    source = pipeline.Source(Address.of(address))
    assert SECRET not in repr(source) + str(source.records) + f"{source.records}"
