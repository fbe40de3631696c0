"""A dialler's way through the API: people in, the next person, a result, and what the rules refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.accounts.tokens import Scope
from core.calls import do_not_call
from core.calls.campaigns import State, set_state
from core.calls.lifecycle import Result
from core.desk import notes, own_results
from tests.contract.api.conftest import Api
from tests.customers import CONTACT_KEYS

PHONE = "+49 30 901820"
ANN = {"agent": "ann"}


def people(many: int, **more: Any) -> dict[str, Any]:
    return {
        "people": [
            {"id": f"{n:04}", "source": "Web", "income": 1200.5, "opted": "yes", "mobile": f"{PHONE}{n}", **more}
            for n in range(1, many + 1)
        ]
    }


@pytest.fixture
def campaign(api: Api) -> Api:
    """Three people in the campaign `autumn`."""
    answer = api.client.post(
        f"{api.kind}/campaigns/autumn/people", json=people(3), headers=api.token(Scope.PEOPLE_WRITE, name="crm")
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["inserted"], answer.json()["rejected"]) == (3, 0)
    return api


def claim(api: Api, headers: dict[str, str], agent: str = "ann", **more: str) -> Any:
    asked = {"campaign": "autumn", "agent": agent}
    return api.client.post(f"{api.kind}/claims", json=asked, headers={**headers, **more})


def record(api: Api, headers: dict[str, str], **what: Any) -> Any:
    return api.client.post(f"{api.kind}/results", json={**ANN, "call": 1, **what}, headers=headers)


def test_a_dialler_claims_calls_and_records(campaign: Api) -> None:
    api, headers = campaign, campaign.token(Scope.CALLS, Scope.CONTACTS)
    first = claim(api, headers).json()["person"]
    assert first["claim"]["agent"] == "dialler/ann"
    assert first["contacts"][0]["number"].startswith("+4930901820")
    assert claim(api, headers).json()["person"]["prospect"] == first["prospect"], "an agent has one person at a time"
    other = claim(api, headers, "bo").json()["person"]
    assert other["prospect"] != first["prospect"]
    done = record(api, headers, prospect=first["prospect"], result="sold")
    assert (done.status_code, done.json()["counts"], done.json()["agent"]) == (200, True, "dialler/ann")
    assert record(api, headers, prospect=first["prospect"], result="sold").json() == done.json(), "again is the same"
    refused = record(api, headers, prospect=first["prospect"], result="refused")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["kept"] == "The first outcome is unchanged."
    assert [call["agent"] for call in api.db.calls.find({})] == ["dialler/ann"]


def test_without_the_scope_names_and_numbers_are_masked(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS)
    way = claim(campaign, headers).json()["person"]["contacts"][0]
    assert way == {"column": "mobile", "kind": "phone", "text": f"…{way['text'][1:]}", "number": "", "masked": True}
    assert len(way["text"]) == 4


def test_a_person_is_given_back_and_a_claim_renewed(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS)
    held = {"prospect": claim(campaign, headers).json()["person"]["prospect"], **ANN}
    renewed = campaign.client.post(f"{campaign.kind}/claims/renewal", json=held, headers=headers).json()
    assert renewed["held"]
    for _ in range(2):
        answer = campaign.client.post(f"{campaign.kind}/claims/release", json=held, headers=headers)
        assert answer.json() == {"released": True}
    renewed = campaign.client.post(f"{campaign.kind}/claims/renewal", json=held, headers=headers).json()
    assert renewed == {"held": False, "until": None}


def test_nobody_is_left(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS)
    given = [claim(campaign, headers, f"agent {n}").json()["person"] for n in range(4)]
    assert len({one["prospect"] for one in given[:3]}) == 3
    assert given[3] is None


def test_rules_hold_here_too(campaign: Api) -> None:
    api, headers = campaign, campaign.token(Scope.CALLS)
    do_not_call.add(api.db, "1", by="Ann", at=datetime.now(UTC), call="list:1")
    prospects = {claim(api, headers, f"agent {n}").json()["person"]["prospect"] for n in range(2)}
    assert "autumn:1" not in prospects
    assert record(api, headers, prospect="autumn:1", result="sold").status_code == 409
    late = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    held = next(iter(prospects))
    too_far = record(api, headers, agent="agent 0", prospect=held, result="callback", again=late)
    assert (too_far.status_code, too_far.json()["kept"]) == (422, "Nothing was recorded.")
    set_state(api.db, "autumn", State.PAUSED, by="Mia")
    paused = claim(api, headers, "new")
    assert (paused.status_code, paused.json()["type"]) == (409, "urn:callwise:conflict")
    api.db.campaigns.update_one({"_id": "autumn"}, {"$set": {"state": None, "agents": ["Ann"]}})
    assert claim(api, headers, "new").status_code == 409, "it is assigned to somebody else"
    api.db.campaigns.update_one({"_id": "autumn"}, {"$set": {"agents": ["Ann", "dialler/"]}})
    assert claim(api, headers, "new").status_code == 200, "it is assigned to the program's agents"


def test_only_who_was_given_a_person_records_a_result(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS)
    refused = record(campaign, headers, prospect="autumn:1", result="sold")
    assert (refused.status_code, refused.json()["next"]) == (409, "Claim the person first.")
    held = claim(campaign, headers).json()["person"]["prospect"]
    assert record(campaign, headers, prospect=held, result="sold", call=2).status_code == 409
    assert record(campaign, headers, prospect="autumn:99", result="sold").status_code == 404
    assert campaign.db.calls.find_one({}) is None


def test_a_result_is_kept_after_a_colleague_took_the_person(campaign: Api) -> None:
    api, headers = campaign, campaign.token(Scope.CALLS)
    held = claim(api, headers).json()["person"]["prospect"]
    api.db.prospects.update_one(
        {"_id": held}, {"$set": {"claim": {"by": "dialler/bo", "until": datetime.now(UTC) + timedelta(minutes=5)}}}
    )
    late = record(api, headers, prospect=held, result="sold").json()
    assert (late["late"], late["agent"]) == (True, "dialler/ann")
    assert record(api, headers, agent="bo", prospect=held, result="refused").status_code in (200, 409)
    assert api.db.calls.count_documents({"agent": "dialler/ann"}) == 1


def test_an_own_result_has_its_effect_and_a_note_is_kept_sealed(campaign: Api) -> None:
    api, headers = campaign, campaign.token(Scope.CALLS)
    own = own_results.add(api.db, "autumn", "voicemail", Result.NO_ANSWER, by="Mia")
    first = claim(api, headers).json()["person"]["prospect"]
    done = record(api, headers, prospect=first, own=own.key, note="after six").json()
    assert (done["result"], done["own"]) == ("no answer", own.key)
    stored = api.db.calls.find_one({"_id": f"{first}:1"}) or {}
    assert "after six" not in str(stored)
    note = notes.of_call(CONTACT_KEYS, stored)
    assert note is not None
    assert (note.text, note.by) == ("after six", "dialler/ann")
    second = claim(api, headers).json()["person"]["prospect"]
    assert record(api, headers, prospect=second, own="nothing").status_code == 404
    assert record(api, headers, prospect=second, own=own.key, result="sold").status_code == 422
    assert record(api, headers, prospect=second).status_code == 422


def test_whoever_asks_not_to_be_called_is_called_under_no_number_of_theirs(campaign: Api) -> None:
    api, headers = campaign, campaign.token(Scope.CALLS, Scope.PEOPLE_WRITE)
    first = claim(api, headers).json()["person"]
    number = f"{PHONE}{int(first['reference'])}"
    record(api, headers, prospect=first["prospect"], result="do not call")
    again = {"people": [{**people(1)["people"][0], "id": "0099", "mobile": number.replace(" ", "-")}]}
    assert api.client.post(f"{api.kind}/campaigns/autumn/people", json=again, headers=headers).status_code == 200
    assert (api.db.prospects.find_one({"_id": "autumn:99"}) or {})["status"] == "off"
