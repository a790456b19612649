"""A fitted model as plain files: trees as text, numbers as JSON, a hash of each. No pickle."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from models.calibration import Calibrator
from models.likelihood import Likelihood
from models.refits import Refits
from models.severity import Scale, Severity
from models.trees import Trees, TreeSettings

FORMAT = 1
MANIFEST = "manifest.json"
MODEL = "model.json"
LIKELIHOOD = "likelihood.txt"
SEVERITY = "severity.txt"
REFITS = "refits.json"
REFITTED = ("likelihood", "severity")
NEEDED, OPTIONAL = {MODEL, LIKELIHOOD}, {SEVERITY, REFITS}


class ModelFileError(ValueError):
    """A saved model is missing, incomplete, altered, or of another format."""


@dataclass(frozen=True, eq=False)
class FittedModel:
    """Likelihood and severity with what must travel with them.

    Parameters
    ----------
    likelihood : Likelihood
    severity : Severity
    meta : dict
        Anything JSON can hold. It is part of `version`, so no clock time belongs in it.
    refits : Refits
        Both models grown again on resampled controllers; none by default.
    """

    likelihood: Likelihood
    severity: Severity
    meta: dict[str, Any] = field(default_factory=dict)
    refits: Refits = field(default_factory=Refits)

    @cached_property
    def version(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of the manifest."""
        return hashlib.sha256(self.files()[MANIFEST]).hexdigest()[:12]

    def files(self) -> dict[str, bytes]:
        """Return the files' contents by name; the manifest lists the SHA-256 of the others."""
        severity = self.severity.trees
        files = {MODEL: _json(_described(self)), LIKELIHOOD: self.likelihood.trees.text.encode()}
        if severity is not None:
            files[SEVERITY] = severity.text.encode()
        if len(self.refits):
            files[REFITS] = _json(_texts(self.refits))
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        return {**files, MANIFEST: _json({"format": FORMAT, "sha256": hashes})}

    def save(self, folder: Path | str) -> None:
        """Write the model as a folder, whole or not at all, in place of a model saved there.

        Raises
        ------
        ModelFileError
            If the folder holds anything but a saved model.
        """
        target = Path(folder)
        _refuse_other_content(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            fresh, old = beside / "new", beside / "old"
            fresh.mkdir()
            for name, content in self.files().items():
                (fresh / name).write_bytes(content)
            if target.exists():
                target.rename(old)
            fresh.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    @classmethod
    def load(cls, folder: Path | str, num_threads: int = 2) -> FittedModel:
        """Read a saved model, having checked every file against its SHA-256.

        Raises
        ------
        ModelFileError
            Naming the file, and the hash expected and found.
        """
        files = _checked(Path(folder))
        saved = json.loads(files[MODEL])
        settings = replace(TreeSettings(**saved["settings"]), num_threads=num_threads)
        return cls(
            likelihood=_likelihood(saved["likelihood"], files[LIKELIHOOD], settings),
            severity=_severity(saved["severity"], files.get(SEVERITY), settings),
            meta=saved["meta"],
            refits=_refits(files.get(REFITS)),
        )


def _json(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=False)
    return text.encode() + b"\n"


def _described(model: FittedModel) -> dict[str, Any]:
    likelihood, severity = model.likelihood, model.severity
    return {
        "settings": likelihood.settings.saved(),
        "likelihood": {
            "directions": dict(likelihood.directions),
            "calibrator": likelihood.calibrator.saved(),
            "rounds": likelihood.rounds,
            "notes": list(likelihood.notes),
        },
        "severity": {
            "directions": dict(severity.directions),
            "form": severity.form,
            "scale": asdict(severity.scale),
            "rounds": severity.rounds,
            "notes": list(severity.notes),
            "comparison": severity.comparison.to_dict("records"),
        },
        "meta": model.meta,
    }


def _likelihood(saved: dict[str, Any], text: bytes, settings: TreeSettings) -> Likelihood:
    return Likelihood(
        trees=Trees(text.decode()),
        directions=saved["directions"],
        calibrator=Calibrator.restored(saved["calibrator"]),
        rounds=saved["rounds"],
        settings=settings,
        notes=tuple(saved["notes"]),
    )


def _severity(saved: dict[str, Any], text: bytes | None, settings: TreeSettings) -> Severity:
    scale = saved["scale"]
    return Severity(
        trees=None if text is None else Trees(text.decode()),
        directions=saved["directions"],
        form=saved["form"],
        scale=Scale(**{**scale, "band": tuple(scale["band"])}),
        rounds=saved["rounds"],
        settings=settings,
        notes=tuple(saved["notes"]),
        comparison=pd.DataFrame(saved["comparison"]),
    )


def _texts(refits: Refits) -> dict[str, list[str]]:
    return {part: [trees.text for trees in getattr(refits, part)] for part in REFITTED}


def _refits(content: bytes | None) -> Refits:
    if content is None:
        return Refits()
    saved = json.loads(content)
    return Refits(*(tuple(Trees(text) for text in saved[part]) for part in REFITTED))


def _refuse_other_content(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise ModelFileError(f"{target} is a file: name a folder for the model")
    names = {path.name for path in target.iterdir()} if target.exists() else set()
    other = sorted(names - NEEDED - OPTIONAL - {MANIFEST})
    if other:
        raise ModelFileError(
            f"{target} holds {len(other)} files that are not of a saved model, first: {other[:3]}. "
            f"Name a folder of its own for the model."
        )


def _checked(folder: Path) -> dict[str, bytes]:
    if not (folder / MANIFEST).is_file():
        raise ModelFileError(f"{folder} holds no saved model: {MANIFEST} is missing")
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        version, hashes = manifest["format"], dict(manifest["sha256"])
    except (ValueError, KeyError, TypeError) as wrong:
        raise ModelFileError(f"{folder / MANIFEST} cannot be read: {wrong}") from wrong
    if version != FORMAT:
        raise ModelFileError(f"{folder} has model format {version}, this version reads {FORMAT}")
    if not NEEDED <= set(hashes) <= NEEDED | OPTIONAL:
        raise ModelFileError(f"{folder / MANIFEST} lists {sorted(hashes)}: not a model's files")
    return {name: _checked_file(folder / name, expected) for name, expected in hashes.items()}


def _checked_file(path: Path, expected: str) -> bytes:
    if not path.is_file():
        raise ModelFileError(f"{path} is missing: expected SHA-256 {expected}, found no file")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelFileError(
            f"{path} was altered: expected SHA-256 {expected}, found {found}. "
            f"Copy the model again from where it was fitted, or fit again."
        )
    return content
