"""Results as Markdown, one file a measurement, in `benchmarks/results`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.machine import described

RESULTS = Path(__file__).parent / "results"
Section = tuple[str, pd.DataFrame]


def write_result(name: str, title: str, command: str, sections: list[Section]) -> Path:
    """Write tables under their sentences, headed by command, machine, versions and date."""
    parts = [f"# {title}\n\n* command: `{command}`\n{described()}\n"]
    parts += [f"{sentence}\n\n{as_table(frame)}\n" for sentence, frame in sections]
    path = RESULTS / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def as_table(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table; its cells are texts or numbers already rounded."""
    lines = [list(frame.columns), ["---"] * len(frame.columns), *frame.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)
