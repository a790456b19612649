"""Scored batches on disk are there whole or not at all, and serve the run that they were made for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.records import WORKING
from risk_index.errors import UserError
from risk_index.kept import Scored, fingerprint, workplace
from risk_index.scoring import Batch

OF, ANOTHER = fingerprint("one run"), fingerprint("another")


class KilledError(BaseException):
    """What no command catches."""


def batch(number: int, n_firms: int = 2) -> Batch:
    """Some firms of one batch."""
    keys = [10 * number + i for i in range(n_firms)]
    rows = pd.DataFrame({"firm_key": keys, "firm_id": [f"f{key}" for key in keys]})
    return Batch(
        rows, rows[["firm_id"]].assign(penalties=0.5), rows[["firm_key"]].assign(refit_0=1.0)
    )


def batches(first: int, until: int, killed: bool = False) -> Iterator[Batch]:
    """Some batches, after which the machine may go down."""
    yield from map(batch, range(first, until))
    if killed:
        raise KilledError


def broken_off(out: Path, of: str | None = OF) -> None:
    """Score three batches of four."""
    with pytest.raises(KilledError), workplace(out) as place:
        Scored.at(place, of).add(batches(0, 3, killed=True))


def ids(scored: Scored) -> list[str]:
    """All firms scored."""
    with duckdb.connect() as con:
        scored.show(con)
        return [row[0] for row in con.execute("SELECT firm_id FROM scored ORDER BY 1").fetchall()]


def part(out: Path, number: int, of: str = OF) -> Path:
    """Where a batch is kept."""
    return out.with_name("ranked.csv.scoring") / of / f"part-{number:05d}"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the ranking will be."""
    return tmp_path / "ranked.csv"


def test_finished_batches_are_taken_up_and_gone_when_all_is_written(out: Path) -> None:
    broken_off(out)
    with workplace(out) as place:
        scored = Scored.at(place, OF)
        assert (scored.n_kept, scored.n_firms, scored.next_key) == (3, 6, 22)
        scored.add(batches(3, 4))
        assert ids(scored) == ["f0", "f1", "f10", "f11", "f20", "f21", "f30", "f31"]
    assert list(out.parent.iterdir()) == []


def test_what_was_scored_from_something_else_is_not_used(out: Path) -> None:
    broken_off(out)
    with workplace(out) as place:
        scored = Scored.at(place, ANOTHER)
        assert scored.n_kept == 0
        assert [folder.name for folder in place.iterdir()] == [ANOTHER]


def test_a_part_that_cannot_be_read_is_scored_again_with_those_after_it(out: Path) -> None:
    broken_off(out)
    file = part(out, 1) / "refits.parquet"
    file.write_bytes(file.read_bytes()[:100])
    with workplace(out) as place:
        scored = Scored.at(place, OF)
        assert (scored.n_kept, scored.n_firms) == (1, 2)
        scored.add(batches(1, 4))
        assert len(ids(scored)) == 8


def test_a_part_that_was_not_finished_is_none(out: Path) -> None:
    broken_off(out)
    part(out, 2).rename(part(out, 2).with_name("unfinished-part-00002"))
    with workplace(out) as place:
        scored = Scored.at(place, OF)
        scored.add(batches(2, 3))
        assert (scored.n_kept, len(ids(scored))) == (2, 6)


def test_a_registry_scored_in_one_go_keeps_nothing(out: Path) -> None:
    broken_off(out, None)
    assert list(out.parent.iterdir()) == []


def test_no_batch_at_all_is_refused(out: Path) -> None:
    with workplace(out) as place, pytest.raises(UserError, match="no firm is known"):
        ids(Scored.at(place, None))


def test_a_folder_of_somebody_else_is_left_alone(out: Path) -> None:
    theirs = out.with_name("ranked.csv.scoring") / "notes"
    theirs.mkdir(parents=True)
    with pytest.raises(UserError, match="holds something else"), workplace(out):
        pass
    assert theirs.is_dir()


def test_two_runs_are_not_at_work_on_one_file(out: Path) -> None:
    with workplace(out) as place:
        Scored.at(place, OF).add(batches(0, 1))
        with pytest.raises(UserError, match="is being written by another run"), workplace(out):
            pass
        with workplace(out.with_name("another.csv")):
            pass
        assert len(ids(Scored.at(place, OF))) == 2
    assert list(out.parent.iterdir()) == []


def test_a_run_that_was_killed_leaves_neither_lock_nor_half_a_ranking(out: Path) -> None:
    broken_off(out)
    out.with_name(".ranked.csv.scoring.lock").touch()
    written = out.with_name("ranked.csv.scoring") / f"{WORKING}half" / "ranked.csv"
    written.parent.mkdir()
    written.touch()
    with workplace(out) as place:
        assert not written.parent.exists()
        Scored.at(place, OF).add(batches(0, 1))
    assert list(out.parent.iterdir()) == []


def test_the_fingerprint_is_of_every_fact() -> None:
    assert fingerprint("one run") == OF != ANOTHER
    assert fingerprint({"firms": "1-a"}, 2) != fingerprint({"firms": "1-a"}, 3)
