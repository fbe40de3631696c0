"""The feed of changes: calls, results taken back, and wishes, in an order that never changes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from api.access.scoped import opens, router
from api.house import Houses, houses_of
from api.http import cursors
from api.http.plain import plain
from core.accounts.tokens import Scope
from core.errors import Conflict
from core.feed import sequence
from core.feed.sequence import What
from core.sentences import Sentence

routes = router("feed")
MOST = 1_000


class Change(BaseModel):
    """Something that happened. `change` is its place in the feed: the same one never has two."""

    change: int = Field(examples=[1207])
    what: What
    kind: str = Field(examples=["bank-marketing"])
    at: datetime
    content: dict[str, Any] = Field(examples=[{"call": "autumn:17:1", "result": "sold"}])


class Changes(BaseModel):
    """One page of the feed. `next` is always there: ask again with it."""

    changes: list[Change]
    next: str = Field(description="cursor to hand in as `since`")
    more: bool = Field(description="whether more is there already")


@routes.get("/changes", summary="Feed of changes", **opens(Scope.FEED))
def changes(
    request: Request,
    since: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Changes:
    """What happened since a cursor, the oldest first. Whoever hands in each cursor once gets everything once.

    A cursor ahead of the feed answers 409: a restore took the feed back to the time of its backup.
    """
    houses = houses_of(request)
    place = max(0, cursors.decode(since, int)[0]) if since else 0
    if place > sequence.last_place(houses.home):
        raise Conflict(
            Sentence("The cursor is ahead of the feed: the appliance was restored from a backup."),
            kept=Sentence("The feed goes on from the backup."),
            next=Sentence("Begin without a cursor, and compare the calls by their key."),
        )
    found = sequence.after(houses.home, place, limit + 1)
    page = found[:limit]
    return Changes(
        changes=[shown(entry, houses) for entry in page],
        next=cursors.encode(page[-1].place if page else place),
        more=len(found) > limit,
    )


def shown(entry: sequence.Entry, houses: Houses) -> Change:
    """The entry as the feed gives it."""
    change = entry.change
    kind = change.kind or houses.shipped
    return Change(change=entry.place, what=change.what, kind=kind, at=change.at, content=plain(change.content))
