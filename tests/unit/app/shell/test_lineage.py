"""What MLflow says of a version, and what is made of it where it says nothing."""

from __future__ import annotations

import httpx
import pytest

from app.shell.lineage import LineageReader
from core.errors import NotFound, Unavailable
from tests.fake_services import TAGS, answering


def test_a_version_is_read_with_its_run() -> None:
    with answering() as (url, _):
        found = LineageReader(f"{url}/", "prospect-scorer").lineage_of("3")
    assert found.tags == TAGS
    assert (found.run, found.experiment) == ("a1" * 16, "1")
    assert found.gates == {"Deepchecks": "no condition is broken"}
    assert found.figures == {"candidate_auc": 0.7712}


def test_a_version_that_is_not_there_is_named() -> None:
    with answering() as (url, _), pytest.raises(NotFound, match="prospect-scorer 404"):
        LineageReader(url, "prospect-scorer").lineage_of("404")


def reader(version: httpx.Response, run: httpx.Response) -> LineageReader:
    def answer(request: httpx.Request) -> httpx.Response:
        return run if request.url.path.endswith("/runs/get") else version

    return LineageReader("http://mlflow", "scorer", transport=httpx.MockTransport(answer))


def test_a_run_that_was_deleted_leaves_the_version() -> None:
    version = httpx.Response(200, json={"model_version": {"run_id": "gone"}})
    found = reader(version, httpx.Response(404, json={})).lineage_of("1")
    assert (found.run, found.experiment, found.tags, found.gates) == ("gone", "", {}, {})


@pytest.mark.parametrize("status", [400, 500, 503])
def test_an_answer_that_is_none_is_unavailable(status: int) -> None:
    with pytest.raises(Unavailable, match=f"MLflow answered {status}"):
        reader(httpx.Response(status), httpx.Response(200, json={})).lineage_of("1")


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="MLflow did not answer"):
        LineageReader("http://127.0.0.1:9", "scorer").lineage_of("1")
