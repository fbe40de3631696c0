"""A version opens after an erasure wrote its files again, wherever that was killed; a replaced one opens never."""

from __future__ import annotations

from typing import Any

import mlflow
import pytest

from core.errors import ModelError
from core.models.registry import PROOF, ModelRegistry
from tests.e2e.trainer.erasure.conftest import House
from tests.e2e.trainer.erasure.test_erasure import erased

pytestmark = pytest.mark.mongo


class Killed(BaseException):
    """The worker was killed here."""


def opens(house: House, version: str) -> int:
    models = house.trainer.models
    models.reference(models.version(version))
    return len(models.load(models.version(version)).proof.inputs)


@pytest.mark.parametrize("moment", ["before the file", "after the file"])
def test_a_version_opens_wherever_an_erasure_was_killed(
    house: House, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    frame, _ = house.snapshot()
    version = house.model(frame)
    inputs = opens(house, version)
    house.ask()
    client = mlflow.MlflowClient
    write = client.log_model_artifact

    def killed(self: Any, model_id: str, path: str, folder: str | None = None) -> None:
        if moment == "after the file":
            write(self, model_id, path, folder)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(client, "log_model_artifact", killed)
        with pytest.raises(Killed):
            house.eraser.run()
    assert opens(house, version) > 0, "while the erasure is not done"
    erased(house)
    assert 0 < opens(house, version) < inputs


def test_an_erasure_signs_nothing_that_was_replaced(house: House) -> None:
    frame, _ = house.snapshot()
    version = house.model(frame)
    models: ModelRegistry = house.trainer.models
    found = models.version(version)
    with models.files(found) as folder:
        path = folder / "extra_files" / PROOF
        path.write_text(path.read_text() + " ")
        models.client.log_model_artifact(found.model_id, str(path), "extra_files")
    with pytest.raises(ModelError, match=r"proof\.json of .* is not the file that was signed"):
        opens(house, version)
    erased(house)
    with pytest.raises(ModelError, match=r"proof\.json of .* is not the file that was signed"):
        opens(house, version)
