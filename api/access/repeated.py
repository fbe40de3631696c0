"""Answers that are kept, so that a request with an `Idempotency-Key` is done once however often it is sent.

    answers  {_id, digest, until, deadline, attempt, answer: {status, type, sealed} or None, prospects}

`_id` is of the token and the key, `digest` of method, address and body. The first request writes the document and then
does its work; a second one waits for its answer, and gets the same. If the process died, the `deadline` passes, and the
next request does the work again: all of it has natural keys, so what was done is found, not done twice. An answer is
kept for a day, encrypted: it may hold a name or a number. `prospects` are those it is about, for an erasure.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.http import problems
from core.accounts.tokens import Token
from core.clock import Clock, now
from core.errors import InputError
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable
from core.values.key_ring import KeyRing

HEADER = "idempotency-key"
LONGEST = 255
KEPT = timedelta(hours=24)
GIVEN = timedelta(seconds=60)
"""The time after which a request that has no answer counts as dead."""
PATIENCE, PAUSE = 20.0, 0.05
"""Seconds that a second request waits for the answer of the first, and between two looks."""


@dataclass(frozen=True)
class Answers:
    """The answers of one appliance; without a `ring`, nothing in them is a name or a number."""

    home: Db
    ring: KeyRing | None
    clock: Clock = now

    def begin(self, key: str, digest: str) -> Document | None:
        """Reserve `key`; None if this request is to do the work, else the document of the first. Raises Unavailable."""
        at = self.clock()
        fresh: Document = {
            "_id": key,
            "digest": digest,
            "until": int((at + KEPT).timestamp()),
            "deadline": int((at + GIVEN).timestamp()),
            "attempt": 1,
            "answer": None,
            "prospects": [],
        }
        with reachable():
            try:
                self.home.answers.insert_one(fresh)
                return None
            except DuplicateKeyError:
                known = self.home.answers.find_one({"_id": key})
            if known is None:
                return fresh  # cleared at this moment; the caller looks again
            if known["until"] < int(at.timestamp()):
                return None if self._take(known, fresh) else fresh
            if known["digest"] == digest and known["answer"] is None and known["deadline"] < int(at.timestamp()):
                return None if self._take(known, {"deadline": fresh["deadline"]}) else fresh
        return known

    def _take(self, known: Document, values: Document) -> bool:
        """Go on with an entry whose request died or whose time is over; False if another request was quicker."""
        values = {name: value for name, value in values.items() if name != "_id"} | {"attempt": known["attempt"] + 1}
        seen = {"_id": known["_id"], "attempt": known["attempt"]}
        return (
            self.home.answers.find_one_and_update(seen, {"$set": values}, return_document=ReturnDocument.AFTER)
            is not None
        )

    def keep(self, key: str, response: Response, prospects: list[str]) -> None:
        """Keep the answer, so that a repeated request gets it again.

        What holds for the moment alone is not kept, and the request can be repeated: a failure of the server's own, and
        a conflict, as with an import that a killed process left.
        """
        with reachable():
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code == HTTPStatus.CONFLICT:
                self.home.answers.update_one({"_id": key, "answer": None}, {"$set": {"deadline": 0}})
                return
            body = bytes(response.body).decode()
            answer = {
                "status": response.status_code,
                "type": response.media_type or "application/json",
                "sealed": self.ring.seal(body.encode()) if self.ring else body,
            }
            self.home.answers.update_one({"_id": key}, {"$set": {"answer": answer, "prospects": prospects}})

    def kept(self, document: Document) -> Response:
        """The answer in `document` again. Raises SettingsError if no key opens it."""
        answer = document["answer"]
        body = self.ring.open(answer["sealed"]) if self.ring else answer["sealed"].encode()
        return Response(body, answer["status"], {"Idempotency-Replayed": "true"}, media_type=answer["type"])


async def once(request: Request, token: Token, work: Callable[[Request], Awaitable[Response]]) -> Response:
    """The answer of `work`, done once for the request's key. Raises InputError for a key that cannot be one."""
    given, answers = request.headers[HEADER], answers_of(request)
    if not 0 < len(given) <= LONGEST or not given.isprintable():
        raise InputError(Sentence("A key has 1 to {longest} letters", longest=LONGEST), column="Idempotency-Key")
    key = hashlib.sha256(f"{token.key}\n{given}".encode()).hexdigest()
    digest = _digest(request, await request.body())
    waited = 0.0
    while True:
        known = await run_in_threadpool(answers.begin, key, digest)
        if known is None:
            break
        if known["digest"] != digest:
            what = "The Idempotency-Key was used for another request. Nothing was changed. Use a new key."
            return problems.respond(HTTPStatus.UNPROCESSABLE_ENTITY, what, what=what)
        if known["answer"] is not None:
            return await run_in_threadpool(answers.kept, known)
        if waited >= PATIENCE:
            what = "The first request with this Idempotency-Key is not answered yet. Send it again in a moment."
            return problems.respond(HTTPStatus.CONFLICT, what, headers={"Retry-After": "1"}, what=what)
        await asyncio.sleep(PAUSE)
        waited += PAUSE
    request.state.prospects = []
    response = await work(request)
    await run_in_threadpool(answers.keep, key, response, list(request.state.prospects))
    return response


def about(request: Request, *prospects: str) -> None:
    """Note that the answer is about these prospects."""
    if hasattr(request.state, "prospects"):
        request.state.prospects.extend(prospects)


def answers_of(request: Request) -> Answers:
    """The answers of this API."""
    answers: Answers = request.app.state.answers
    return answers


def _digest(request: Request, body: bytes) -> str:
    """What must be the same in a request that is repeated."""
    asked = json.dumps([request.method, request.url.path, request.url.query, request.headers.get("content-type", "")])
    return hashlib.sha256(asked.encode() + b"\n" + body).hexdigest()
