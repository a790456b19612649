"""A folder of results that is there whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from risk_index.errors import UserError


@contextmanager
def whole_folder(out: Path, marker: str, kept: tuple[str, ...] = ()) -> Iterator[Path]:
    """Give a folder beside `out` that takes its place only when everything is written.

    What `kept` names moves from the earlier result to the new one.

    Raises
    ------
    UserError
        Where `out` holds something else than an earlier result (a folder with `marker`).
    """
    out = out.resolve()
    if out.exists() and not (out / marker).exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists and holds something else: name a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        fresh = Path(name) / "fresh"
        fresh.mkdir()
        yield fresh
        if out.exists():
            old = out.rename(Path(name) / "old")
            for part in kept:
                if (old / part).exists():
                    (old / part).rename(fresh / part)
        fresh.rename(out)
