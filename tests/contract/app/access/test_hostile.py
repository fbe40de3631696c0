"""A short run of `scripts/bench fuzz` at the door and the screens behind it: whatever comes is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from app.access import probe, single_sign_on, tool_door
from app.access.door import Guard, Reception, routes
from app.second_factor import own_passkeys, second_step_page
from app.shell.appliance import SessionLimits
from bench.fuzz import waiting_code
from bench.fuzz.hostile import Hostile
from bench.fuzz.senders import OWN, TOOLS, Target, at_screens, send
from bench.fuzz.totals import Totals
from core.accounts.one_time_codes import KeyRing
from core.accounts.second_factor import FactorRules
from core.stores.mongo import Db
from tests.caddy import NAME, Door, running

pytestmark = pytest.mark.mongo
AT_THE_DOOR, BEHIND_IT = 2_000, 500
APP, MLFLOW = 8443, 8444
KEYS = KeyRing("a key of these tests")


@pytest.fixture
def door(db: Db, tmp_path: Path) -> Iterator[Door]:
    desk = Reception(db, SessionLimits(), app_page="https://callwise.test:8443", factor=FactorRules(KEYS))
    waiting_code.make_account(db, KEYS)
    app = Starlette(
        routes=[
            *(*routes(lambda: desk), *single_sign_on.routes(lambda: desk, lambda: None)),
            *(*probe.routes(lambda: desk), *tool_door.routes(lambda: desk)),
            *(*second_step_page.routes(lambda: desk), *own_passkeys.routes(lambda: desk)),
        ],
        middleware=[Middleware(Guard, reception=lambda: desk)],
    )
    with running(app, tmp_path) as made:
        yield made


def _target(what: str, port: int, roots: Sequence[str]) -> Target:
    return Target(what, port, NAME, 1, lambda random: Hostile(random, f"{NAME}:{port}", roots))


def test_hostile_requests_are_answered_and_reach_no_tool(door: Door, db: Db) -> None:
    totals, app = Totals(), f"{NAME}:{door.ports[APP]}"
    screens = Target(
        "screens", door.ports[APP], NAME, 1, lambda random: at_screens(random, app, "https", waiting_code.cookie(db))
    )
    send(_target("the door itself", door.ports[APP], OWN), AT_THE_DOOR, totals, seed=11)
    send(screens, BEHIND_IT, totals, seed=11)
    send(_target("tools", door.ports[MLFLOW], TOOLS), BEHIND_IT, totals, seed=11)
    assert totals.many == AT_THE_DOOR + 2 * BEHIND_IT
    assert totals.examples == []
    answers = {key.rpartition(" ")[2] for key in totals.answers}
    assert {"400", "401", "404"} <= answers, "the requests reach what they are meant for"
    assert db.attempts.find_one({"_id": {"$regex": "code"}}), "codes are typed"
    assert door.process.poll() is None
    assert door.seen == [], "nobody was signed in"
