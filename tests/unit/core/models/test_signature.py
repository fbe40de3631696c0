"""Only the files that the trainer signed are opened, whatever lies in the registry instead."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.registry import PROOF, ModelRegistry
from core.models.signature import SIGNATURE, Signer, Verifier, digests
from core.settings.addresses import RegistrySettings
from tests.scoring.processes import Registry
from tests.signing import SIGNER, VERIFYING

MODEL, BESIDE = "model.skops", f"extra_files/{PROOF}"
ONE, OTHER, UNSIGNED = "1", "2", "3"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Two versions that are signed and one that is not."""
    registry = Registry(tmp_path_factory.mktemp("registry"))
    assert [registry.add(seed=1), registry.add(seed=2), registry.add(seed=3, signed=False)] == [ONE, OTHER, UNSIGNED]
    return registry


@pytest.fixture
def made(built: Registry, tmp_path: Path) -> Iterator[Registry]:
    """The same for each test: what it does to the files and to the tag of the first version is undone."""
    kept, artifacts = tmp_path / "kept", built.folder / "artifacts"
    shutil.copytree(artifacts, kept)
    tag = built.registry.version(ONE).tags[SIGNATURE]
    yield built
    shutil.rmtree(artifacts)
    shutil.copytree(kept, artifacts)
    built.registry.tag(ONE, SIGNATURE, tag)


def opened(made: Registry, number: str) -> None:
    made.registry.load(made.registry.version(number))


def test_what_was_signed_is_opened(made: Registry) -> None:
    opened(made, ONE)
    signed = made.registry.signed(made.registry.version(ONE))
    assert {MODEL, BESIDE, "MLmodel"} <= signed.keys()


def test_a_model_in_the_place_of_another_is_not_opened(made: Registry) -> None:
    """With its own proof: it would vouch for itself."""
    for inside in (MODEL, BESIDE):
        shutil.copy(made.file(OTHER, inside), made.file(ONE, inside))
    with pytest.raises(ModelError, match=r"(model\.skops|proof\.json) of prospect-scorer version 1 is not the file"):
        opened(made, ONE)
    opened(made, OTHER)


@pytest.mark.parametrize("inside", [MODEL, BESIDE, "MLmodel"])
def test_one_changed_byte_is_found(made: Registry, inside: str) -> None:
    path = made.file(ONE, inside)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not the file that was signed"):
        opened(made, ONE)


def test_a_file_more_and_a_file_less_are_found(made: Registry) -> None:
    more = made.file(ONE, "extra_files/more.py")
    more.write_text("import os")
    with pytest.raises(ModelError, match=r"has a file that was not signed: extra_files/more\.py"):
        opened(made, ONE)
    more.unlink()
    made.file(ONE, BESIDE).unlink()
    with pytest.raises(ModelError, match=r"lacks a file that was signed: extra_files/proof\.json"):
        opened(made, ONE)


def another(made: Registry) -> str:
    found = made.registry.version(ONE)
    with made.registry.files(found) as folder:
        return Signer("somebody else's secret").tag(found.name, found.run_id, digests(folder))


def of_the_other(made: Registry) -> str:
    return made.registry.version(OTHER).tags[SIGNATURE]


def of_another_model(made: Registry) -> str:
    found = made.registry.version(ONE)
    with made.registry.files(found) as folder:
        return SIGNER.tag("another-model", found.run_id, digests(folder))


def with_other_files(made: Registry) -> str:
    tags = [json.loads(made.registry.version(version).tags[SIGNATURE]) for version in (ONE, OTHER)]
    return json.dumps({"files": tags[1]["files"], "signed": tags[0]["signed"]})


def written(text: str) -> Callable[[Registry], str]:
    return lambda _: text


@pytest.mark.parametrize(
    "forged",
    [
        *(another, of_the_other, of_another_model, with_other_files),
        *map(written, ("{}", "[]", "x", '{"files": {}, "signed": "zz"}', '{"files": 1}')),
    ],
)
def test_a_signature_that_is_not_the_trainers_is_refused(made: Registry, forged: Callable[[Registry], str]) -> None:
    made.registry.tag(ONE, SIGNATURE, forged(made))
    with pytest.raises(ModelError, match="signature of prospect-scorer version 1 is not the trainer's"):
        opened(made, ONE)


def test_without_a_signature_nothing_is_opened(made: Registry) -> None:
    for read in (made.registry.load, made.registry.reference):
        with pytest.raises(ModelError, match="prospect-scorer version 3 has no signature"):
            read(made.registry.version(UNSIGNED))


@pytest.mark.parametrize("key", [None, "", "x", VERIFYING[:-2], "0" * 63])
def test_without_a_key_nothing_is_opened(made: Registry, key: str | None) -> None:
    settings = RegistrySettings(mlflow_tracking_uri=made.uri, callwise_verifying_key=key)
    keyless = ModelRegistry(settings)
    with pytest.raises(ModelError, match="CALLWISE_VERIFYING_KEY is not set to a key"):
        keyless.load(keyless.version(ONE))


def test_the_same_secret_is_the_same_key_and_the_key_tells_no_secret() -> None:
    assert Signer("one").verifying_key == Signer("one").verifying_key != Signer("two").verifying_key
    tag = Signer("one").tag("m", "r", {"a": ["0"]})
    tags = {SIGNATURE: tag}
    assert Verifier(Signer("one").verifying_key).files("m", "1", "r", tags) == {"a": ["0"]}
    for model, run in (("n", "r"), ("m", "s")):
        with pytest.raises(ModelError):
            Verifier(Signer("one").verifying_key).files(model, "1", run, tags)
