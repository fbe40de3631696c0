"""The earlier calls to a person, for the card: time, agent, result."""

from __future__ import annotations

from typing import Any

from app.calls import result_words
from app.language import _, formats
from core.calls.lifecycle import Result
from core.stores.mongo import Db, Document, reachable

SHOWN = 10


def calls(db: Db, prospect: Document, *, everywhere: bool) -> list[Document]:
    """The newest `SHOWN` calls; of all campaigns if a ref means the same person `everywhere`. Raises Unavailable."""
    whose: dict[str, Any] = {"ref": prospect["ref"]} if everywhere else {"prospect": prospect["_id"]}
    with reachable():
        made = [call for call in db.calls.aggregate([{"$match": whose}]) if not call.get("undone")]
    return sorted(made, key=lambda call: (call["at"], call["_id"]), reverse=True)[:SHOWN]


def row(call: Document, prospect: Document, zone: str | None) -> dict[str, str]:
    """A call as a row of the table; with its campaign if that is another one."""
    what = result_words.label(Result(call["result"]))
    if call["again"]:
        when = formats.moment(call["again"]["at"], zone)
        what = _("{result}, promised for {when}").format(result=what, when=when)
    if call["campaign"] != prospect["campaign"]:
        what += f" ({call['campaign']})"
    return {
        _("When"): formats.plain(formats.moment(call["at"], zone)),
        _("Who"): formats.plain(call["agent"]),
        _("What"): formats.plain(what),
    }
