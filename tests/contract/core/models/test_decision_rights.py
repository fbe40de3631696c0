"""Whoever decides about models does so with the rights of its account: a server with logins refuses more."""

from __future__ import annotations

import pytest

from core.models import upkeep
from core.models.succession import Succession
from core.stores.mongo import Db
from monitor.trials.refresh import RefreshRules
from monitor.trials.upkeep import UpkeepJob
from tests.aliases import Aliases
from tests.contract.core.calls.test_call_rights import beyond
from tests.questions import listened_to

pytestmark = pytest.mark.mongo


def test_the_trainer_may_do_what_a_hand_over_does(db: Db) -> None:
    with listened_to(db) as (heard, questions):
        line = Succession(heard, "scorer", Aliases(), by="trainer")
        line.promote("1", why="the first")
        upkeep.hand_in(line, "2", why="newer outcomes", champion="1")
        line.start_trial("3", why="a new recipe")
        line.sync()
    assert beyond("prefect-worker", questions) == set()


def test_the_monitor_may_do_what_the_upkeep_does(db: Db) -> None:
    names = Aliases()
    Succession(db, "scorer", names, by="trainer").promote("1", why="the first")
    upkeep.hand_in(Succession(db, "scorer", names, by="trainer"), "2", why="newer outcomes")
    with listened_to(db) as (heard, questions):
        line = Succession(heard, "scorer", names, by="monitor")
        serving = {"refused_versions": "", "refused": "", "refresh": ""}
        for _ in range(2):
            UpkeepJob(heard, line, lambda: dict(serving), RefreshRules(), list_hours=0.0).advance()
    assert Succession(db, "scorer", names, by="a test").state().refresh == "2"
    assert beyond("monitor", questions) == set()
