"""A person's rows beside the models: in the proof, the reference and the input examples of each.

They have no key; their traces identify them (`trainer.privacy.row_fingerprints`). The search covers every model in the
training's experiment in MLflow, also one whose training died before it was registered. Erasure writes the file again
without the rows, under its own name: a proof with one input less still proves, and a reference of thousands of rows
measures the same. What a model has learnt from the person stays until a model trained without them replaces it;
`versions_from` lists the versions concerned.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import LoggedModel

from core.errors import ModelError, NotFound
from core.models.registry import PROOF, REFERENCE, ModelRegistry, reachable
from core.models.signature import SIGNATURE, Signer, digest
from core.privacy.place import Subject
from trainer.privacy.row_fingerprints import RowFingerprints

log = logging.getLogger(__name__)

EXTRA = "extra_files"
EXAMPLE, SENT = "input_example.json", "serving_input_example.json"
DATASET_TAG = "dataset_tag"
WAITING = "waiting"


@dataclass(frozen=True)
class _File:
    """A file beside a model, without the subject's rows: `path` here, `inside` the model, its digest `before`."""

    model_id: str
    inside: str
    path: Path
    before: str
    lost: int


@dataclass(frozen=True)
class ModelRows:
    """MLflow as a place; `experiment` is the one with the trainings."""

    models: ModelRegistry
    experiment: str
    traces: RowFingerprints
    signer: Signer
    name: str = "model rows"

    def count(self, subject: Subject) -> int:
        """How many of the subject's rows are beside models; 0 while the subject has no traces."""
        return sum(file.lost for file in self._files(subject))

    def erase(self, subject: Subject) -> None:
        """Write every file with the subject's rows again, without them."""
        for file in self._files(subject):
            if file.lost:
                # Both contents are signed while one takes the place of the other: a process that is killed meanwhile
                # leaves a version that can be opened.
                after = digest(file.path)
                self._sign(file, [file.before, after])
                with reachable(f"model {file.model_id}"):
                    folder = EXTRA if file.path.name in (PROOF, REFERENCE) else None
                    self.models.client.log_model_artifact(file.model_id, str(file.path), folder)
                self._sign(file, [after])

    def _sign(self, file: _File, instead: list[str]) -> None:
        """Sign the versions of a model again, with the digests of `file` replaced by `instead`.

        A file that was not the signed one stays without a signature, and the version stays refused.
        """
        for version in self.models.versions():
            if version.model_id != file.model_id or SIGNATURE not in version.tags:
                continue
            try:
                signed = self.models.signed(version)
            except ModelError as error:
                log.warning("Version %s is not signed again: %s", version.version, error)
                continue
            if file.before in signed.get(file.inside, ()):
                tag = self.signer.tag(version.name, version.run_id, {**signed, file.inside: instead})
                self.models.tag(version.version, SIGNATURE, tag)

    def _files(self, subject: Subject) -> Iterator[_File]:
        """Each file without the subject's rows, on this machine until the next one, and how many rows it lost."""
        if not subject.traces:
            return
        for model in self._models():
            with tempfile.TemporaryDirectory(prefix="callwise-erasure-") as folder:
                for inside in sorted(self._artifacts(model) & set(FILES)):
                    address = f"{model.artifact_location}/{inside}"
                    with reachable(inside):
                        path = Path(mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=folder))
                    before = digest(path)
                    lost = FILES[inside](path, self.traces, subject.traces)
                    yield _File(model.model_id, inside, path, before, lost)

    def _artifacts(self, model: LoggedModel) -> set[str]:
        with reachable(f"model {model.model_id}"):
            artifacts = [
                *self.models.client.list_logged_model_artifacts(model.model_id),
                *self.models.client.list_logged_model_artifacts(model.model_id, EXTRA),
            ]
        return {artifact.path for artifact in artifacts}

    def _models(self) -> Iterator[LoggedModel]:
        with reachable(self.experiment):
            experiment = self.models.client.get_experiment_by_name(self.experiment)
            token: str | None = None
            while experiment is not None:
                page = self.models.client.search_logged_models([experiment.experiment_id], page_token=token)
                yield from page
                token = page.token
                if not token:
                    return


def versions_from(models: ModelRegistry, datasets: Collection[str], waiting: str | None = None) -> list[dict[str, str]]:
    """The versions made from one of `datasets`, the newest first: `version`, `role` and `dataset`.

    `role` is the version's alias, `waiting` for a refresh that the next list uses, or `retired`. Raises Unavailable.
    """
    try:
        roles = {version: alias for alias, version in models.aliases().items()}
    except NotFound:  # no model was ever registered
        return []
    if waiting is not None:
        roles.setdefault(waiting, WAITING)
    return [
        {"version": v.version, "role": roles.get(v.version, "retired"), "dataset": v.tags[DATASET_TAG]}
        for v in models.versions()
        if v.tags.get(DATASET_TAG) in datasets
    ]


def _clear_proof(path: Path, traces: RowFingerprints, known: frozenset[str]) -> int:
    content = json.loads(path.read_text(encoding="utf-8"))
    pairs = zip(content["inputs"], content["scores"], strict=True)
    kept = [(row, score) for row, score in pairs if not traces.is_made_from(row, known)]
    cleared = {"inputs": [row for row, _ in kept], "scores": [score for _, score in kept]}
    path.write_text(json.dumps(cleared), encoding="utf-8")
    return len(content["inputs"]) - len(kept)


def _clear_reference(path: Path, traces: RowFingerprints, known: frozenset[str]) -> int:
    frame = pd.read_parquet(path)
    rows = [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False, name=None)]
    theirs = np.array([traces.is_row(row, known) for row in rows], dtype=bool)
    frame[~theirs].reset_index(drop=True).to_parquet(path, index=False)
    return int(theirs.sum())


def _clear_example(path: Path, traces: RowFingerprints, known: frozenset[str]) -> int:
    content = json.loads(path.read_text(encoding="utf-8"))
    table = content.get("dataframe_split", content)
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    kept = [place for place, row in enumerate(rows) if not traces.is_row(row, known)]
    table["data"] = [table["data"][place] for place in kept]
    if "index" in table:
        table["index"] = list(range(len(kept)))
    path.write_text(json.dumps(content), encoding="utf-8")
    return len(rows) - len(kept)


FILES: dict[str, Callable[[Path, RowFingerprints, frozenset[str]], int]] = {
    f"{EXTRA}/{PROOF}": _clear_proof,
    f"{EXTRA}/{REFERENCE}": _clear_reference,
    EXAMPLE: _clear_example,
    SENT: _clear_example,
}
"""The files with rows beside a model, each with the function that removes a person's rows and counts them."""
