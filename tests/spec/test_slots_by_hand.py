"""Days earlier, worked out by hand: each group's visits are dealt out to its own days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.real.slots import days_earlier, gain

DAY = np.array([0.0, 10.0, 0.0, 10.0])
HIT = np.array([0.0, 1.0, 0.0, 1.0])
GROUP = np.array([0, 0, 1, 1])
ONE = np.zeros(4, dtype=np.int64)


@pytest.mark.parametrize(
    ("rank", "own", "anywhere"),
    [
        ([1, 2, 1, 2], 10.0, 10.0),  # both violations move from day 10 to day 0
        ([2, 1, 2, 1], 0.0, 0.0),  # as it was
        ([5, 5, 5, 5], 5.0, 5.0),  # equal scores share their days
        ([1, 1, 2, 2], 5.0, 5.0),  # a score that knows the group alone: as good as none here
        ([1, 2, 3, 4], 10.0, 5.0),  # one group first: its clean visit takes a day from the other
    ],
)
def test_each_group_keeps_its_own_days(rank, own, anywhere):
    rank = np.array(rank, dtype=float)
    assert gain(DAY, HIT, rank, GROUP) == pytest.approx(own)
    assert gain(DAY, HIT, rank, ONE) == pytest.approx(anywhere)


def test_a_score_that_knows_the_strict_group_alone_gains_nothing_in_its_own_slots():
    """40 visits of a strict group that finds all, 40 of one that finds none, in turn day by day."""
    day = np.repeat(np.arange(40.0), 2)
    group = np.tile([0, 1], 40)
    hit = (group == 0).astype(float)
    rows = pd.DataFrame(
        {
            "inspected_on": pd.Timestamp("2014-01-01") + pd.to_timedelta(day, unit="D"),
            "inspectors": np.where(group == 0, "strict", "lenient"),
            "violation": hit,
            "controller": np.arange(80),
        }
    )
    row = days_earlier(rows, {"knows the group": hit}).iloc[0]
    assert row["days earlier, own slots"].startswith("+0.00")
    assert row["days earlier, any slot"].startswith("+10.00")
