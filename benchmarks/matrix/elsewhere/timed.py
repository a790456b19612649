"""What a rival in an environment of its own needs beside its libraries: nothing of this project.

`PYTHON SCRIPT.py TASK.json [--sample FILE --every N] [--address ADDRESS]` prints the figures as JSON, as
`benchmarks.matrix.contender` does. The scripts beside this file import it as their neighbour.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any


def peak_mb() -> float:
    """Return the largest resident memory of this process; Linux keeps it by program."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def run(
    opened: Callable[[dict[str, Any]], Any],
    computed: Callable[[Any, dict[str, Any]], Any],
    sampled: Callable[[Any, dict[str, Any], int, str], int],
    *libraries: str,
) -> None:
    """Time reading and the matrix; `sampled` writes every nth row to a file if asked, and counts the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("--sample", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--address", default="")
    given = parser.parse_args()
    task = json.loads(given.task.read_text(encoding="utf-8")) | {"address": given.address}
    start = time.perf_counter()
    registry = opened(task)
    ready = time.perf_counter()
    found = computed(registry, task)
    done = time.perf_counter()
    peak = peak_mb()
    rows = sampled(found, task, given.every, given.sample)
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    figures = {"read": ready - start, "matrix": done - ready, "peak_mb": peak, "rows": rows}
    print(json.dumps(figures | {"versions": versions}))
