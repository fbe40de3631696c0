"""The runtime behind MLServer's own HTTP layer: what a sender gets, and what the log then holds."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from mlserver.handlers import DataPlane
from mlserver.registry import MultiModelRegistry
from mlserver.rest.app import create_app
from mlserver.settings import ModelSettings
from mlserver.settings import Settings as ServerSettings
from starlette.testclient import TestClient

from core.clock import now
from core.errors import Conflict, InputError, Unavailable
from core.models.level import levelled
from core.models.mixture import mixed
from core.models.mixture_in_force import Mixture
from core.schema.column import Value
from core.scoring import protocol
from serving.levels import Levels
from serving.loading_mark import LoadingMark
from serving.main import Service
from serving.models import Models
from serving.prediction_log.forget import Forgetting
from serving.prediction_log.log import PredictionLog
from serving.prediction_log.spool import FILE, Spool
from serving.routing import Router
from serving.scorer import Scorer
from tests.scoring.fakes import FakeLevels, FakeRegistry, MemoryHome
from tests.scoring.stand import SCHEMA, ByAge, Stand

ROW: dict[str, Value] = {
    column.name: column.categories[0] if column.is_category else int(column.minimum or 0) for column in SCHEMA.features
}
PATH = "/v2/models/prospect-scorer"


@pytest.fixture(scope="module")
def data_plane() -> DataPlane:
    return DataPlane(ServerSettings(), MultiModelRegistry())  # one only: it registers its metrics with the process


@pytest.fixture
def stand(tmp_path: Path, data_plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    names = SCHEMA.feature_names
    registry = FakeRegistry({"1": ByAge(0.1, names), "2": ByAge(0.5, names)})
    home, spool, held = MemoryHome(), Spool(tmp_path), FakeLevels()
    models = Models(registry, SCHEMA, LoadingMark(tmp_path))
    levels = Levels(held.read)
    log = PredictionLog(home, spool)
    router = Router(b"key", 0.5)
    scorer = Scorer(lambda: models.lineup, lambda: levels.shifts, router, log, now, mixture=lambda: levels.mixture)
    forgetting = Forgetting(list, spool)
    service = Service(SCHEMA, models, levels, log, spool, forgetting, scorer, reload_seconds=3600.0)
    monkeypatch.setattr(Service, "from_environment", lambda: service)
    data_plane._model_registry = MultiModelRegistry()
    asyncio.run(
        data_plane._model_registry.load(
            ModelSettings(name="prospect-scorer", implementation="serving.runtime.ProspectScorer")
        )
    )
    app = create_app(ServerSettings(debug=False, metrics_endpoint=None), data_plane, None)
    with TestClient(app, raise_server_exceptions=False) as http:
        yield Stand(http, service, registry, home, held, tmp_path)
    service.stop()
    spool.close()


def body(rows: int = 1, request_id: str | None = "r", **values: Value) -> dict[str, Any]:
    asked = protocol.request(SCHEMA, [{**ROW, **values}] * rows, [f"p:{row}" for row in range(rows)], request_id or "")
    return asked if request_id is not None else {"inputs": asked["inputs"]}


def error(reply: httpx.Response, status: int) -> str:
    assert reply.status_code == status, reply.text
    assert "Traceback" not in reply.text
    assert ".py" not in reply.text
    return str(reply.json()["error"])


def test_without_a_champion_it_is_not_ready_and_says_what_to_do(stand: Stand) -> None:
    assert stand.http.get("/v2/health/live").status_code == 200
    assert stand.http.get("/v2/health/ready").status_code == 400
    assert stand.http.get(f"{PATH}/ready").status_code == 400
    assert not stand.client.ready()
    said = error(stand.http.post(f"{PATH}/infer", json=body()), 503)
    assert "There is no champion yet" in said
    assert "Scoring starts automatically once the first training has passed." in said
    with pytest.raises(Unavailable, match="no champion yet"):
        stand.client.score([ROW], ["p"])
    assert stand.home.held == {}


def test_it_is_ready_as_soon_as_there_is_one(stand: Stand) -> None:
    stand.point(champion="1")
    assert stand.http.get("/v2/health/ready").status_code == 200
    assert stand.client.ready()


def test_the_reply_the_log_and_the_model_say_the_same_number(stand: Stand) -> None:
    stand.point(champion="1")
    reply = stand.http.post(f"{PATH}/infer", json=body(request_id="list-7", age=33)).json()
    assert reply["id"] == "list-7"
    assert reply["parameters"] == {"request": "list-7", "version": "1", "route": "champion"}
    assert {o["name"]: (o["datatype"], o["shape"], o["data"]) for o in reply["outputs"]} == {
        "score": ("FP64", [1], [0.133]),
        "version": ("BYTES", [1], ["1"]),
        "route": ("BYTES", [1], ["champion"]),
    }
    held = stand.home.rows["list-7:0"]
    assert held["score"] == 0.133
    assert held["features"] == {**ROW, "age": 33}
    assert (held["request"], held["prospect"], held["version"], held["route"]) == ("list-7", "p:0", "1", "champion")
    assert (held["shadow_score"], held["shadow_version"]) == (None, None)


def test_rows_keep_their_order(stand: Stand) -> None:
    stand.point(champion="1")
    ages = [17 + number % 90 for number in range(500)]
    scores = stand.client.score([{**ROW, "age": age} for age in ages], [f"p{n}" for n in range(500)], request_id="r")
    assert [score.score for score in scores] == [round(age / 1000 + 0.1, 12) for age in ages]
    assert [score.prediction for score in scores] == [f"r:{row}" for row in range(500)]
    assert [stand.home.rows[score.prediction]["features"]["age"] for score in scores] == ages


def test_with_a_canary_both_score_all_rows_and_the_route_decides(stand: Stand) -> None:
    stand.point(champion="1", canary="2")
    prospects = [f"p{number}" for number in range(200)]
    scores = stand.client.score([{**ROW, "age": 20}] * 200, prospects, request_id="r")
    expected = ["canary" if Router(b"key", 0.5).to_canary(prospect) else "champion" for prospect in prospects]
    assert [score.route for score in scores] == expected
    assert {"canary", "champion"} == set(expected)
    for score in scores:
        held = stand.home.rows[score.prediction]
        used, shadow = (("2", 0.52), ("1", 0.12)) if score.route == "canary" else (("1", 0.12), ("2", 0.52))
        assert (score.version, round(score.score, 9)) == used
        assert (held["shadow_version"], round(held["shadow_score"], 9)) == shadow
    again = stand.client.score([ROW] * 200, prospects, request_id="another")
    assert [score.route for score in again] == expected, "sticky: the request has no say"
    reply = stand.http.post(f"{PATH}/infer", json=body(rows=50, request_id="r3")).json()
    assert reply["parameters"] == {"request": "r3", "version": "1,2", "route": "canary,champion"}


def test_a_canary_that_fails_costs_nobody_an_answer(stand: Stand) -> None:
    stand.registry.models["2"].score = float("nan")
    stand.point(champion="1", canary="2")
    prospects = [f"p{number}" for number in range(20)]
    assert {score.route for score in stand.client.score([ROW] * 20, prospects)} == {"champion"}
    assert {held["shadow_score"] for held in stand.home.rows.values()} == {None}
    state = stand.client.state()
    assert (state["canary_requests"], state["canary_errors"]) == (1, 1)
    stand.registry.models["2"].score = 0.52
    stand.client.score([ROW], ["p"])
    state = stand.client.state()
    assert (state["canary_requests"], state["canary_errors"]) == (2, 1)
    assert float(state["canary_seconds"]) > 0 < float(state["champion_seconds"])
    stand.point(champion="1", canary="3")
    assert stand.client.state()["canary_requests"] == 0, "another canary starts anew"


def test_a_refresh_has_its_say_once_it_is_loaded_and_in_force(stand: Stand) -> None:
    stand.point(champion="1", refresh="2")
    assert stand.client.state()["refresh"] == "", "loaded, and no decision gives it a say"
    stand.service.levels.mixture = Mixture("1", "2", 0.8, 3)
    state = stand.client.state()
    assert (state["refresh"], state["refresh_weight"]) == ("2", 0.8)
    [score] = stand.client.score([{**ROW, "age": 20}], ["p"], request_id="r")
    together = float(mixed([0.12], [0.52], 0.8)[0])
    held = stand.home.rows[score.prediction]
    assert (score.score, score.version, held["score"]) == (together, "1", together)
    assert (held["mixed"]["version"], held["mixed"]["score"], held["mixed"]["champion_score"]) == ("2", 0.52, 0.12)
    assert stand.client.state()["refresh_requests"] == 1
    stand.point(champion="2")
    [alone] = stand.client.score([{**ROW, "age": 20}], ["p"], request_id="r2")
    assert (alone.score, stand.client.state()["refresh"]) == (0.52, "")


def test_each_model_scores_at_its_own_level_and_the_log_says_which(stand: Stand) -> None:
    stand.point(champion="1", canary="2")
    stand.put_levels(v1=0.5, v2=-1.25, v9=3.0)
    people = [f"p{number}" for number in range(50)]
    scores = stand.client.score([{**ROW, "age": 20}] * 50, people, request_id="r")
    assert {score.route for score in scores} == {"champion", "canary"}
    first, second = float(levelled(0.12, 0.5)), float(levelled(0.52, -1.25))
    for score in scores:
        held = stand.home.rows[score.prediction]
        used, shadow = ((second, -1.25), (first, 0.5)) if score.route == "canary" else ((first, 0.5), (second, -1.25))
        assert (score.score, held["level"]) == used
        assert (held["score"], held["level"]) == used
        assert (held["shadow_score"], held["shadow_level"]) == shadow
    state = stand.client.state()
    assert (state["champion_level"], state["canary_level"]) == (0.5, -1.25)
    reply = stand.http.post(f"{PATH}/infer", json=body(request_id="r2")).json()
    assert set(reply["parameters"]) == {"request", "version", "route"}, "the reply is as it was"


def test_without_a_canary_the_shadow_has_no_level_and_one_at_none_scores_as_trained(stand: Stand) -> None:
    stand.point(champion="1")
    stand.put_levels(v2=2.0)
    assert stand.client.score([{**ROW, "age": 33}], ["p"], request_id="r")[0].score == 0.133
    assert (stand.home.rows["r:0"]["level"], stand.home.rows["r:0"]["shadow_level"]) == (0.0, None)
    assert stand.client.state()["champion_level"] == 0.0
    stand.point(champion="2")
    assert stand.client.state()["champion_level"] == 2.0, "known before the version was in service"


def test_a_repeated_request_keeps_the_level_of_its_first_answer(stand: Stand) -> None:
    stand.point(champion="1")
    stand.put_levels(v1=0.5)
    first = stand.client.score([ROW], ["p"], request_id="r")
    stand.put_levels(v1=-0.5)
    assert stand.client.score([ROW], ["p"], request_id="r") == first
    assert stand.home.rows["r:0"]["level"] == 0.5
    assert stand.client.score([ROW], ["p"], request_id="r2")[0].score < first[0].score


def test_scoring_keeps_its_level_and_does_not_ask_mongodb_while_that_is_down(stand: Stand) -> None:
    stand.point(champion="1")
    stand.put_levels(v1=0.5)
    before = stand.client.score([ROW], ["p"], request_id="r")[0].score
    stand.home.down, stand.levels.error = True, Unavailable("MongoDB is down.")
    stand.service.levels.refresh()
    asked = stand.levels.reads
    assert stand.client.score([ROW], ["p"], request_id="r2")[0].score == before
    assert stand.levels.reads == asked
    assert stand.client.state()["champion_level"] == 0.5
    (waiting,) = stand.service.spool.oldest(9)
    assert (waiting.document["_id"], waiting.document["level"]) == ("r2:0", 0.5)


def test_a_champion_that_gives_no_probability_is_not_an_answer(stand: Stand) -> None:
    stand.registry.models["1"].score = float("nan")
    stand.point(champion="1")
    assert "Version 1 gave" in error(stand.http.post(f"{PATH}/infer", json=body()), 503)
    assert stand.home.held == {}


def test_a_repeated_request_gets_its_first_answer_even_from_a_new_champion(stand: Stand) -> None:
    stand.point(champion="1")
    first = stand.client.score([ROW], ["p"], request_id="r")
    stand.point(champion="2")
    assert stand.client.score([ROW], ["p"], request_id="r") == first
    assert stand.client.score([ROW], ["p"], request_id="r2") != first
    assert len(stand.home.held) == 2


def test_a_used_request_id_with_other_rows_is_a_conflict(stand: Stand) -> None:
    stand.point(champion="1")
    stand.http.post(f"{PATH}/infer", json=body(age=30))
    said = error(stand.http.post(f"{PATH}/infer", json=body(age=31)), 409)
    assert "request id 'r' was already used for other rows" in said
    with pytest.raises(Conflict, match="request id 'r'"):
        stand.client.score([{**ROW, "age": 32}], ["p:0"], request_id="r")
    assert stand.home.rows["r:0"]["features"]["age"] == 30


def test_a_request_without_an_id_gets_one(stand: Stand) -> None:
    stand.point(champion="1")
    ids = [stand.http.post(f"{PATH}/infer", json=body(request_id=none)).json()["id"] for none in (None, None, "", "")]
    assert len(set(ids)) == 4
    assert set(stand.home.held) == {f"{one}:0" for one in ids}


@pytest.mark.parametrize("request_id", [" ", "a b", "x\r\nSet-Cookie: a=b", "ü", "x" * 129])
def test_a_hostile_request_id_is_refused(stand: Stand, request_id: str) -> None:
    stand.point(champion="1")
    reply = stand.http.post(f"{PATH}/infer", json=body(request_id=request_id))
    assert "request id must be" in error(reply, 400)
    assert "set-cookie" not in reply.headers
    assert stand.home.held == {}


def change(index: int, **to: Any) -> Callable[[dict[str, Any]], None]:
    return lambda asked: asked["inputs"][index].update(to)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (change(0, data=[12]), "row 1, column 'age': 12 is not a whole number from 17 to 110"),
        (change(0, data=[None]), "row 1, column 'age': is empty"),
        (change(0, data=30), "column 'age': must hold a list of values"),
        (change(0, shape=[2]), "column 'age': has shape [2] and 1 values"),
        (change(0, name="ages"), "column 'age': the input is missing"),
        (change(1, data=["pilot"]), "row 1, column 'job': 'pilot' is not one of admin."),
        (change(1, datatype="FP64"), "column 'job': is sent as FP64; must be BYTES"),
        (lambda asked: asked["inputs"].pop(3), "column 'education': the input is missing"),
        (lambda asked: asked.update(inputs=[]), "column 'age': the input is missing"),
    ],
)
def test_a_broken_rule_is_400_and_named(stand: Stand, spoil: Callable[[dict[str, Any]], None], said: str) -> None:
    stand.point(champion="1")
    asked = body()
    spoil(asked)
    assert said in error(stand.http.post(f"{PATH}/infer", json=asked), 400)
    assert stand.home.held == {}


def test_the_client_raises_what_the_service_names(stand: Stand) -> None:
    stand.point(champion="1")
    with pytest.raises(InputError, match="row 2, column 'age': 12 is not a whole number"):
        stand.client.score([ROW, {**ROW, "age": 12}], ["a", "b"])


def test_too_many_rows_are_refused_in_words(stand: Stand) -> None:
    stand.point(champion="1")
    assert "at most 10000 are allowed" in error(stand.http.post(f"{PATH}/infer", json=body(rows=10_001)), 400)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"inputs": 5}',
        b'{"id": 5, "inputs": []}',
        b'{"inputs": [{"name": "age", "shape": "n", "datatype": "INT64", "data": [1]}]}',
        b'{"inputs": [{"name": "age", "shape": [1], "datatype": "INT65", "data": [1]}]}',
        b'{"inputs": [{"name": "age", "shape": [1], "datatype": "INT64", "data": [NaN]}]}',
        b"\xff\xfe",
    ],
)
def test_what_is_not_v2_is_the_senders_mistake(stand: Stand, content: bytes) -> None:
    stand.point(champion="1")
    reply = stand.http.post(f"{PATH}/infer", content=content, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422)
    assert "Traceback" not in reply.text
    assert ".py" not in reply.text


def test_nothing_is_answered_that_could_not_be_logged(stand: Stand) -> None:
    stand.point(champion="1")
    stand.home.down = True
    with sqlite3.connect(stand.folder / FILE) as sql:
        sql.execute("CREATE TRIGGER full BEFORE INSERT ON waiting BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    said = error(stand.http.post(f"{PATH}/infer", json=body()), 503)
    assert "neither MongoDB nor the local spool takes it" in said


def test_a_failure_nobody_foresaw_is_in_the_log_and_not_in_the_reply(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stand.point(champion="1")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(stand.service.scorer, "predict", fail)
    said = error(stand.http.post(f"{PATH}/infer", json=body()), 500)
    assert said == "The scoring service failed; its log says why."
    assert "a secret path" in caplog.text


def test_reasons_are_given_to_whoever_asks_for_them_logged_and_given_again(stand: Stand) -> None:
    stand.registry.reference = pd.DataFrame([{**ROW, "age": age} for age in range(20, 60)])
    stand.point(champion="1", canary="2")
    rows = [{**ROW, "age": age} for age in (20, 90)] * 20
    people = [f"p{number}" for number in range(40)]
    scores = stand.client.score(rows, people, request_id="r", with_reasons=True)
    assert {score.route for score in scores} == {"champion", "canary"}
    for score, row in zip(scores, rows, strict=True):
        assert score.reasons is not None
        [reason] = score.reasons
        assert (reason.column, reason.effect > 0) == ("age", row["age"] == 90)
        assert stand.home.rows[score.prediction]["reasons"] == [{"column": "age", "effect": reason.effect}]
    by_route = {score.route: score.reasons for score, row in zip(scores, rows, strict=True) if row["age"] == 90}
    assert by_route["champion"] != by_route["canary"], "each is explained by the model that is used"
    stand.point(champion="2")
    assert stand.client.score(rows, people, request_id="r", with_reasons=True) == scores, "as they were logged"
    assert [score.reasons for score in stand.client.score(rows, people, request_id="s")] == [None] * 40
    assert stand.home.rows["s:0"]["reasons"] is None


def test_a_model_that_cannot_be_explained_scores_without_reasons(
    stand: Stand, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.point(champion="1")  # its reference is empty
    assert "the scores of version 1 come without reasons" in caplog.text
    [score] = stand.client.score([ROW], ["p"], with_reasons=True)
    assert (score.score, score.reasons) == (0.117, None)
    assert str(stand.client.state()["unexplained"]).startswith("version 1: "), "and the engineer is told"
    stand.registry.reference = pd.DataFrame([ROW])
    stand.point(champion="2")
    lineup = stand.service.models.lineup
    assert lineup is not None
    assert lineup.champion.explainer is not None

    def fail(_rows: object) -> None:
        raise RuntimeError("no reasons today")

    assert stand.client.state()["unexplained"] == ""
    with monkeypatch.context() as broken:
        broken.setattr(lineup.champion.explainer, "reasons", fail)
        [score] = stand.client.score([ROW], ["p"], with_reasons=True)
    assert (score.score, score.reasons) == (0.517, None)
    assert "no reasons today" in caplog.text
    assert stand.client.state()["unexplained"] == "version 2: RuntimeError: no reasons today"
    stand.client.score([ROW], ["q"], with_reasons=True)
    assert stand.client.state()["unexplained"] == "", "they came again"


def test_an_output_that_is_not_there_is_refused_and_nothing_logged(stand: Stand) -> None:
    stand.point(champion="1")
    asked = {**body(), "outputs": [{"name": "score"}, {"name": "excuses"}]}
    assert error(stand.http.post(f"{PATH}/infer", json=asked), 400) == (
        "column 'excuses': is not an output of this model"
    )
    assert stand.home.held == {}


def test_metadata_shows_inputs_from_the_schema_and_the_state(stand: Stand) -> None:
    stand.registry.reference = pd.DataFrame([ROW])
    stand.point(champion="1")
    stand.registry.unproven = {"2"}
    stand.point(champion="1", canary="2")
    stand.home.down = True
    stand.client.score([ROW] * 3, ["a", "b", "c"])
    metadata = stand.http.get(PATH).json()
    assert [(one["name"], one["datatype"]) for one in metadata["inputs"]] == list(protocol.inputs(SCHEMA).items())
    assert [one["name"] for one in metadata["outputs"]] == ["score", "version", "route"]
    state = stand.client.state()
    assert state.pop("spool_oldest_seconds") >= 0  # type: ignore[operator]
    assert state.pop("spool_free_bytes") > 0  # type: ignore[operator]
    assert state.pop("memory_share") >= -1  # type: ignore[operator]
    assert state == {
        "champion": "1",
        "canary": "",
        "champion_level": 0.0,
        "canary_level": 0.0,
        "canary_share": 0.0,
        "refresh_level": 0.0,
        "refresh": "",
        "refresh_weight": 0.0,
        "refresh_requests": 0,
        "refresh_errors": 0,
        "refresh_seconds": 0.0,
        "canary_requests": 0,
        "canary_errors": 0,
        "canary_seconds": 0.0,
        "champion_seconds": 0.0,
        "refused_versions": "2",
        "refused": "version 2: Version 2 does not reproduce its proof.",
        "unexplained": "",
        "registry": "answers",
        "mongo": "predictions wait in the spool",
        "spool_waiting": 3,
        "spool_disputed": 0,
        "reloaded": "",
        "forgotten": "",
    }
    assert json.dumps(state)


def _of_the_service(state: dict[str, str | int | float]) -> dict[str, str | int | float]:
    """The state without the room on the disk, which every process of the machine changes."""
    return {name: value for name, value in state.items() if name != "spool_free_bytes"}


def test_what_would_be_is_answered_by_the_champion_and_leaves_no_trace(stand: Stand) -> None:
    stand.point(champion="1", canary="2")
    stand.put_levels(v1=0.5)
    people = [f"p{number}" for number in range(50)]
    real = stand.client.score([{**ROW, "age": 20}] * 50, people, request_id="real")
    held, before, asked = dict(stand.home.held), _of_the_service(stand.client.state()), stand.home.asked
    answers = stand.client.what_if([{**ROW, "age": 20 + number} for number in range(80)])
    wanted = [float(levelled(round(0.12 + n / 1000, 12), 0.5)) for n in range(80)]
    assert [answer.score for answer in answers] == wanted
    assert {(answer.version, answer.route) for answer in answers} == {("1", "champion")}, "no sticky route"
    assert answers[0].score == next(one.score for one in real if one.route == "champion"), "as it is really scored"
    assert (stand.home.held, stand.home.asked) == (held, asked), "the log was neither written nor asked"
    assert _of_the_service(stand.client.state()) == before, "nor are the figures that a guardrail looks at"
    assert stand.service.spool.backlog().waiting == 0


def test_what_would_be_needs_no_log(stand: Stand) -> None:
    stand.point(champion="1")
    stand.home.down = True
    stand.service.spool.close()
    assert len(stand.client.what_if([ROW])) == 1


def test_what_would_be_is_refused_like_anything_else(stand: Stand) -> None:
    with pytest.raises(Unavailable, match="no champion yet"):
        stand.client.what_if([ROW])
    stand.point(champion="1")
    with pytest.raises(InputError, match="'euribor3m'"):
        stand.client.what_if([{**ROW, "euribor3m": 99.0}])
    asked = body()
    said = error(stand.http.post(f"{PATH}/infer", json={**asked, "parameters": {"what_if": "yes"}}), 400)
    assert "the parameter what_if is 'yes'; must be true or false" in said
    stand.http.post(f"{PATH}/infer", json={**asked, "parameters": {"what_if": False}})
    assert list(stand.home.held) == ["r:0"], "false is a prediction like any other"
