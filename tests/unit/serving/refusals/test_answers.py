"""What the HTTP server answers to what it cannot read: never what is in it."""

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from serving.refusals.answers import NAMED, limit_addresses


class Asked(BaseModel):
    """A request with a list of numbers."""

    numbers: list[int]


def client() -> TestClient:
    app = FastAPI()

    @app.post("/infer")
    def infer(asked: Asked) -> int:
        return len(asked.numbers)

    @app.post("/infer_stream")
    def infer_stream(asked: Asked) -> int:
        return len(asked.numbers)

    limit_addresses(app)
    return TestClient(app, raise_server_exceptions=False)


def test_a_body_that_is_no_text_is_refused_without_naming_it() -> None:
    answer = client().post("/infer", content=b"\xff\xfeAnn", headers={"content-type": "application/octet-stream"})
    assert answer.status_code == 422
    assert "no request of the V2 protocol" in answer.json()["error"]
    assert "Ann" not in answer.text


def test_the_places_of_the_first_faults_are_named_and_no_value() -> None:
    answer = client().post("/infer", json={"numbers": [*["Ann"] * (NAMED + 2), 1]})
    assert answer.status_code == 422
    assert "body.numbers.0: " in answer.json()["error"]
    assert "and 2 more" in answer.json()["error"]
    assert "Ann" not in answer.text


def test_a_good_request_is_answered_and_there_are_no_streams() -> None:
    assert client().post("/infer", json={"numbers": [1, 2]}).json() == 2
    assert client().post("/infer_stream", json={"numbers": [1, 2]}).status_code == 404
