"""The public records of a round as canonical JSON: one content, one text, one hash."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from risk_index.draw.errors import DrawError

Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Stamp = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Model = TypeVar("Model", bound="Record")
STAMP = "%Y-%m-%dT%H:%M:%SZ"


class Record(BaseModel):
    """A record that is published or shown as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def canonical(self) -> bytes:
        """Return the JSON with sorted keys, without spaces, in UTF-8, without a final line break."""
        fields = self.model_dump(mode="json")
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode()

    def sha256(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hex."""
        return hashlib.sha256(self.canonical()).hexdigest()


def read_record(path: Path, kind: type[Model]) -> Model:
    """Read a record.

    Raises
    ------
    DrawError
        Where the file is missing, no such record, or not in canonical form.
    """
    if not path.is_file():
        raise DrawError(f"{path} does not exist.")
    data = path.read_bytes().removesuffix(b"\n")
    try:
        record = kind.model_validate_json(data)
        canonical = record.canonical() == data
    except (ValidationError, UnicodeError) as error:
        raise DrawError(f"{path} is no {kind.__name__.lower()}.json: {_first(error)}") from None
    if not canonical:
        raise DrawError(
            f"{path} is not in canonical form (sorted keys, no spaces, each key once): its hash would "
            "differ from the published one. Take the file as it was published."
        )
    return record


def _first(error: ValidationError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    found = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, found['loc'])) or 'file'}: {found['msg']}"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; on return it is on the disk, whatever happens to the power."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with scratch.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
        _keep_entry(path.parent)
    finally:
        scratch.unlink(missing_ok=True)


def _keep_entry(folder: Path) -> None:
    """Bring a folder's list of names to the disk."""
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def stamp(moment: dt.datetime) -> str:
    """Return a moment in UTC to the second, such as ``2026-07-01T09:00:00Z``."""
    return moment.astimezone(dt.UTC).strftime(STAMP)


def moment(text: str, what: str) -> dt.datetime:
    """Read such a moment.

    Raises
    ------
    DrawError
        Naming `what` was to be read.
    """
    try:
        return dt.datetime.strptime(text, STAMP).replace(tzinfo=dt.UTC)
    except ValueError:
        raise DrawError(
            f"{what} is {text!r}; it is written in UTC to the second, such as 2026-07-01T09:00:00Z."
        ) from None


def now() -> dt.datetime:
    """Return the present moment in UTC."""
    return dt.datetime.now(dt.UTC)
