"""The client of the scoring service."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import httpx

from core import v2
from core.errors import InputError, Unavailable
from core.schema import Schema, Value
from core.settings import ScoringSettings


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

    def score(
        self, rows: Sequence[Mapping[str, Value]], prospects: Sequence[str], *, request_id: str | None = None
    ) -> list[v2.Score]:
        """The scores of n rows, in their order.

        Repeating a call with the same `request_id` writes the same log records again, not new ones. Raises InputError
        when the service names a broken rule, Unavailable when it does not answer.
        """
        body = v2.request(self._schema, rows, prospects, request_id or uuid.uuid4().hex)
        try:
            reply = self._http.post(f"{self._path}/infer", json=body)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"The scoring service did not answer: {error}.",
                kept="Nothing was changed.",
                next="The list keeps its last ranking; try again in a moment.",
            ) from error
        if httpx.codes.is_client_error(reply.status_code):
            raise InputError(_reason(reply))
        if not reply.is_success:
            raise Unavailable(
                f"The scoring service answered {reply.status_code}: {_reason(reply)}.", next="Try again in a moment."
            )
        return v2.scores(reply.json())


def _reason(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return reply.text[:200]
