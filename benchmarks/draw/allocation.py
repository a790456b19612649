"""One plan of a round with a stopwatch: `python -m benchmarks.draw.allocation FIRMS`."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import click
import numpy as np
import pandas as pd

from benchmarks.draw.frames import STRATA
from benchmarks.machine import peak_mb
from risk_index.allocation import Allocation
from risk_index.frequency import plan_round
from risk_index.strata import Strata


def registry(n: int) -> pd.DataFrame:
    """Return firms with heavy-tailed expected harm in many regions."""
    rng = np.random.default_rng(1)
    likelihood, severity = rng.beta(1, 9, n), rng.lognormal(0, 1.5, n)
    harm = likelihood * severity
    region = pd.Categorical.from_codes(
        rng.integers(0, STRATA, n), [f"{code:06d}" for code in range(STRATA)]
    )
    return pd.DataFrame(
        {
            "sector": "C13",
            "region": region.astype(object),
            "supervised_by": None,
            "likelihood": likelihood,
            "severity": severity,
            "expected_harm": harm,
            "unclipped": 50 + 10 * np.log2(harm / harm.mean()),
            "drawn_this_year": 0,
        }
    )


@click.command()
@click.argument("firms", type=int)
def main(firms: int) -> None:
    """Print the seconds of the plan and the peak memory as JSON."""
    table = registry(firms)
    begun = time.perf_counter()
    plan_round(table, replace(Allocation(), strata=Strata("region")))
    seconds = {"allocation": time.perf_counter() - begun}
    click.echo(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
