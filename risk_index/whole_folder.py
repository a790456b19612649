"""A folder of results that is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from risk_index.errors import UserError


@contextmanager
def whole_folder(out: Path, marker: str, kept: tuple[str, ...] = ()) -> Iterator[Path]:
    """Give a folder beside `out` that takes its place only when everything is written.

    What `kept` names moves from the earlier result to the new one. What a run that was killed left
    beside `out` is cleared away.

    Raises
    ------
    UserError
        Where `out` holds something else than an earlier result (a folder with `marker`), or another
        run is writing it.
    """
    out = out.resolve()
    if out.exists() and not (out / marker).exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists and holds something else: name a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = f".{out.name}-unfinished-"
    with alone(out, out):
        for killed in out.parent.iterdir():
            if killed.name.startswith(unfinished):
                shutil.rmtree(killed, ignore_errors=True)
        yield from _taking_its_place(out, unfinished, kept)


def _taking_its_place(out: Path, unfinished: str, kept: tuple[str, ...]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=unfinished, dir=out.parent) as name:
        fresh = Path(name) / "fresh"
        fresh.mkdir()
        yield fresh
        if out.exists():
            old = out.rename(Path(name) / "old")
            for part in kept:
                if (old / part).exists():
                    (old / part).rename(fresh / part)
        fresh.rename(out)


@contextmanager
def alone(place: Path, out: Path) -> Iterator[None]:
    """Keep other runs from writing `out` meanwhile, by a lock beside `place`.

    Raises
    ------
    UserError
        Where another run holds the lock.
    """
    lock = FileLock(place.with_name(f".{place.name}.lock"))
    try:
        held = lock.acquire(blocking=False)
    except Timeout as error:
        raise UserError(f"{out} is being written by another run: wait until it ends") from error
    with held:
        try:
            yield
        finally:
            with suppress(PermissionError):  # Windows removes it when it is let go
                Path(lock.lock_file).unlink()
