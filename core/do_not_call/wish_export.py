"""The do-not-call list as a table: people by their reference, numbers by where and when their wish was spoken.

A number cannot be read back: the list has a keyed hash of it, and the table says so by leaving it empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from core.clock import Clock, now
from core.files.spreadsheet_cells import escape
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable
from core.wishes import registers
from core.wishes.wish import Wish, holds

HEADER = ("what", "reference", "campaign", "source", "by", "since", "until", "reason", "numbers")


def export(db: Db, *, by: str, clock: Clock = now) -> bytes:
    """All wishes that hold now, as CSV in UTF-8; the event log notes who took it. Raises Unavailable."""
    out, at = io.StringIO(), clock()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    many = 0
    for row in rows(db, at):
        writer.writerow(row)
        many += 1
    event_log.append(db, who=by, what=Event.WISHES_EXPORTED, subject="do_not_call", clock=clock, entries=many)
    return ("\ufeff" + out.getvalue()).encode()


def rows(db: Db, at: datetime) -> Iterator[tuple[str, ...]]:
    """The rows of `export`, one a wish, and one a register. Raises Unavailable."""
    with reachable():
        for entry in db.do_not_call.find({}):
            if holds(entry, at):
                yield _row("person", str(entry.get("person") or entry["_id"]), entry)
        for entry in db.barred_numbers.find({}):
            if holds(entry, at):
                yield _row("number", "", entry)
        for register in registers.of(db):
            wish = registers.wish_in(register)
            yield ("register", "", "", wish.source, wish.by, _text(wish.at), "", "", str(register["many"]))


def _row(what: str, ref: str, entry: Document) -> tuple[str, ...]:
    wish = Wish.from_entry(entry)
    until = _text(datetime.fromtimestamp(wish.until / 1000, UTC)) if wish.until else ""
    campaign = str(entry.get("campaign") or "").lstrip("/")
    many = "1" if what == "number" else ""
    cells = (what, ref, campaign, wish.source, wish.by, _text(wish.at), until, wish.why, many)
    return tuple(escape(cell) for cell in cells)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
