"""A request with an Idempotency-Key is done once, whoever sends it how often, and whatever dies on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.access import repeated
from core.accounts.tokens import Scope
from core.calls.campaigns import State, set_state
from tests.contract.api.conftest import Api, Moving
from tests.contract.api.test_dialler import PHONE, campaign, claim

__all__ = ["campaign"]
ONCE = {"Idempotency-Key": "order-1"}


def test_two_clients_with_one_key_get_one_answer(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS, Scope.CONTACTS)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: claim(campaign, headers, **ONCE), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
    assert campaign.db.prospects.count_documents({"claim.by": "dialler/ann"}) == 1


def test_another_body_under_the_key_is_refused_and_another_token_has_its_own(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS)
    first = claim(campaign, headers, **ONCE)
    refused = claim(campaign, headers, "bo", **ONCE)
    assert (refused.status_code, "another request" in refused.json()["detail"]) == (422, True)
    other = claim(campaign, campaign.token(Scope.CALLS, name="other"), **ONCE)
    assert other.json()["person"]["prospect"] != first.json()["person"]["prospect"]


def test_the_kept_answer_holds_no_name_and_no_number_in_plain_text(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS, Scope.CONTACTS)
    assert PHONE in claim(campaign, headers, **ONCE).text
    kept = list(campaign.db.answers.find({}))
    assert len(kept) == 1
    assert PHONE not in str(kept)
    assert PHONE[-6:] not in str(kept)
    assert kept[0]["prospects"] == [campaign.db.prospects.find_one({"claim.by": "dialler/ann"})["_id"]]  # type: ignore[index]


def test_after_a_death_the_work_is_done_again_and_found(
    campaign: Api, clock: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = campaign.token(Scope.CALLS)
    with monkeypatch.context() as patched:
        patched.setattr(repeated.Answers, "keep", lambda *_: None)  # the process died before it
        claim(campaign, headers, **ONCE)
    held = campaign.db.prospects.find_one({"claim.by": "dialler/ann"})
    assert held, "the work was done, and its answer is lost"
    monkeypatch.setattr(repeated, "PATIENCE", 0.1)
    waits = claim(campaign, headers, **ONCE)
    assert (waits.status_code, waits.headers["retry-after"]) == (409, "1")
    clock.pass_by(seconds=repeated.GIVEN.total_seconds() + 1)
    assert claim(campaign, headers, **ONCE).json()["person"]["prospect"] == held["_id"]


def test_a_key_is_free_again_after_a_day(campaign: Api, clock: Moving) -> None:
    headers = campaign.token(Scope.CALLS)
    claim(campaign, headers, **ONCE)
    clock.pass_by(hours=23)
    assert claim(campaign, headers, "bo", **ONCE).status_code == 422
    clock.pass_by(hours=2)
    assert claim(campaign, headers, "bo", **ONCE).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_cannot_be_one_is_refused(campaign: Api, key: str) -> None:
    refused = claim(campaign, campaign.token(Scope.CALLS), **{"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["column"]) == (422, "Idempotency-Key")


def test_a_failure_of_the_server_is_not_kept(campaign: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = campaign.token(Scope.CALLS)
    with monkeypatch.context() as patched:
        patched.setattr("api.calls.routes.claims.claim", lambda *_, **__: 1 / 0)
        failed = claim(campaign, headers, **ONCE)
    assert failed.status_code == 500
    assert "Traceback" not in failed.text
    assert "ZeroDivision" not in failed.text


def test_what_stands_in_the_way_now_is_no_answer_for_later(campaign: Api) -> None:
    headers = campaign.token(Scope.CALLS)
    set_state(campaign.db, "autumn", State.PAUSED, by="Mia")
    assert claim(campaign, headers, **ONCE).status_code == 409
    set_state(campaign.db, "autumn", State.OPEN, by="Mia")
    assert claim(campaign, headers, **ONCE).status_code == 200
