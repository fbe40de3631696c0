"""What is registered: models without code in them, proven by their own scores, with their lineage."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import skops.io

from core.errors import ModelError, SchemaError, SettingsError
from core.models.proof import Proof, predict
from core.models.registry import TRUSTED_TYPES, _open
from core.schema import Schema
from core.stores.data_registry import Snapshot, sha256
from tests.made_up_outcomes import made_up
from trainer.data import split
from trainer.data.lineage import Lineage, code_version, lock_sha256
from trainer.data.snapshot import OUTCOME, read_outcomes, write_outcomes
from trainer.fitting import calibrate
from trainer.fitting.candidates import Candidate
from trainer.pipeline.registration import proof_inputs, reference_of, signature

BOOSTING = {"iterations": 20, "learning_rate": 0.1, "leaves": 4, "leaf_rows": 20, "l2": 1.0}
CANDIDATES = [
    Candidate(kind, {"left_out": left_out, **params})
    for kind, params in (("logistic regression", {"c": 0.1}), ("gradient boosting", BOOSTING))
    for left_out in ("nothing", "indicators")
]
NAMED = "scorer version 3"


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: f"{c.kind}-{c.params['left_out']}")
def test_every_kind_of_model_comes_back_the_same_from_trusted_types(
    candidate: Candidate, schema: Schema, tmp_path: Path
) -> None:
    frame = made_up(schema, 1_500)
    cut = split.by_time(frame, OUTCOME, calibration_share=0.2, test_share=0.2)
    model, _ = calibrate.fit(candidate, cut, schema, seed=7)
    proof = Proof.for_model(model, proof_inputs(frame, schema))
    assert len(proof.scores) > 100
    skops.io.dump(model, tmp_path / "model.skops")
    (tmp_path / "proof.json").write_text(proof.text())
    Proof.from_text(tmp_path / "proof.json").check(_open(tmp_path / "model.skops", NAMED), "scorer version 3")

    newer = split.by_time(frame.tail(1_000), OUTCOME, calibration_share=0.2, test_share=0.2)
    other, _ = calibrate.fit(candidate, newer, schema, seed=7)
    with pytest.raises(ModelError, match="scorer version 3 does not reproduce its proof"):
        proof.check(other, "scorer version 3")


def test_a_type_that_is_not_on_the_list_is_not_opened(tmp_path: Path) -> None:
    from sklearn.preprocessing import FunctionTransformer

    skops.io.dump(FunctionTransformer(pd.read_pickle), tmp_path / "model.skops")
    with pytest.raises(ModelError, match=r"pandas.*read_pickle"):
        _open(tmp_path / "model.skops", NAMED)
    assert not [name for name in TRUSTED_TYPES if "partial" in name or "read" in name]


def test_rows_and_frames_get_the_same_scores(schema: Schema) -> None:
    frame = made_up(schema, 1_500)
    cut = split.by_time(frame, OUTCOME, calibration_share=0.2, test_share=0.2)
    model, _ = calibrate.fit(CANDIDATES[2], cut, schema, seed=7)
    rows = proof_inputs(frame, schema)[:20]
    one_by_one = [predict(model, [row])[0] for row in rows]
    assert one_by_one == predict(model, pd.DataFrame(rows)).tolist() == predict(model, rows).tolist()
    with pytest.raises(KeyError, match="age"):
        predict(model, [{key: value for key, value in rows[0].items() if key != "age"}])


def test_the_proof_covers_every_category_and_the_reference_is_the_newest(schema: Schema) -> None:
    frame = made_up(schema, 6_000)
    cut = split.by_time(frame, OUTCOME, calibration_share=0.2, test_share=0.2)
    model, _ = calibrate.fit(CANDIDATES[0], cut, schema, seed=7)
    inputs = proof_inputs(frame, schema)
    for column in schema.features:
        if column.is_category:
            assert {row[column.name] for row in inputs} == set(column.categories)
    assert json.loads(json.dumps(inputs)) == inputs
    reference = reference_of(model, frame, schema)
    assert list(reference) == [*schema.feature_names, "outcome", "score"]
    assert len(reference) == 5_000
    assert reference["age"].tolist() == frame["age"].tail(5_000).tolist()
    assert reference["score"].tolist() == predict(model, frame.tail(5_000)).tolist()


def test_the_signature_is_the_schemas(schema: Schema) -> None:
    inputs = signature(schema).inputs
    assert inputs.input_names() == schema.feature_names
    assert [str(kind) for kind in inputs.input_types()[:2]] == ["DataType.long", "DataType.string"]


def test_the_same_rows_give_the_same_file(schema: Schema, tmp_path: Path) -> None:
    frame = made_up(schema, 500)
    for name in ("one", "two"):
        write_outcomes(frame.copy(), schema, tmp_path / name)
    assert sha256(tmp_path / "one") == sha256(tmp_path / "two")
    frame["age"] = frame["age"].where(frame.index != 3, 99)
    write_outcomes(frame, schema, tmp_path / "two")
    assert sha256(tmp_path / "one") != sha256(tmp_path / "two")
    assert pq.read_schema(tmp_path / "two").metadata is None


def test_a_schema_with_one_of_our_names_is_refused(schema: Schema) -> None:
    columns = [{**c, "name": "score"} if c["name"] == "previous" else c for c in schema.model_dump()["columns"]]
    clash = Schema.model_validate({**schema.model_dump(), "columns": columns, "words": {}})
    with pytest.raises(SchemaError, match="score"):
        read_outcomes(None, clash)  # type: ignore[arg-type]


def test_lineage_names_what_made_the_model(schema: Schema, tmp_path: Path) -> None:
    kept = Snapshot("snapshot-1", "ab" * 32, 10, {})
    tags = Lineage.from_snapshot(kept, schema, "v1", reason="on demand", incident=None, parent="2").tags()
    assert tags["dataset_tag"] == "snapshot-1"
    assert tags["schema_sha256"] == schema.hash
    assert tags["lock_sha256"] == lock_sha256()
    assert tags["parent_version"] == "2"
    assert "incident" not in tags
    with pytest.raises(SettingsError, match="pins"):
        lock_sha256(tmp_path / "none.txt")
    assert code_version("1.2.3") == "1.2.3"
    with pytest.raises(SettingsError, match="CALLWISE_CODE_VERSION"):
        code_version(None, tmp_path)
