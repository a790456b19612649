"""The registry of models: versions of `risk-index`, of which one is champion and one challenger.

A version becomes champion by one write, the last: whoever asks sees the old champion or the new one.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.tracking.registry import UnsupportedModelRegistryStoreURIException

from features.addresses import is_address
from models.fitted import FittedModel
from risk_index.errors import UserError
from risk_index.tracking.packed import packed, unpacked
from risk_index.tracking.places import said, shown
from risk_index.tracking.runs import FAILURES, SQLITE, STORE, client_of

NAME = "risk-index"
CHAMPION, CHALLENGER = "champion", "challenger"
REPLACES, MODEL_VERSION, AS_OF = "replaces", "model_version", "as_of"
SERVED = "served"
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of a model or an alias that is not there."""

Asked = TypeVar("Asked", bound=Callable[..., Any])


class RegistryError(UserError):
    """The registry does not answer, or does not hold what was asked for."""


@dataclass(frozen=True)
class Registered:
    """A version in the registry.

    Attributes
    ----------
    number : int
        Given by the registry, 1 the first.
    model_version : str
        Of the fitted model itself, by its content.
    as_of : str
        Day of its fit.
    replaces : int or None
        Version that was champion before it, where it became champion.
    aliases : tuple of str
    """

    number: int
    model_version: str
    as_of: str
    replaces: int | None
    aliases: tuple[str, ...]


def answered(asks: Asked) -> Asked:
    """Turn what a failing store raises into a message that says what to do."""

    @functools.wraps(asks)
    def ask(self: Registry, *args: Any, **kwargs: Any) -> Any:
        try:
            return asks(self, *args, **kwargs)
        except FAILURES as error:
            first = said(error, self.place)
            absent = getattr(error, "error_code", "") in ABSENT
            if absent and not isinstance(error, UnsupportedModelRegistryStoreURIException):
                raise RegistryError(
                    f"the registry at {self.shown} has no such version: {first}. "
                    "`risk-index model show` lists them."
                ) from error
            raise RegistryError(
                f"the registry at {self.shown} does not answer: {first}. Nothing was changed there; "
                "try again, or name another with --registry."
            ) from error

    return cast(Asked, ask)


