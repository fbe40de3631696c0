"""Deletes campaigns: for each request that is due, removes what belongs to it, and ends the request with a receipt.

The worker runs it under the lock of trainings, like an erasure: no training reads a campaign that is half there.
`core.lists.deletion` says what goes and what stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from core.clock import Clock, now
from core.errors import Conflict
from core.lists import deletion
from core.lists.deletion import QUIET, Deletion, Status
from core.privacy.reject_files import IMPORTS
from core.privacy.requests import seal
from core.stores import event_log
from core.stores.embedded_mongo import remove_by_key
from core.stores.events import Event
from core.stores.mongo import Db, reachable
from core.stores.object_store import ObjectStore
from trainer.privacy.eraser import PATIENCE

REJECTS = "rejects"


@dataclass(frozen=True)
class Campaigns:
    """Deletes the campaigns of the requests in `db`; `store` has the files of rejected rows."""

    db: Db
    store: ObjectStore
    lock: Path
    quiet: timedelta = QUIET
    clock: Clock = now

    def run(self) -> list[Deletion]:
        """Make a pass for every request that is due; returns the requests as they are afterwards.

        Raises Conflict when a training does not end, and Unavailable: then the next run continues.
        """
        waiting = deletion.due(self.db, self.clock())
        if not waiting:
            return []
        try:
            with FileLock(self.lock, timeout=PATIENCE):
                return [self._pass(request) for request in waiting]
        except Timeout as error:
            raise Conflict(
                "A training is running, and no campaign is deleted meanwhile.",
                kept="The requests stay open.",
                next="Deletion continues automatically.",
            ) from error

    def _pass(self, request: Deletion) -> Deletion:
        campaign = request.campaign
        if request.status is Status.ASKED:
            counts = {**deletion.counts(self.db, campaign), REJECTS: len(self._rejects(campaign))}
            request = deletion.note(self.db, request, Status.DELETING, counts=counts)
        removed = deletion.remove(self.db, campaign)
        for key in self._rejects(campaign):
            self.store.remove(key)
        if removed or request.status is Status.DELETING:
            return deletion.note(self.db, request, Status.WATCHING, due=self.clock() + self.quiet)
        return self._end(request)

    def _end(self, request: Deletion) -> Deletion:
        ended = request.ended_at or self.clock()  # stored before it is logged: a repetition logs the same receipt
        request = deletion.note(self.db, request, Status.WATCHING, ended=ended)
        event_log.append(
            self.db,
            who=request.by,
            what=Event.CAMPAIGN_DELETED,
            subject=request.id,
            why=request.why,
            clock=self.clock,
            once={"what": Event.CAMPAIGN_DELETED, "subject": request.id},
            deleted=dict(request.counts),
            receipt_sha256=seal(request.receipt()),
        )
        with reachable():
            remove_by_key(self.db.campaigns, [request.campaign])
        return deletion.note(self.db, request, Status.DONE)

    def _rejects(self, campaign: str) -> list[str]:
        return self.store.keys(f"{IMPORTS}{campaign}/")
