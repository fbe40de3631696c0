"""Erases people: goes through every place for each request that is due, and ends it with a receipt.

Run by the worker, because it has what is needed: the datasets, the models and the object store. It holds the lock that
trainings hold, so no training learns from somebody who is being erased, and none that began before registers
afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.clock import Clock, now
from core.errors import CallwiseError, Conflict, Unavailable
from core.imports import kept_out
from core.models.registry import ModelRegistry
from core.privacy import requests as erasure_requests
from core.privacy.place import Place
from core.privacy.requests import QUIET, Erasure, Status, sealed
from core.schema.person import Person
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, reachable
from trainer.privacy.datasets import Datasets
from trainer.privacy.model_rows import learnt_from
from trainer.privacy.row_fingerprints import Traces

PATIENCE = 600.0
"""Seconds that a training under way is waited for; the request stays, and the next run waits again."""


@dataclass(frozen=True)
class Eraser:
    """Erases the people of the requests in `db`, in all `places`, of which `datasets` is one."""

    db: Db
    places: Sequence[Place]
    datasets: Datasets
    models: ModelRegistry
    traces: Traces
    lock: Path
    quiet: timedelta = QUIET
    clock: Clock = now

    def run(self) -> list[Erasure]:
        """Make a pass for every request that is due; returns them as they are then.

        What stops the pass for one is noted with it, and no other is kept from its own; the first such error is raised
        at the end. Raises Conflict when a training does not end.
        """
        try:
            with FileLock(self.lock, timeout=PATIENCE):
                return self._run()
        except Timeout as error:
            raise Conflict(
                "A training is under way, and nobody is erased while one runs.",
                kept="The requests stay.",
                next="They are gone on with by themselves.",
            ) from error

    def _run(self) -> list[Erasure]:
        self.datasets.data.ensure()
        done, stopped = [], []
        for request in erasure_requests.due(self.db, self.clock()):
            try:
                done.append(self._pass(request))
            except CallwiseError as error:
                erasure_requests.note(self.db, request, Status.ERASING, problem=str(error))
                stopped.append(error)
        if stopped:
            raise stopped[0]
        return done

    def _pass(self, request: Erasure) -> Erasure:
        person = request.subject.person
        self._keep_out(request, person)
        traces = request.traces | self.datasets.traces(request.subject, self.traces)
        request = erasure_requests.note(self.db, request, Status.ERASING, traces=sorted(traces), problem="")
        number, rest = str(request.passes + 1), 0
        for place in self.places:
            found = place.count(request.subject)
            # Before it is removed: who goes on with this pass after a crash finds less, and the most stands.
            before = dict(request.found.get(place.name, {}))
            counted = {**before, number: max(found, before.get(number, 0))}
            request = erasure_requests.note(
                self.db, request, Status.ERASING, found={**request.found, place.name: counted}
            )
            if found:
                place.erase(request.subject)
            rest += counted[number]
        left = {place.name: place.count(request.subject) for place in self.places}
        if still := [name for name, many in left.items() if many]:
            raise Unavailable(
                f"Something was left in {', '.join(still)}.", kept="What was removed is.", next="It is tried again."
            )
        passes, again = request.passes + 1, self.clock() + self.quiet
        draft = request.draft if rest == 0 else {}
        request = erasure_requests.note(self.db, request, Status.WATCHING, passes=passes, due=again, draft=dict(draft))
        if rest or passes == 1:
            return request
        self._keep_out(erasure_requests.get(self.db, request.id), person)  # who asked for it meanwhile is heard
        return self._end(request, left)

    def _keep_out(self, request: Erasure, person: Person) -> None:
        """Who must not come in again does not from now on; who asked not to be called is not let in by being erased."""
        keep = request.keep_out
        if not keep and person.campaign is None:
            with reachable():
                wish = self.db.do_not_call.find_one({"_id": person.ref})
                keep = bool(wish and not wish["lifted"])
        if keep:
            kept_out.keep_out(self.db, request.pseudonym, receipt=request.id, at=self.clock())

    def _end(self, request: Erasure, left: dict[str, int]) -> Erasure:
        # Written down before it is told, so that who goes on after a crash tells the same.
        receipt = dict(request.draft) or self._receipt(request, left)
        request = erasure_requests.note(self.db, request, Status.WATCHING, draft=receipt)
        event_log.append(
            self.db,
            who=request.by,
            what=Event.PERSON_ERASED,
            subject=request.id,
            why="asked for by a manager",
            clock=self.clock,
            once={"what": Event.PERSON_ERASED, "subject": request.id},
            removed=receipt["removed"],
            receipt_sha256=sealed(receipt),
        )
        return erasure_requests.forget(self.db, request, receipt)

    def _receipt(self, request: Erasure, left: dict[str, int]) -> dict[str, Any]:
        return {
            "number": request.id,
            "pseudonym": request.pseudonym,
            "by": request.by,
            "asked_at": request.asked_at.isoformat(),
            "done_at": self.clock().isoformat(),
            "passes": request.passes,
            "removed": {place.name: request.removed(place.name) for place in self.places},
            "left": left,
            "datasets": [{"old": old, "new": new} for old, new in self.datasets.replaced(request.id).items()],
            "models": learnt_from(self.models, self.datasets.held(request.id)),
            "kept_out": kept_out.is_kept_out(self.db, request.pseudonym),
        }
