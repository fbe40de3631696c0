"""People come in by JSON, CSV and Parquet with the same rules; lists, wishes, erasures and the feed are read whole."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from api.http import cursors
from core.accounts.tokens import Scope
from core.feed import sequence
from core.feed.sequence import Change, What
from tests.contract.api.conftest import Api
from tests.contract.api.test_dialler import PHONE, campaign, claim, people

__all__ = ["campaign"]
ROWS = [
    {"id": "1", "source": "Web", "income": 1200.5, "opted": "yes", "mobile": PHONE},
    {"id": "2", "source": "Web", "income": -1.0, "opted": "yes", "mobile": PHONE},
    {"id": "3", "source": "Fair", "income": 2.0, "opted": "perhaps", "mobile": PHONE},
]


def as_csv() -> bytes:
    return pd.DataFrame(ROWS).to_csv(index=False).encode()


def as_parquet() -> bytes:
    target = io.BytesIO()
    pd.DataFrame(ROWS).to_parquet(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("media", "body"),
    [("text/csv", as_csv()), ("application/vnd.apache.parquet", as_parquet()), ("application/json", None)],
    ids=["csv", "parquet", "json"],
)
def test_each_form_meets_the_same_rules_and_the_good_rows_go_in(api: Api, media: str, body: bytes | None) -> None:
    headers = {**api.token(Scope.PEOPLE_WRITE), "Content-Type": media}
    sent: dict[str, Any] = {"json": {"people": ROWS}} if body is None else {"content": body}
    answer = api.client.post(f"{api.kind}/campaigns/autumn/people", headers=headers, **sent)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["state"], said["inserted"], said["rejected"]) == ("done", 1, 2)
    assert [(one["row"], one["column"]) for one in said["rejects"]] == [(2, "income"), (3, "opted")]
    assert all(one["rule"] for one in said["rejects"])
    asked = api.client.get(f"{api.kind}/imports/{said['imported']}", headers=headers)
    assert asked.json()["inserted"] == 1


def test_a_person_is_changed_by_their_reference(api: Api) -> None:
    headers = api.token(Scope.PEOPLE_WRITE, Scope.SCORES)
    address = f"{api.kind}/campaigns/autumn/people/0007"
    counts = []
    for income in (1.5, 2.5, 2.5):
        answer = api.client.put(address, json={"values": {"opted": "yes", "income": income}}, headers=headers).json()
        counts.append((answer["inserted"], answer["changed"], answer["unchanged"]))
    assert counts == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    found = api.client.get(f"{api.kind}/campaigns/autumn/person?reference=7", headers=headers).json()
    assert (found["reference"], found["score"], found["values"]["income"]) == ("0007", None, 2.5)


def test_a_body_that_is_too_large_packed_or_of_another_type_is_refused(make_api: Any) -> None:
    api = make_api(CALLWISE_API_MEGABYTES="1")
    headers, address = api.token(Scope.PEOPLE_WRITE), f"{api.kind}/campaigns/autumn/people"
    large = api.client.post(address, content=b"x" * 1_000_001, headers={**headers, "Content-Type": "text/csv"})
    packed = api.client.post(address, content=b"x", headers={**headers, "Content-Encoding": "gzip"})
    other = api.client.post(address, content=b"x", headers={**headers, "Content-Type": "text/plain"})
    assert [answer.status_code for answer in (large, packed, other)] == [413, 415, 422]
    assert {answer.headers["content-type"] for answer in (large, packed, other)} == {"application/problem+json"}


def test_the_ranked_list_is_read_whole_by_its_cursor(campaign: Api) -> None:
    api = campaign
    api.client.post(
        f"{api.kind}/campaigns/autumn/people", json=people(9), headers=api.token(Scope.PEOPLE_WRITE, name="more")
    )
    for number, score in ((1, 0.5), (2, 0.9), (3, 0.5), (4, 0.1)):
        api.db.prospects.update_one({"_id": f"autumn:{number}"}, {"$set": {"score": score}})
    headers, found = api.token(Scope.LIST_READ), list[Any]()
    cursor: str | None = ""
    while cursor is not None:
        page = api.client.get(f"{api.kind}/campaigns/autumn/people?limit=2{cursor}", headers=headers).json()
        found += [person["prospect"] for person in page["people"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    ranked = [f"autumn:{number}" for number in (2, 1, 3, 4)]
    assert found == [*ranked, *(f"autumn:{number}" for number in range(5, 10))]
    wrong = api.client.get(f"{api.kind}/campaigns/autumn/people?cursor=abc", headers=headers)
    assert (wrong.status_code, wrong.json()["column"]) == (422, "cursor")


def test_a_wish_holds_at_once_and_is_listed(campaign: Api) -> None:
    api, headers = campaign, campaign.token(Scope.WISHES, Scope.CALLS)
    for _ in range(2):
        answer = api.client.post(f"{api.kind}/wishes", json={"reference": "0001"}, headers=headers)
        assert (answer.status_code, answer.json()["by"]) == (200, "API: dialler")
    given = [claim(api, headers, f"agent {number}").json()["person"] for number in range(3)]
    assert {one["prospect"] for one in given if one} == {"autumn:2", "autumn:3"}
    listed = api.client.get("/api/wishes", headers=headers).json()
    assert [(one["reference"], listed["next"]) for one in listed["wishes"]] == [("1", None)]
    [event] = api.db.events.find({"what": "put on the do-not-call list"})
    assert (event["subject"], event["details"]) == ("do_not_call", {"people": 1, "campaigns": {"autumn": 1}}), (
        "nobody is named"
    )


def test_an_erasure_is_asked_for_once_and_a_person_file_has_every_record(campaign: Api) -> None:
    api, headers = campaign, campaign.token(Scope.PRIVACY, Scope.CONTACTS, Scope.CALLS)
    held = claim(api, headers, **{"Idempotency-Key": "one"}).json()["person"]
    reference = held["reference"]
    kept = api.client.get(f"{api.kind}/person-file?reference={reference}", headers=headers).json()["records"]
    assert kept["prospects"][0]["_id"] == held["prospect"]
    assert PHONE in kept["contacts"][0]["ways"][0]["text"]
    asked = [api.client.post(f"{api.kind}/erasures", json={"reference": reference}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert asked[0].json() == asked[1].json()
    state = api.client.get(f"/api/erasures/{asked[0].json()['erasure']}", headers=headers).json()
    assert state["status"] == "asked"


def test_the_feed_is_read_from_cursor_to_cursor(api: Api) -> None:
    headers, at = api.token(Scope.FEED), datetime(2026, 12, 1, 9, tzinfo=UTC)

    def add(*numbers: int) -> None:
        sequence.append(
            api.db, [Change(f"call::{n}", What.CALL_RECORDED, "", at, f"autumn:{n}", {"again": at}) for n in numbers]
        )

    add(*range(5))
    seen, since = list[int](), ""
    for _ in range(4):
        page = api.client.get(f"/api/changes?limit=2{since}", headers=headers).json()
        seen += [one["change"] for one in page["changes"]]
        assert page["more"] == (len(seen) < 5)
        since = f"&since={page['next']}"
    assert seen == [1, 2, 3, 4, 5]
    add(9)
    page = api.client.get(f"/api/changes?limit=2{since}", headers=headers).json()
    assert [(one["change"], one["kind"], one["what"]) for one in page["changes"]] == [(6, "customers", "call.recorded")]
    ahead = api.client.get(f"/api/changes?since={cursors.encode(1_000)}", headers=headers)
    assert ahead.status_code == 409
    assert "restored from a backup" in ahead.json()["what"]


def test_a_wish_by_number_holds_in_any_spelling_and_one_for_a_campaign_there_alone(campaign: Api) -> None:
    headers = campaign.token(Scope.WISHES, name="crm-wishes")
    asked = {"number": "0049 30 901820-1", "campaign": "autumn", "until": "2999-01-01T00:00:00Z"}
    made = campaign.client.post(f"{campaign.kind}/wishes", json=asked, headers=headers)
    assert made.status_code == 200, made.text
    wish = made.json()
    assert (wish["reference"], wish["campaign"], wish["source"]) == (None, "autumn", "api")
    assert wish["until"].startswith("2999-01-01")
    assert {p["ref"]: p["status"] for p in campaign.db.prospects.find()} == {"1": "off", "2": "open", "3": "open"}
    over = {"reference": "2", "until": "2000-01-01T00:00:00Z"}
    for wrong in ({}, {"reference": "1", "number": "+49 30 901820"}, {"number": "no number"}, over):
        refused = campaign.client.post(f"{campaign.kind}/wishes", json={"why": "x", **wrong}, headers=headers)
        assert refused.status_code == 422, refused.text
    unknown = {"reference": "2", "campaign": "nowhere"}
    assert campaign.client.post(f"{campaign.kind}/wishes", json=unknown, headers=headers).status_code == 404


def test_keys_with_more_digits_than_a_number_holds_stay_two_people(api: Api) -> None:
    headers = api.token(Scope.PEOPLE_WRITE, name="crm")
    keys = [12345678901234567890, 12345678901234567891]
    people = [{"id": key, "source": "Web", "opted": "yes"} for key in keys]
    made = api.client.post(f"{api.kind}/campaigns/winter/people", json={"people": people}, headers=headers).json()
    assert (made["inserted"], made["rejected"]) == (2, 0)
    assert {p["ref"] for p in api.db.prospects.find()} == {str(key) for key in keys}
