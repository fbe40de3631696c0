from datetime import UTC, datetime

import httpx
import pytest

from app.champion import Champion, champion
from core.errors import Unavailable


def answering(status: int, content: object) -> httpx.MockTransport:
    def reply(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/2.0/mlflow/registered-models/alias"
        assert dict(request.url.params) == {"name": "prospect-scorer", "alias": "champion"}
        return httpx.Response(status, json=content)

    return httpx.MockTransport(reply)


def ask(transport: httpx.BaseTransport) -> Champion | None:
    return champion("http://registry:5000/", "prospect-scorer", transport=transport)


def test_the_version_in_service_is_told_with_its_lineage() -> None:
    tags = [{"key": "dataset_tag", "value": "data-0003"}, {"key": "run", "value": "x"}]
    found = ask(answering(200, {"model_version": {"version": "7", "creation_timestamp": 1795449600000, "tags": tags}}))
    assert found == Champion("7", datetime.fromtimestamp(1795449600, UTC), "data-0003")


def test_no_champion_is_no_error() -> None:
    assert ask(answering(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"})) is None


@pytest.mark.parametrize("status", [500, 503])
def test_a_registry_in_trouble_is_said(status: int) -> None:
    with pytest.raises(Unavailable, match=str(status)):
        ask(answering(status, {"error_code": "INTERNAL_ERROR", "message": "down"}))


def test_a_registry_that_is_away_is_said() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Unavailable, match="does not answer"):
        ask(httpx.MockTransport(refuse))
