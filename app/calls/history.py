"""The earlier calls to a person, for the card: time, agent, result, note."""

from __future__ import annotations

from typing import Any

from app.desk.note_field import note_words
from app.desk.result_names import OwnNames, call_name
from app.language import _, formats
from core.calls.contact_keys import ContactKeys
from core.desk import notes
from core.stores.mongo import Db, Document, reachable

SHOWN = 10


def calls(db: Db, prospect: Document, *, everywhere: bool) -> list[Document]:
    """The newest `SHOWN` calls; of all campaigns if a ref means the same person `everywhere`. Raises Unavailable."""
    whose: dict[str, Any] = {"ref": prospect["ref"]} if everywhere else {"prospect": prospect["_id"]}
    with reachable():
        made = [call for call in db.calls.aggregate([{"$match": whose}]) if not call.get("undone")]
    return sorted(made, key=lambda call: (call["at"], call["_id"]), reverse=True)[:SHOWN]


def rows(
    made: list[Document], prospect: Document, names: OwnNames, keys: ContactKeys | None, zone: str | None
) -> list[dict[str, str]]:
    """The calls as rows of the table, each with its campaign if that is another one; notes if there are any."""
    found = [notes.of_call(keys, call) for call in made]
    shown = []
    for call, note in zip(made, found, strict=True):
        what = call_name(call, names)
        if call["again"]:
            when = formats.moment(call["again"]["at"], zone)
            what = _("{result}, promised for {when}").format(result=what, when=when)
        if call["campaign"] != prospect["campaign"]:
            what += f" ({call['campaign']})"
        row = {
            _("When"): formats.plain(formats.moment(call["at"], zone)),
            _("Who"): formats.plain(call["agent"]),
            _("What"): formats.plain(what),
        }
        if any(found):
            row[_("Note")] = formats.plain(" ".join(note_words(note).split())) if note else ""
        shown.append(row)
    return shown