@dataclass(frozen=True)
class Registry:
    """Where models are registered.

    Parameters
    ----------
    place : str
        A folder, which then holds a SQLite store and the files beside it, or any address of MLflow.
    """

    place: str

    @property
    def address(self) -> str:
        """The tracking address."""
        if "://" in self.place:
            return self.place
        return f"{SQLITE}{Path(self.place).resolve() / STORE}"

    def __post_init__(self) -> None:
        if is_address(self.place) and "://" not in self.place:
            raise RegistryError(
                f"the registry is a folder or an address of MLflow, not {self.shown}: write "
                "postgresql://... for a database that MLflow keeps"
            )

    @property
    def shown(self) -> str:
        """The place as people may read it, without a password."""
        return shown(self.place)

    @property
    def exists(self) -> bool:
        """Whether there is a store; that of a server is taken to be there."""
        if not self.address.startswith(SQLITE):
            return True
        return Path(self.address.removeprefix(SQLITE)).is_file()

    @property
    def folder(self) -> Path | None:
        """The folder, where it is one."""
        return None if "://" in self.place else Path(self.place)

    @answered
    def add(self, run: Path, run_id: str) -> Registered:
        """Register the fit in a folder, whose run is in the same store, as the challenger."""
        client = self._client
        model = FittedModel.load(run / "model")
        with packed(run) as folder:
            client.log_artifacts(run_id, str(folder), SERVED)
        _ensure_named(client)
        tags = {MODEL_VERSION: model.version, AS_OF: str(model.meta["as_of"])}
        made = client.create_model_version(NAME, f"runs:/{run_id}/{SERVED}", run_id, tags=tags)
        client.set_registered_model_alias(NAME, CHALLENGER, made.version)
        return self._of(client.get_model_version(NAME, made.version))

    @answered
    def attach(self, run_id: str, files: list[Path]) -> None:
        """Add files to a run."""
        for path in files:
            self._client.log_artifact(run_id, str(path))

    @answered
    def holder(self, alias: str) -> Registered | None:
        """Return the version that has an alias; None where none has. Nothing is made by asking."""
        if not self.exists:
            return None
        found = _by_alias(self._client, alias)
        return None if found is None else self._of(found)

    @answered
    def versions(self) -> list[Registered]:
        """Return every version, the newest first; none where there is no store."""
        if not self.exists:
            return []
        found = self._client.search_model_versions(f"name='{NAME}'", max_results=1000)
        whole = [self._client.get_model_version(NAME, one.version) for one in found]
        return sorted((self._of(one) for one in whole), key=lambda one: -one.number)

    @contextmanager
    def opened(self, number: int) -> Iterator[Path]:
        """Give the folder of a registered fit, downloaded and looked through.

        Raises
        ------
        RegistryError
            Where it cannot be had.
        ForeignModelError
            Where it holds what no fit writes.
        """
        with tempfile.TemporaryDirectory(prefix="risk-index-") as name:
            yield unpacked(self._downloaded(number, Path(name)))

    def demand(self) -> None:
        """Refuse a place where no registry is, before anything is made there.

        Raises
        ------
        RegistryError
            Saying what makes one.
        """
        if not self.exists:
            raise RegistryError(
                f"there is no registry in {self.shown}: name the one that is meant. "
                "`risk-index retrain --first` or `risk-index model send` makes a new one."
            )

    def verify(self, number: int) -> None:
        """Download a version and read its model, each file checked against its hash.

        Raises
        ------
        RegistryError, ModelFileError, ForeignModelError
            Where the version does not exist or cannot be loaded.
        """
        with self.opened(number) as fit:
            FittedModel.load(fit / "model")

    def before_champion(self) -> int:
        """Return the version that was champion before this one.

        Raises
        ------
        RegistryError
            Where there is no champion, or none before it.
        """
        now = self.holder(CHAMPION)
        if now is None or now.replaces is None:
            raise RegistryError(
                f"the registry at {self.shown} knows no champion before "
                f"{'any' if now is None else f'version {now.number}'}: there is nothing to go back to. "
                "`risk-index model show` lists the versions; `model promote` takes any of them."
            )
        return now.replaces

    @answered
    def promote(self, number: int) -> Registered:
        """Make a version champion, and note which one it replaces; `verify` it first."""
        client = self._client
        before = _by_alias(client, CHAMPION)
        if before is not None and int(before.version) != number:
            client.set_model_version_tag(NAME, str(number), REPLACES, before.version)
        return self.crown(number)

    @answered
    def crown(self, number: int) -> Registered:
        """Set the alias: the one write by which the champion changes."""
        self._client.set_registered_model_alias(NAME, CHAMPION, str(number))
        return self._of(self._client.get_model_version(NAME, str(number)))

    @answered
    def _downloaded(self, number: int, to: Path) -> Path:
        self.demand()
        source = self._client.get_model_version(NAME, str(number)).source
        return Path(
            download_artifacts(artifact_uri=source, dst_path=str(to), tracking_uri=self.address)
        )

    @property
    def _client(self) -> MlflowClient:
        return client_of(self.address)

    @staticmethod
    def _of(found: ModelVersion) -> Registered:
        before = found.tags.get(REPLACES)
        return Registered(
            number=int(found.version),
            model_version=found.tags.get(MODEL_VERSION, ""),
            as_of=found.tags.get(AS_OF, ""),
            replaces=int(before) if before else None,
            aliases=tuple(sorted(found.aliases)),
        )


def _ensure_named(client: MlflowClient) -> None:
    try:
        client.get_registered_model(NAME)
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise
        client.create_registered_model(NAME)


def _by_alias(client: MlflowClient, alias: str) -> ModelVersion | None:
    try:
        return client.get_model_version_by_alias(NAME, alias)
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise
        return None
