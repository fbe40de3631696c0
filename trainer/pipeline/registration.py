"""Registration: a validated model goes into the registry, whole or not at all.

The model, its proof and its reference are one artifact. The version that names it comes last, with all its tags. A
process that is killed before that leaves an artifact without a reference.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType
from mlflow.types import Schema as MlflowSchema

from core.errors import ModelError
from core.models.compiled.compilation import compiled
from core.models.compiled.encoding import CannotCompile
from core.models.proof import TOLERANCE, Model, Proof, predict
from core.models.registry import (
    PROOF,
    REFERENCE,
    SCORE,
    ModelRegistry,
    ModelVersion,
    log_model_arguments,
    reachable,
    read_model,
)
from core.models.signature import SIGNATURE, Signer, check_file, digest, digests
from core.schema import Schema
from core.schema.column import OTHER, Column, ColumnType, Value
from core.scoring import protocol
from trainer.data.lineage import Lineage
from trainer.data.snapshot import AT, OUTCOME

NOT_REGISTERED = "It was not registered; the models in service are unchanged."
REFERENCE_ROWS = 5_000
PROOF_ROWS = 128
PASSED = "gates_passed"
ARITHMETIC = "compiled_difference"
"""The tag with the largest difference between the scores of the pipeline and those of its compiled form."""
TRAINED_UNTIL = "trained_until"
REQUIREMENTS = ("mlflow", "numpy", "pandas", "scikit-learn", "skops")
TYPES = {"INT64": DataType.long, "FP64": DataType.double, "BYTES": DataType.string}


def register(
    registry: ModelRegistry,
    model: Model,
    trained_on: pd.DataFrame,
    schema: Schema,
    lineage: Lineage,
    run_id: str,
    more: Mapping[str, str],
    signer: Signer,
) -> ModelVersion:
    """Register `model`, fitted on the rows of `trained_on` (oldest first), with `more` tags and a signature.

    Raises Unavailable, and ModelError where the model's compiled form, or the stored files, do not give its scores.
    """
    registry.ensure()
    proven = Proof.for_model(model, proof_inputs(trained_on, schema))
    arithmetic = f"{difference(model, proven):.3g}"
    with tempfile.TemporaryDirectory(prefix="callwise-register-") as folder, reachable("the new model"):
        proof, reference = Path(folder) / PROOF, Path(folder) / REFERENCE
        proof.write_text(proven.text(), encoding="utf-8")
        reference_of(model, trained_on, schema).to_parquet(reference, index=False)
        with mlflow.start_run(run_id=run_id):
            logged = mlflow.sklearn.log_model(
                model,
                name="model",
                signature=signature(schema),
                input_example=trained_on[schema.feature_names].tail(2),
                # Without them MLflow starts a process to guess.
                pip_requirements=[f"{name}=={installed(name)}" for name in REQUIREMENTS],
                pyfunc_predict_fn="predict_proba",
                extra_files=[str(proof), str(reference)],
                **log_model_arguments(),
            )
        stored = _stored(logged.model_uri, proof, reference)
        tags = {
            SIGNATURE: signer.tag(registry.name, run_id, stored),
            **lineage.tags(),
            **more,
            "run_id": run_id,
            PASSED: "true",
            ARITHMETIC: arithmetic,
        }
        tags[TRAINED_UNTIL] = trained_on[AT].iloc[-1].isoformat()
        made = registry.client.create_model_version(
            registry.name, logged.model_uri, run_id, tags=tags, model_id=logged.model_id
        )
    return registry.version(str(made.version))


def _stored(model_uri: str, proof: Path, reference: Path) -> dict[str, list[str]]:
    """The digests of what the registry has, read back: it opens, is proven by our proof, and lies beside our files.

    Raises ModelError.
    """
    with tempfile.TemporaryDirectory(prefix="callwise-stored-") as folder:
        path = Path(mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=folder))
        files = digests(path)
        for own in (proof, reference):
            check_file(files, f"extra_files/{own.name}", digest(own), "The new model")
        read_model(path, "The new model")
    return files


def difference(model: Model, proof: Proof) -> float:
    """How far the compiled form of `model` is from its `proof`. Raises ModelError past `TOLERANCE`."""
    try:
        apart = compiled(model).difference(proof)
    except CannotCompile as error:
        raise ModelError(f"The model has no compiled form: {error}.", kept=NOT_REGISTERED) from error
    if not apart <= TOLERANCE:
        what = f"The model's compiled form differs from its pipeline by {apart:.3g}; at most {TOLERANCE:g} is allowed."
        raise ModelError(what, kept=NOT_REGISTERED)
    return apart


def signature(schema: Schema) -> ModelSignature:
    """The schema's features as inputs; the output is the probabilities of both classes."""
    inputs = MlflowSchema([ColSpec(TYPES[protocol.datatype(column)], column.name) for column in schema.features])
    return ModelSignature(inputs=inputs, outputs=MlflowSchema([ColSpec(DataType.double)]))


def proof_inputs(frame: pd.DataFrame, schema: Schema) -> list[dict[str, Value]]:
    """Rows spread evenly over `frame`, followed by one for every category of every column, and for its blank."""
    step = max(1, len(frame) // PROOF_ROWS)
    chosen = frame[schema.feature_names].iloc[::step].head(PROOF_ROWS)
    rows: list[dict[str, Value]] = [
        dict(zip(schema.feature_names, row, strict=True))
        for row in chosen.astype(object).where(chosen.notna(), other=None).to_numpy(object).tolist()  # type: ignore[call-overload]
    ]
    unseen = [
        {**rows[place % len(rows)], column.name: category}
        for column in schema.features
        for place, category in enumerate(_possible(column))
    ]
    return rows + unseen


def _possible(column: Column) -> list[Value]:
    """The words that a model must know what to do with; of a number its codes, its ends and its blank."""
    words: list[Value] = [*column.categories, *sorted(column.allowed - set(column.categories))]
    if column.open:
        words.append(OTHER)
    if column.is_category:
        return words
    whole = column.type is ColumnType.INTEGER
    ends = [int(end) if whole else end for end in (column.minimum, column.maximum) if end is not None]
    return [*column.special, *ends, *[None] * column.optional]


def reference_of(model: Model, frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The newest rows of `frame` (at most 5,000) with the model's score; drift is measured against them."""
    newest = frame[[*schema.feature_names, OUTCOME]].tail(REFERENCE_ROWS).reset_index(drop=True)
    return newest.assign(**{SCORE: predict(model, newest)})
