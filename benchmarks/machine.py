"""What a figure needs beside it: machine, versions, date; and how its memory is measured."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("pandas", "numpy", "duckdb", "ibis-framework", "pyarrow", "lightgbm", "scikit-learn")
PROC = Path("/proc")


def peak_mb() -> float:
    """Return the largest resident memory of this process so far.

    Linux keeps it by program (VmHWM); getrusage would carry over the size of the process that started
    this one.
    """
    status = PROC / "self" / "status"
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def in_child(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module in a process of its own and return the JSON of its last line."""
    return of_last_line([sys.executable, "-m", module, *arguments])


def of_last_line(command: Iterable[object]) -> dict[str, Any]:
    """Run a command and return the JSON of its last line."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def described() -> str:
    """Return lines on the machine, the versions and the day."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"* machine: {machine()}\n"
        f"* versions: Python {platform.python_version()}, {versions}\n"
        f"* date: {dt.date.today()}"
    )


def machine() -> str:
    """Return processor, cores, memory and system."""
    return f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GiB, {platform.system()}"


def _processor() -> str:
    listed = PROC / "cpuinfo"
    lines = listed.read_text().splitlines() if listed.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
