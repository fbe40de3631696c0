"""The client of the scoring service."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from core.errors import Conflict, InputError, Unavailable
from core.schema import Schema
from core.schema.column import Value
from core.scoring import protocol
from core.sentences import Sentence
from core.settings.addresses import ScoringSettings

# 422 is how the server says that a body is not V2 at all.
REFUSED = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY})


class ScoringClient:
    """Asks MLServer for scores over the V2 protocol. May be shared between threads."""

    def __init__(self, settings: ScoringSettings, schema: Schema, *, timeout_seconds: float = 30.0) -> None:
        self._schema = schema
        self._http = httpx.Client(base_url=settings.mlserver_url, timeout=timeout_seconds, trust_env=False)
        self._path = f"/v2/models/{settings.callwise_model_name}"

    def ready(self) -> bool:
        """Whether a champion is loaded and scores can be asked for."""
        try:
            return self._http.get(f"{self._path}/ready").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def state(self) -> dict[str, str | int | float]:
        """What the service says of itself: its models, what it refused, and the backlog of its spool.

        Keys are those of `serving.runtime`: champion, canary, champion_level, canary_level, canary_requests,
        canary_errors, canary_seconds, champion_seconds, refused_versions, refused, unexplained, registry, mongo,
        spool_waiting, spool_oldest_seconds, spool_disputed, reloaded, forgotten. Raises Unavailable.
        """
        reply = self._answer(lambda: self._http.get(self._path))
        return dict(reply.json()["parameters"])

    def score(
        self,
        rows: Sequence[Mapping[str, Value]],
        prospects: Sequence[str],
        *,
        request_id: str | None = None,
        with_reasons: bool = False,
    ) -> list[protocol.Score]:
        """The scores of n rows (at most `v2.MAX_ROWS`), in their order; with the reasons for each if asked to.

        Repeating a call with the same `request_id` and rows gives the answer that was logged the first time. Raises
        InputError when a rule is broken, Conflict when the id was already used for other rows, and Unavailable when
        there is no answer; the call may then be repeated.
        """
        return self._ask(
            protocol.request(self._schema, rows, prospects, request_id or uuid.uuid4().hex, with_reasons=with_reasons)
        )

    def what_if(self, rows: Sequence[Mapping[str, Value]]) -> list[protocol.Score]:
        """What the champion would say of n rows (at most `v2.MAX_ROWS`); nothing is logged, so nothing is a prediction.

        Raises InputError when a rule is broken, Unavailable.
        """
        nobody = ["what-if"] * len(rows)
        return self._ask(protocol.request(self._schema, rows, nobody, uuid.uuid4().hex, what_if=True))

    def _ask(self, body: Mapping[str, Any]) -> list[protocol.Score]:
        return protocol.scores(self._answer(lambda: self._http.post(f"{self._path}/infer", json=body)).json())

    def _answer(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            reply = ask()
        except httpx.HTTPError as error:
            raise Unavailable(
                Sentence("The scoring service did not answer: {error}.", error=str(error)),
                kept=Sentence("Nothing was changed."),
                next=Sentence("The list keeps its last ranking; try again in a moment."),
            ) from error
        if reply.status_code in REFUSED:
            raise InputError(_reason(reply))
        if reply.status_code == httpx.codes.CONFLICT:
            raise Conflict(_reason(reply))
        if not reply.is_success:
            raise Unavailable(
                f"The scoring service answered {reply.status_code}: {_reason(reply)}",
                next=Sentence("Try again in a moment."),
            )
        return reply


def _reason(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return reply.text[:200] or reply.reason_phrase
