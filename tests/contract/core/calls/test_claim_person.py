"""An agent claims the person who is on the phone, and nobody else's."""

from __future__ import annotations

import pytest

from core.calls import do_not_call
from core.calls.campaigns import State, set_state
from core.calls.claims import claim_person
from core.errors import Conflict, NotFound
from core.stores.mongo import Db, Document
from tests.contract.core.calls.conftest import START

AT = START


def prospect(db: Db, status: str = "open", **values: object) -> Document:
    document: Document = {
        "_id": "spring:7", "campaign": "spring", "ref": "7", "row": 1, "status": status, "score": 0.4, "claim": None,
        "features": {}, **values,
    }  # fmt: skip
    db.campaigns.insert_one({"_id": "spring", "title": "Spring", "created_at": AT})
    db.prospects.insert_one(document)
    return document


@pytest.mark.parametrize("status", ["open", "callback", "paused"])
def test_whoever_is_still_to_be_called_is_claimed(db: Db, status: str) -> None:
    prospect(db, status)
    held = claim_person(db, "spring:7", "ann", clock=lambda: AT)
    assert held["claim"]["by"] == "ann"
    assert claim_person(db, "spring:7", "ann", clock=lambda: AT)["claim"]["by"] == "ann"
    with pytest.raises(Conflict, match="is now held by ann"):
        claim_person(db, "spring:7", "bob", clock=lambda: AT)


@pytest.mark.parametrize("status", ["done", "off", "withdrawn"])
def test_whoever_is_off_the_list_is_not(db: Db, status: str) -> None:
    prospect(db, status)
    with pytest.raises(Conflict, match="'7' is off the list"):
        claim_person(db, "spring:7", "ann", clock=lambda: AT)


def test_a_wish_stands_and_nobody_is_made_up(db: Db) -> None:
    prospect(db)
    do_not_call.add(db, "7", by="bob", at=AT, call="autumn:7:1")
    with pytest.raises(Conflict, match="off the list"):
        claim_person(db, "spring:7", "ann", clock=lambda: AT)
    with pytest.raises(NotFound, match="no prospect 'spring:8'"):
        claim_person(db, "spring:8", "ann", clock=lambda: AT)


def test_a_paused_campaign_offers_nobody(db: Db) -> None:
    prospect(db)
    set_state(db, "spring", State.PAUSED, by="Mia", clock=lambda: AT)
    with pytest.raises(Conflict, match="The campaign 'Spring' is"):
        claim_person(db, "spring:7", "ann", clock=lambda: AT)
