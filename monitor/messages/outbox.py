"""The outbox: sends every message that waits, and marks it as told.

The documents themselves hold what waits, while `told` is empty: an incident's entries with `tell`, and reports that are
messages (weekly digests, reminders). Each address is marked after its message, so an address out of reach is tried
again, later each time, and the others get nothing twice. A process that dies between sending and marking sends that
message a second time: Apprise's services know no key to drop it by. Without any address, what waits is marked as told
to nobody, so that an address that is set up later gets no old messages; and what no address took in `OLDEST` is news no
longer, and is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter

from pymongo import ASCENDING

from core.clock import Clock, now
from core.errors import Unavailable
from core.oversight.incidents import change
from core.stores.mongo import Db, Document, reachable
from monitor.messages import message as messages
from monitor.messages.message import Kind, Message
from monitor.messages.notifier import Notifier

Mark = Callable[[Document], None]
"""Sets fields (`sent`, `told`) of what was sent."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)
"""Until an address that refused is tried again: twice as long after each further refusal, up to the longest."""
OLDEST = timedelta(days=7)
LETTERS = ["digest", "reminder"]
"""Kinds of reports that are messages, with a title and a text in their verdict."""


@dataclass
class _Sent:
    """What one run did: messages sent and given up, and the services that refused one or are not tried yet again."""

    messages: int = 0
    given_up: int = 0
    refused: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Outbox:
    """The messages of an appliance and their addresses; `page` is the address of the screens.

    `about` goes before every title: the campaign kind, on an appliance with several.
    """

    db: Db
    notifier: Notifier
    page: str | None = None
    about: str = ""
    clock: Clock = now
    _refusals: dict[str, tuple[int, datetime]] = field(default_factory=dict)  # in a row, and when to try again

    def run(self) -> str:
        """Send what waits, oldest first. Raises Unavailable at the end when an address did not take its message."""
        result = _Sent()
        with reachable():
            incidents = list(self.db.incidents.find({"outbox": True}).sort([("_id", ASCENDING)]))
            # Each kind by itself: for a list of them the embedded server reads all reports.
            found = [one for kind in LETTERS for one in self.db.reports.find({"kind": kind, "told": None})]
        letters = sorted(found, key=itemgetter("_id"))
        for incident in incidents:
            self._incident(incident, result)
        for letter in letters:
            kind: Kind = "info" if letter["kind"] == "digest" else "warning"
            message = Message(letter["verdict"]["title"], letter["verdict"]["text"], kind)
            self._deliver(
                message, letter, letter["made"]["at"], partial(self._mark_letter, str(letter["_id"])), result, set()
            )
        if result.refused:
            raise Unavailable(
                f"{', '.join(sorted(result.refused))} did not take a message.",
                kept="It waits and is sent again within an hour, for seven days; the other addresses have theirs.",
                next="Check the address in CALLWISE_NOTIFY_URLS, and that the monitor may reach it.",
            )
        if not self.notifier.addresses():
            return "no notifications are sent: CALLWISE_NOTIFY_URLS is empty"
        if result.given_up:
            return f"messages sent: {result.messages}; too old to be sent: {result.given_up}"
        return f"messages sent: {result.messages}" if result.messages else "nothing to tell"

    def _incident(self, incident: Document, result: _Sent) -> None:
        key = str(incident["_id"])
        behind: set[str] = set()  # addresses that refused a message: no later one may overtake it
        for place, entry in enumerate(incident["history"]):
            if not entry["tell"] or entry["told"]:
                continue
            message = messages.of_incident(incident, place, self.page)

            def mark(marks: Document, place: int = place) -> None:
                change(self.db, key, lambda stored: {"history": _marked(stored["history"], place, marks)})

            self._deliver(message, entry, entry["at"], mark, result, behind)
        change(
            self.db, key, lambda stored: {"outbox": any(one["tell"] and not one["told"] for one in stored["history"])}
        )

    def _deliver(
        self, message: Message, what: Document, happened: datetime, mark: Mark, result: _Sent, behind: set[str]
    ) -> None:
        """Send to every address that has no mark and is not `behind`; an address that refuses is behind from now on."""
        addresses, at = self.notifier.addresses(), self.clock()
        if self.about:
            message = replace(message, title=f"{self.about}: {message.title}")
        sent = [key for key in what.get("sent", []) if key in addresses]
        for key, service in addresses.items():
            if key in sent or key in behind or at - happened > OLDEST:
                continue
            if self._may_try(key, at) and self._send(key, message, at):
                sent.append(key)
                result.messages += 1
                mark({"sent": sent})
            else:
                behind.add(key)
                result.refused.add(service)
        if len(sent) == len(addresses) or at - happened > OLDEST:
            result.given_up += len(sent) < len(addresses)
            mark({"sent": sent, "told": {"at": at, "to": len(sent)}})

    def _may_try(self, address: str, at: datetime) -> bool:
        return address not in self._refusals or at >= self._refusals[address][1]

    def _send(self, address: str, message: Message, at: datetime) -> bool:
        if self.notifier.send(address, message):
            self._refusals.pop(address, None)
            return True
        refusals = self._refusals.get(address, (0, at))[0] + 1
        self._refusals[address] = (refusals, at + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(refusals - 1, 20)))
        return False

    def _mark_letter(self, key: str, marks: Document) -> None:
        with reachable():
            self.db.reports.update_one({"_id": key}, {"$set": marks})


def _marked(history: Sequence[Document], place: int, marks: Document) -> list[Document]:
    return [{**entry, **marks} if at == place else entry for at, entry in enumerate(history)]
