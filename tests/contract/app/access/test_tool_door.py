"""What the door is told about who may pass to a tool. Each change that passes has a name in the event log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app.access import sessions, tool_door
from app.access.door import Guard, Reception
from app.access.identity import COOKIE
from app.shell.appliance import SessionLimits
from core.accounts import changes
from core.accounts.account import Role
from core.accounts.directory import add
from core.clock import now
from core.errors import Unavailable
from core.stores import event_log
from core.stores.mongo import Db
from tests.people import signed_in

pytestmark = pytest.mark.mongo
HOST = "callwise.test:8445"
PAGES = {tool: f"https://callwise.test:{port}" for tool, port in (("mlflow", 8444), ("prefect", 8445))}
OWN = {"origin": f"https://{HOST}", "sec-fetch-site": "same-origin"}
RUN = ("prefect", "POST", "/api/deployments/6f1/create_flow_run")
LOOK = ("prefect", "POST", "/api/flow_runs/filter")
READ = ("mlflow", "GET", "/api/2.0/mlflow/runs/get?run_id=1")
MAKE = ("prefect", "POST", "/api/deployments/")


def served(reception: Reception | None) -> Iterator[TestClient]:
    def found() -> Reception:
        if reception is None:
            raise Unavailable("MongoDB is away")
        return reception

    app = Starlette(routes=tool_door.routes(found), middleware=[Middleware(Guard, reception=found)])
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture
def reception(db: Db) -> Reception:
    return Reception(db, SessionLimits(), app_page="https://callwise.test:8443/", tool_pages=PAGES)


@pytest.fixture
def door(reception: Reception) -> Iterator[TestClient]:
    yield from served(reception)


def ask(door: TestClient, call: tuple[str, str, str], token: str = "", **headers: str) -> httpx.Response:
    tool, method, uri = call
    sent = {"x-forwarded-method": method, "x-forwarded-uri": uri, "x-forwarded-host": HOST, **headers}
    door.cookies.clear()
    if token:
        door.cookies.set(COOKIE, token)
    answer: httpx.Response = door.get(f"/door/{tool}", headers={k.replace("_", "-"): v for k, v in sent.items()})
    return answer


def logged(db: Db) -> list[tuple[str, str, str]]:
    found = db.events.find({"what": "tool changed"})
    return [
        (event["who"], event["subject"], f"{event['details']['method']} {event['details']['path']}") for event in found
    ]


@pytest.mark.parametrize("call", [READ, LOOK, RUN, MAKE, ("evidently", "GET", "/")])
@pytest.mark.parametrize("token", ["", "guessed"])
def test_nobody_passes_without_a_session(door: TestClient, db: Db, call: tuple[str, str, str], token: str) -> None:
    assert ask(door, call, token, **OWN).status_code == 401
    assert logged(db) == []


@pytest.mark.parametrize(
    ("role", "passes"),
    [(Role.AGENT, set()), (Role.MANAGER, {READ, LOOK}), (Role.ENGINEER, {READ, LOOK, RUN})],
)
def test_each_role_passes_where_it_may_and_nowhere_else(
    door: TestClient, db: Db, role: Role, passes: set[tuple[str, str, str]]
) -> None:
    token = signed_in(db, "Ann", role)
    for call in (READ, LOOK, RUN, MAKE):
        assert ask(door, call, token, **OWN).status_code == (200 if call in passes else 403), call
    assert logged(db) == ([("Ann", "prefect", "POST /api/deployments/6f1/create_flow_run")] if RUN in passes else [])
    assert event_log.first_broken(db) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "https://callwise.test:8443"},  # another page of the same server
        {"sec_fetch_site": "same-site", "origin": f"https://{HOST}"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin", "origin": "https://elsewhere.example"},
    ],
)
def test_a_change_that_another_site_asks_for_is_refused(door: TestClient, db: Db, headers: dict[str, str]) -> None:
    token = signed_in(db, "Eve", Role.ENGINEER)
    for call in (RUN, LOOK):
        assert ask(door, call, token, **headers).status_code == 403
    assert ask(door, READ, token, **headers).status_code == 200
    assert logged(db) == []


def test_a_role_that_ends_ends_at_the_next_call(door: TestClient, db: Db) -> None:
    token = signed_in(db, "Eve", Role.ENGINEER)
    signed_in(db, "Zoe", Role.ENGINEER)
    assert ask(door, RUN, token, **OWN).status_code == 200
    changes.set_role(db, "eve", Role.MANAGER, by="tests")
    assert ask(door, RUN, token, **OWN).status_code == 401, "a new role ends the sessions"
    again = signed_in(db, "Eve", Role.MANAGER)
    assert ask(door, RUN, again, **OWN).status_code == 403
    changes.set_disabled(db, "eve", True, by="tests")
    assert ask(door, READ, again).status_code == 401
    assert len(logged(db)) == 1


def test_who_must_change_a_password_does_that_first(door: TestClient, db: Db) -> None:
    account = add(db, "new", "New", Role.ENGINEER, by="tests", password="a long first password", must_change=True)
    token = sessions.open_session(db, account, now(), SessionLimits())
    assert ask(door, READ, token).status_code == 401
    sent = ask(door, ("mlflow", "GET", "/"), token, accept="text/html")
    assert sent.headers["location"] == "https://callwise.test:8443/tools/mlflow?at=%2F"
    door.cookies.set(COOKIE, token)
    assert door.get("/tools/mlflow?at=%2F").headers["location"] == "/", "and not back to the door, for ever"


def test_a_page_leads_to_the_sign_in_and_from_there_back(door: TestClient, db: Db) -> None:
    sent = ask(door, ("prefect", "GET", "/runs/flow-run/6f1?tab=Logs"), accept="text/html")
    assert sent.status_code == 303
    assert sent.headers["location"] == (
        "https://callwise.test:8443/tools/prefect?at=%2Fruns%2Fflow-run%2F6f1%3Ftab%3DLogs"
    )
    onward = "/tools/prefect?at=%2Fruns%2Fflow-run%2F6f1%3Ftab%3DLogs"
    assert door.get(onward, headers={"accept": "text/html"}).headers["location"].startswith("/sign-in?next=%2Ftools")
    door.cookies.set(COOKIE, signed_in(db))
    back = door.get(onward, headers={"accept": "text/html"})
    assert back.headers["location"] == "https://callwise.test:8445/runs/flow-run/6f1?tab=Logs"
    assert door.get("/tools/evidently").status_code == 404, "it has no page here"
    assert door.get("/tools/elsewhere").status_code == 404


@pytest.mark.parametrize(
    "at", ["", "@elsewhere.example", ":1@elsewhere.example/", ".elsewhere.example", "runs", "/\r\nx: y", "\\elsewhere"]
)
def test_one_comes_back_to_the_tool_and_to_no_other_server(at: str) -> None:
    assert tool_door.tool_address("https://callwise.test:8445", at) == "https://callwise.test:8445"


def test_an_agent_who_opens_a_page_is_told_why_not(door: TestClient, db: Db) -> None:
    told = ask(door, ("mlflow", "GET", "/"), signed_in(db, "Ann", Role.AGENT), accept="text/html")
    assert told.status_code == 403
    assert "Your account may not do that." in told.text
    assert "location" not in told.headers


def test_polling_keeps_nobody_signed_in(door: TestClient, db: Db) -> None:
    token = signed_in(db)
    early = int(now().timestamp()) - 3600

    def seen() -> int:
        session = db.sessions.find_one({"_id": sessions.key(token)})
        assert session is not None
        return int(session["seen"])

    db.sessions.update_one({"_id": sessions.key(token)}, {"$set": {"seen": early}})
    assert ask(door, LOOK, token, **OWN).status_code == 200
    assert seen() == early
    assert ask(door, ("prefect", "GET", "/"), token, accept="text/html").status_code == 200
    assert seen() > early


def test_what_is_no_question_of_a_door_is_not_answered(reception: Reception, door: TestClient, db: Db) -> None:
    door.cookies.set(COOKIE, signed_in(db, "Eve", Role.ENGINEER))
    assert door.get("/door/prefect", headers=OWN).status_code == 404
    assert ask(door, ("mongo", "GET", "/"), signed_in(db)).status_code == 404
    for without in served(replace(reception, app_page=None)):
        assert ask(without, RUN, signed_in(db, "Eve", Role.ENGINEER), **OWN).status_code == 404
    assert logged(db) == []


def test_without_the_database_nobody_passes(db: Db) -> None:
    for door in served(None):
        assert ask(door, READ, "guessed").status_code == 503


def test_a_change_that_cannot_be_logged_is_not_made(door: TestClient, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> int:
        raise Unavailable("MongoDB is away")

    token = signed_in(db, "Eve", Role.ENGINEER)
    monkeypatch.setattr(event_log, "append", away)
    assert ask(door, RUN, token, **OWN).status_code == 503
