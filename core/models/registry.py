"""The MLflow model registry: the part that training, serving, monitoring and set-up share.

A registered model carries `proof.json` (inputs with the scores they must give) and `reference.parquet` (the data it was
trained on, with its own scores). Models are stored in skops' format, which holds no code. MLflow would read the list of
trusted types from the model's own file, so a model could approve itself; this module has one reviewed list for all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import pandas as pd
import requests
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion as MlflowVersion
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from core.errors import ModelError, NotFound, Unavailable
from core.models import signature
from core.models.proof import Model, Proof
from core.models.signature import Verifier
from core.settings.addresses import RegistrySettings

PROOF, REFERENCE = "proof.json", "reference.parquet"
SCORE = "score"
LOGGED_MODEL = "models:/"
"""What the source of a version is, before the id of the logged model that it names."""

# MLflow reads these from the environment only. Its default of seven retries blocks a caller for four minutes.
MLFLOW_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

# Types that skops does not trust by default. We read the source of each: none runs code that the file chooses.
# Functions are listed only where scikit-learn stores a reference to its own; `numpy.clip`, the one function among our
# candidates' steps, can only limit numbers.
TRUSTED_TYPES = (
    "numpy.clip",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


@dataclass(frozen=True)
class ModelVersion:
    """One registered version. `tags` hold its lineage; `version` counts from "1"; `model_id` names its files."""

    name: str
    version: str
    run_id: str
    tags: Mapping[str, str]
    model_id: str = ""


class Loaded(NamedTuple):
    """A proven model, its proof, and its reference: empty where the version has none, as only reasons depend on it."""

    model: Model
    proof: Proof
    reference: pd.DataFrame


class ModelRegistry:
    """The registered model in MLflow. Sets `mlflow_tracking_uri` for the process: MLflow resolves URIs by it."""

    def __init__(self, settings: RegistrySettings) -> None:
        self.name = settings.callwise_model_name
        self._verifying_key = settings.callwise_verifying_key
        for variable, value in MLFLOW_DEFAULTS.items():
            os.environ.setdefault(variable, value)
        mlflow.set_tracking_uri(settings.mlflow_tracking_uri)
        self.client = MlflowClient(settings.mlflow_tracking_uri)

    def ensure(self) -> None:
        """Create the registered model if it is missing; safe to repeat."""
        with reachable("the registered model"):
            try:
                self.client.create_registered_model(self.name)
            except MlflowException as error:
                if error.error_code != codes.ErrorCode.Name(codes.RESOURCE_ALREADY_EXISTS):
                    raise

    def version_by_alias(self, alias: str) -> ModelVersion | None:
        """The version under `alias` (champion, canary, previous), or None. Raises Unavailable."""
        try:
            with reachable(f"alias '{alias}'"):
                return _version(self.client.get_model_version_by_alias(self.name, alias))
        except NotFound:
            return None

    def version(self, number: str) -> ModelVersion:
        """Version `number`. Raises NotFound, Unavailable."""
        with reachable(f"{self.name} version {number}"):
            return _version(self.client.get_model_version(self.name, number))

    def versions(self) -> list[ModelVersion]:
        """All versions, the newest first. Raises Unavailable."""
        with reachable(self.name):
            versions: list[MlflowVersion] = []
            token: str | None = None
            while True:
                page = self.client.search_model_versions(f"name='{self.name}'", max_results=1000, page_token=token)
                versions += page
                token = page.token
                if not token:
                    break
        return sorted(map(_version, versions), key=lambda version: int(version.version), reverse=True)

    def aliases(self) -> dict[str, str]:
        """Each alias with the version it names; none before the first model is registered. Raises Unavailable."""
        try:
            with reachable(self.name):
                aliases = self.client.get_registered_model(self.name).aliases
        except NotFound:
            return {}
        return {alias: str(version) for alias, version in aliases.items()}

    def point(self, alias: str, version: str) -> None:
        """Set `alias` to `version`; safe to repeat. Raises Unavailable."""
        with reachable(f"alias '{alias}'"):
            self.client.set_registered_model_alias(self.name, alias, version)

    def unpoint(self, alias: str) -> None:
        """Remove `alias`; safe to repeat. Raises Unavailable."""
        with reachable(f"alias '{alias}'"):
            self.client.delete_registered_model_alias(self.name, alias)

    def tag(self, version: str, key: str, value: str) -> None:
        """Set a tag of `version`; safe to repeat."""
        with reachable(f"{self.name} version {version}"):
            self.client.set_model_version_tag(self.name, version, key, value)

    def load(self, version: ModelVersion) -> Loaded:
        """Download a version and check its signature and proof.

        Raises ModelError (signature, proof, type or format) before anything is opened that the trainer did not sign;
        Unavailable.
        """
        signed = self.signed(version)
        with self._downloaded(version) as folder:
            signature.check(signed, folder, _named(version))
            return read_model(folder, _named(version))

    def reference(self, version: ModelVersion) -> pd.DataFrame:
        """The newest rows (up to 5,000) of training: features, `outcome` (0 or 1), the version's own `score`.

        Drift compares with these. Raises ModelError where the trainer did not sign them, NotFound, Unavailable.
        """
        signed, inside = self.signed(version), f"extra_files/{REFERENCE}"
        with self._downloaded(version, inside) as path:
            signature.check_file(signed, inside, signature.digest(path), _named(version))
            return pd.read_parquet(path)

    def skip_to(self, number: int, experiment: str) -> None:
        """Let the next version have a number above `number`; safe to repeat. Raises NotFound, Unavailable.

        MLflow counts versions that were deleted, so some are made and deleted. Each names a run in `experiment`, as
        MLflow asks for; the run is deleted too.
        """
        with reachable(f"the experiment {experiment}"):
            found = self.client.get_experiment_by_name(experiment)
            if found is None:
                raise NotFound(f"The model registry does not have the experiment {experiment}.")
            run = self.client.create_run(found.experiment_id)
            try:
                made = max((int(version.version) for version in self.versions()), default=0)
                while made < number:
                    source = f"{run.info.artifact_uri}/none"
                    version = self.client.create_model_version(self.name, source, run.info.run_id)
                    made = int(version.version)
                    self.client.delete_model_version(self.name, version.version)
            finally:
                self.client.delete_run(run.info.run_id)

    def signed(self, version: ModelVersion) -> dict[str, list[str]]:
        """The files of `version` with their digests, as the trainer signed them. Raises ModelError if it did not."""
        return Verifier(self._verifying_key).files(version.name, version.version, version.run_id, version.tags)

    @contextmanager
    def files(self, version: ModelVersion) -> Iterator[Path]:
        """The files of `version`, unverified, in a folder that is deleted afterwards. Raises NotFound, Unavailable."""
        with self._downloaded(version) as folder:
            yield folder

    def remove_files(self, version: ModelVersion) -> None:
        """Remove the files of `version`; its entry stays. Safe to repeat. Raises NotFound, Unavailable."""
        with reachable(_named(version)):
            source = self.client.get_model_version(version.name, version.version).source
            model = self.client.get_logged_model(source.removeprefix(LOGGED_MODEL))
            _remove(model.artifact_location, _named(version))

    def remove_pages(self, run: str) -> None:
        """Remove the artifacts of `run`, as the gates' pages; its figures stay. Safe to repeat. Raises Unavailable.

        A run that somebody deleted has none.
        """
        with suppress(NotFound), reachable(f"run {run}"):
            _remove(self.client.get_run(run).info.artifact_uri, f"run {run}")

    @contextmanager
    def _downloaded(self, version: ModelVersion, inside: str = "") -> Iterator[Path]:
        address = f"models:/{version.name}/{version.version}" + (f"/{inside}" if inside else "")
        with tempfile.TemporaryDirectory(prefix="callwise-model-") as folder:
            with reachable(_named(version)):
                path = mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=folder)
            yield Path(path)


def _remove(address: str, whose: str) -> None:
    try:
        get_artifact_repository(address).delete_artifacts()
    except requests.RequestException as error:  # which this part of MLflow's client does not translate
        raise Unavailable(f"MLflow did not remove the files of {whose}: {error}.") from error


def read_model(folder: Path, named: str) -> Loaded:
    """The model `named`, from its files in `folder`. Raises ModelError (proof, type or format), NotFound."""
    with reachable(f"the files of {named}"):  # an archived version has none
        flavor = mlflow.models.Model.load(str(folder)).flavors.get("sklearn", {})
    if flavor.get("serialization_format") != "skops":
        raise ModelError(f"{named} is not in the skops format.", kept="It was not opened.")
    model = _open(folder / flavor["pickled_model"], named)
    proof = Proof.from_text(folder / "extra_files" / PROOF)
    file = folder / "extra_files" / REFERENCE
    reference = pd.read_parquet(file) if file.is_file() else pd.DataFrame()
    proof.check(model, named)
    return Loaded(model, proof, reference)


def _open(path: Path, named: str) -> Model:
    import skops.io  # noqa: PLC0415 - takes two seconds of a processor, and whoever opens no model needs none of it

    foreign = set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED_TYPES)
    if foreign:
        raise ModelError(
            f"{named} holds types that are not trusted: {', '.join(sorted(foreign))}.",
            kept="It was not opened.",
            next="If training made it, review them and add them to TRUSTED_TYPES.",
        )
    model: Model = skops.io.load(path, trusted=list(TRUSTED_TYPES))
    return model


def _named(version: ModelVersion) -> str:
    return f"{version.name} version {version.version}"


def _version(registered: MlflowVersion) -> ModelVersion:
    return ModelVersion(
        registered.name,
        str(registered.version),
        str(registered.run_id or ""),
        dict(registered.tags),
        str(registered.source or "").removeprefix(LOGGED_MODEL),
    )


@contextmanager
def reachable(what: str) -> Iterator[None]:
    """Translate MLflow's errors: an unknown name is NotFound, everything else Unavailable."""
    missing = {codes.ErrorCode.Name(code) for code in (codes.RESOURCE_DOES_NOT_EXIST, codes.NOT_FOUND)}
    try:
        yield
    except MlflowException as error:
        # MLflow reports an alias that was never set as an invalid parameter.
        if error.error_code in missing or ("alias" in str(error).lower() and "not found" in str(error).lower()):
            raise NotFound(f"The model registry does not have {what}.") from error
        raise Unavailable(f"MLflow did not do what was asked for {what}: {error}.") from error


def log_model_arguments() -> dict[str, Any]:
    """Arguments that make `mlflow.sklearn.log_model` write what `load` accepts."""
    return {"serialization_format": "skops", "skops_trusted_types": list(TRUSTED_TYPES)}
