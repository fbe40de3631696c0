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

# The server answers 422 to a body that is not V2 at all.
REFUSED = frozenset({httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY})


class ScoringClient:
    """Asks MLServer for scores over the V2 protocol. May be shared between threads."""

    def __init__(self, settings: ScoringSettings, schema: Schema, *, timeout_seconds: float = 30.0) -> None:
        self._schema = schema
        self._http = httpx.Client(base_url=settings.mlserver_url, timeout=timeout_seconds, trust_env=False)
        self._path = f"/v2/models/{settings.callwise_model_name}"

    def ready(self) -> bool:
        """Whether a champion is loaded, so that requests get scores."""
        try:
            return self._http.get(f"{self._path}/ready").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def state(self) -> dict[str, str | int | float]:
        """The service's state, with the keys of `serving.runtime`: its models, refusals, spool. Raises Unavailable."""
        return dict(self._answer(lambda: self._http.get(self._path)).json()["parameters"])

    def score(
        self,
        rows: Sequence[Mapping[str, Value]],
        prospects: Sequence[str],
        *,
        request_id: str | None = None,
        with_reasons: bool = False,
    ) -> list[protocol.Score]:
        """The scores of n rows (at most `protocol.MAX_ROWS`) in their order, with their reasons on request.

        A repeated call with the same `request_id` and rows returns the answer that was logged first. Raises InputError
        for a broken rule, Conflict when the id was used for other rows, Unavailable without an answer (repeat it then).
        """
        return self._ask(
            protocol.request(self._schema, rows, prospects, request_id or uuid.uuid4().hex, with_reasons=with_reasons)
        )

    def what_if(self, rows: Sequence[Mapping[str, Value]]) -> list[protocol.Score]:
        """The champion's scores of n rows (at most `protocol.MAX_ROWS`), not logged. Raises InputError, Unavailable."""
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
