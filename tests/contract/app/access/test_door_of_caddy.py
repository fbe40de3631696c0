"""The door itself, on a real Caddy with the shipped Caddyfile: what reaches a tool, and what does not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.access import tool_door
from app.access.door import Guard, Reception, routes
from app.access.identity import COOKIE
from app.shell.appliance import SessionLimits
from core.accounts.account import Role
from core.stores.mongo import Db
from tests.caddy import NAME, Door, running
from tests.people import signed_in

pytestmark = pytest.mark.mongo
APP, MLFLOW, PREFECT, EVIDENTLY = 8443, 8444, 8445, 8446
RUN = "/api/deployments/6f1/create_flow_run"
TOOLS = {MLFLOW: "mlflow", PREFECT: "prefect", EVIDENTLY: "evidently"}


async def _screen(_request: Request) -> Response:
    return PlainTextResponse("the screens")


@pytest.fixture
def door(db: Db, tmp_path: Path) -> Iterator[Door]:
    desk = Reception(db, SessionLimits(), app_page="https://callwise.test:8443")
    app = Starlette(
        routes=[*routes(lambda: desk), *tool_door.routes(lambda: desk), Route("/{path:path}", _screen)],
        middleware=[Middleware(Guard, reception=lambda: desk)],
    )
    with running(app, tmp_path) as made:
        yield made


def login(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def changes(db: Db) -> list[str]:
    return [event["details"]["path"] for event in db.events.find({"what": "tool changed"})]


def test_a_tool_opens_for_who_may_and_for_nobody_else(door: Door, db: Db) -> None:
    agent = f"{COOKIE}={signed_in(db, 'Ann', Role.AGENT)}"
    manager = f"{COOKIE}={signed_in(db, 'Mia', Role.MANAGER)}; theme=dark"
    engineer = f"{COOKIE}={signed_in(db, 'Eve', Role.ENGINEER)}"
    for port, name in TOOLS.items():
        assert door.ask("GET", port, "/").status_code == 401
        assert door.ask("GET", port, "/", authorization=login("admin", "of the old door")).status_code == 401
        assert door.ask("GET", port, "/", cookie=f"{COOKIE}=guessed").status_code == 401
        assert door.ask("GET", port, "/", cookie=agent).status_code == 403
        sent = door.ask("GET", port, "/a?b=c", accept="text/html")
        assert sent.headers["location"] == f"https://callwise.test:8443/tools/{name}?at=%2Fa%3Fb%3Dc"
    assert door.seen == [], "nothing of these reached a tool"
    for port, name in TOOLS.items():
        answer = door.ask("GET", port, "/a?b=c", cookie=manager, authorization="Basic x")
        assert (answer.status_code, answer.text) == (200, name)
        assert "server" not in answer.headers
        assert answer.headers["strict-transport-security"]
        own = {"cookie": engineer, "origin": door.origin(port), "sec_fetch_site": "same-origin"}
        for path in ("/api/2.0/mlflow/runs/set-tag", RUN, "/api/projects/1"):
            door.ask("POST", port, path, **own)
    assert [(one.server, one.method) for one in door.seen] == [
        *((name, "GET") for name in ("mlflow",)),
        ("mlflow", "POST"),
        *(("prefect", "GET"), ("prefect", "POST")),
        *(("evidently", "GET"), ("evidently", "POST")),
    ]
    assert changes(db) == ["/api/2.0/mlflow/runs/set-tag", RUN, "/api/projects/1"]
    for one in door.seen:
        assert COOKIE not in one.headers.get("cookie", "")
        theirs = login("callwise", "of Prefect") if one.server == "prefect" else None
        assert one.headers.get("authorization") == theirs, "what a person sends is not passed on"
    assert "theme=dark" in door.seen[0].headers["cookie"]


def test_what_a_person_forges_for_the_question_is_not_asked(door: Door, db: Db) -> None:
    mia = f"{COOKIE}={signed_in(db, 'Mia', Role.MANAGER)}"
    own = {"cookie": mia, "origin": door.origin(PREFECT), "sec_fetch_site": "same-origin"}
    forged = {"x_forwarded_method": "GET", "x_forwarded_uri": "/", "x_forwarded_host": "elsewhere.example"}
    assert door.ask("POST", PREFECT, RUN, **own, **forged).status_code == 403
    assert door.ask("POST", PREFECT, RUN, **own, x_http_method_override="GET").status_code == 403
    eve = f"{COOKIE}={signed_in(db, 'Eve', Role.ENGINEER)}"
    stolen = {"cookie": eve, "origin": "https://elsewhere.example", **forged}
    assert door.ask("POST", PREFECT, RUN, **stolen).status_code == 403
    assert door.ask("POST", PREFECT, RUN, cookie=eve, origin=door.origin(APP)).status_code == 403
    assert door.seen == []
    assert changes(db) == []


def test_a_path_that_is_written_otherwise_changes_nothing(door: Door, db: Db) -> None:
    eve = signed_in(db, "Eve", Role.ENGINEER)
    host = f"callwise.localhost:{door.ports[PREFECT]}"
    for path in (
        *("/api/deployments/", "//api/deployments/", "/api/flow_runs/filter/../../deployments/"),
        *("/api/flow_runs/%2e%2e/deployments/", "/api/flow_runs/filter%2f..%2f..%2fdeployments/"),
    ):
        line = door.raw(
            PREFECT,
            f"POST {path} HTTP/1.1\nHost: {host}\nCookie: {COOKIE}={eve}\nOrigin: https://{host}\n"
            "Sec-Fetch-Site: same-origin\nContent-Length: 0\nConnection: close\n\n",
        )
        assert " 403" in line or " 400" in line, (path, line)
    assert door.seen == []


def test_no_tunnel_reaches_a_server(door: Door, db: Db) -> None:
    known = {
        "cookie": f"{COOKIE}={signed_in(db, 'Eve', Role.ENGINEER)}",
        "authorization": login("scoring", "of the scoring login"),
    }
    for port in (APP, *TOOLS):
        for path in ("/", "/v2/models/x"):
            assert door.ask("CONNECT", port, path, **known).status_code == 405
    assert door.seen == []


def test_no_web_socket_reaches_a_tool(door: Door, db: Db) -> None:
    eve = signed_in(db, "Eve", Role.ENGINEER)
    for port in TOOLS:
        host = f"callwise.localhost:{door.ports[port]}"
        line = door.raw(
            port,
            f"GET /api/events/in HTTP/1.1\nHost: {host}\nCookie: {COOKIE}={eve}\nOrigin: https://{host}\n"
            "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n",
        )
        assert " 403" in line, line
    assert door.seen == []


@pytest.mark.parametrize("path", ["/door/prefect", "/door/x/y", "//door/prefect", "/DOOR/prefect", "/door%2Fprefect"])
def test_the_question_itself_is_the_doors_alone(door: Door, db: Db, path: str) -> None:
    eve = f"{COOKIE}={signed_in(db, 'Eve', Role.ENGINEER)}"
    forged = {"x_forwarded_method": "POST", "x_forwarded_uri": RUN, "x_forwarded_host": "x", "origin": "https://x"}
    answer = door.ask("GET", APP, path, cookie=eve, **forged)
    assert answer.status_code == 404 or answer.text == "the screens"
    assert changes(db) == []


def test_scores_are_given_to_their_login_alone(door: Door, db: Db) -> None:
    path = "/v2/models/prospect-scorer/infer"
    eve = f"{COOKIE}={signed_in(db, 'Eve', Role.ENGINEER)}"
    wrong = [
        *("", "Basic", "Basic *", "Basic Kg==", "Bearer x", login("scoring", ""), login("", "of the scoring login")),
        *(login("scoring", "of the scoring logi"), login("scoring", "of the scoring login "), login("root", "x")),
    ]
    for one in wrong:
        answer = door.ask("POST", APP, path, cookie=eve, **({"authorization": one} if one else {}))
        assert answer.status_code == 401, one
        assert answer.headers["www-authenticate"] == "Basic realm=scoring"
    assert door.seen == []
    right = {"authorization": login("scoring", "of the scoring login"), "cookie": eve}
    assert door.ask("POST", APP, path, **right).text == "mlserver"
    assert door.ask("POST", APP, "/v2/repository/models/prospect-scorer/unload", **right).status_code == 404
    assert [(one.server, one.path) for one in door.seen] == [("mlserver", path)]
    assert "authorization" not in door.seen[0].headers
    assert COOKIE not in door.seen[0].headers.get("cookie", "")


def test_figures_are_read_and_with_no_body(door: Door) -> None:
    """What serves them leaves a body unread and closes, and the door would say 502."""
    right = login("metrics", "of the metrics login")
    head = f"Host: {NAME}:{door.ports[APP]}\nAuthorization: {right}\nConnection: close\n"
    for name in ("monitor", "app", "api", "scoring", "worker", "prefect"):
        assert door.ask("PROPFIND", APP, f"/metrics/{name}", authorization=right).status_code == 405
        sized = door.raw(APP, f"GET /metrics/{name} HTTP/1.1\n{head}Content-Length: 4\n\nbody")
        assert sized.split()[1] == "413"
    assert door.seen == []
    assert door.ask("HEAD", APP, "/metrics/app", authorization=right).status_code != 405
    empty = door.raw(APP, f"GET /metrics/app HTTP/1.1\n{head}Content-Length: 0\n\n")
    assert empty.split()[1] == "200"


def test_figures_are_given_to_their_login_alone_and_it_opens_nothing_else(door: Door, db: Db) -> None:
    eve = f"{COOKIE}={signed_in(db, 'Eve', Role.ENGINEER)}"
    names = ("monitor", "app", "api", "scoring", "worker", "prefect")
    for one in (
        "",
        "Basic",
        login("metrics", ""),
        login("scoring", "of the scoring login"),
        login("metrics", "guessed"),
    ):
        for name in names:
            answer = door.ask("GET", APP, f"/metrics/{name}", cookie=eve, **({"authorization": one} if one else {}))
            assert answer.status_code == 401, (one, name)
    assert door.seen == []
    right = {"authorization": login("metrics", "of the metrics login"), "cookie": eve}
    answers = {name: door.ask("GET", APP, f"/metrics/{name}", **right).status_code for name in names}
    assert answers == dict.fromkeys(names, 200)
    assert [(one.server, one.path) for one in door.seen] == [
        *(("monitor", "/metrics"), ("app", "/metrics"), ("api", "/metrics"), ("mlserver", "/metrics")),
        *(("prefect-worker", "/metrics"), ("prefect", "/api/metrics")),
    ]
    for asked in door.seen:
        theirs = login("callwise", "of Prefect") if asked.server == "prefect" else None
        assert asked.headers.get("authorization") == theirs
        assert COOKIE not in asked.headers.get("cookie", "")
    assert door.ask("GET", APP, "/metrics/elsewhere", **right).status_code == 404
    assert door.ask("GET", APP, "/v2/models/prospect-scorer", **right).status_code == 401
    only = {"authorization": right["authorization"]}
    assert all(door.ask("GET", port, "/", **only).status_code == 401 for port in TOOLS)


def test_where_the_app_is_away_no_tool_opens(db: Db, tmp_path: Path) -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("the app has a fault")

    with running(broken, tmp_path) as door:
        token = signed_in(db, "Eve", Role.ENGINEER)
        for port in TOOLS:
            assert door.ask("GET", port, "/", cookie=f"{COOKIE}={token}").status_code >= 500
        assert door.seen == []


def test_the_api_gets_its_token_and_no_session(db: Db, tmp_path: Path) -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("nothing of this is for the screens")

    with running(app, tmp_path) as door:
        answer = door.ask("POST", APP, "/api/changes", authorization="Bearer cw_x", cookie=f"{COOKIE}=secret; other=1")
        assert answer.status_code == 200
        assert door.ask("GET", APP, "/api/health", upgrade="websocket", connection="Upgrade").status_code == 403
        [seen] = door.seen
        assert (seen.server, seen.path, seen.headers["authorization"]) == ("api", "/api/changes", "Bearer cw_x")
        assert "secret" not in seen.headers.get("cookie", "")
        door.seen.clear()
        door.ask("GET", APP, "/apix")
        assert door.seen == [], "another address is the screens'"
