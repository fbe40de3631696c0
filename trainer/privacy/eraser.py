"""Erases people: works through every place for each request that is due, and ends the request with a receipt.

The worker runs it, because the worker has the datasets, the models and the object store. The eraser takes the lock of
trainings: no training learns from a person during an erasure, and no earlier training registers a model after it.
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
from core.models.succession import Succession
from core.privacy import requests as erasure_requests
from core.privacy.place import Place
from core.privacy.requests import QUIET, Erasure, Status, seal
from core.schema.person import Person
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, reachable
from core.wishes.wish import holds
from trainer.privacy.datasets import Datasets
from trainer.privacy.model_rows import versions_from
from trainer.privacy.row_fingerprints import RowFingerprints

PATIENCE = 600.0
"""Seconds to wait for a running training; after them the request stays, and the next run waits again."""


@dataclass(frozen=True)
class Learning:
    """What a campaign kind learns from: its datasets, its models, and the traces of their rows.

    `kind`: "" is the shipped one.
    """

    kind: str
    datasets: Datasets
    models: ModelRegistry
    traces: RowFingerprints
    succession: Succession

    def versions_of(self, request: str) -> list[dict[str, str]]:
        """The versions that were made from datasets which the erasure `request` has rewritten. Raises Unavailable."""
        waiting = self.succession.state().waiting
        tags = self.datasets.tags_of(request)
        return versions_from(self.models, tags, waiting.version if waiting else None)


@dataclass(frozen=True)
class Eraser:
    """Erases the people of the requests in `db`, the appliance's database, in all `places` of all kinds.

    `learning` is that of each kind; its datasets are among the places.
    """

    db: Db
    places: Sequence[Place]
    learning: Sequence[Learning]
    lock: Path
    quiet: timedelta = QUIET
    clock: Clock = now

    def run(self) -> list[Erasure]:
        """Make a pass for every request that is due; returns the requests as they are afterwards.

        An error is noted with its request and does not stop the other passes; the first one is raised at the end.
        Raises Conflict when a training does not end.
        """
        try:
            with FileLock(self.lock, timeout=PATIENCE):
                return self._run()
        except Timeout as error:
            raise Conflict(
                "A training is running, and nobody is erased meanwhile.",
                kept="The requests stay open.",
                next="Erasure continues automatically.",
            ) from error

    def _run(self) -> list[Erasure]:
        for one in self.learning:
            one.datasets.data.ensure()
        passed, errors = [], []
        for request in erasure_requests.due(self.db, self.clock()):
            try:
                passed.append(self._pass(request))
            except CallwiseError as error:
                erasure_requests.write_progress(self.db, request, Status.ERASING, problem=str(error))
                errors.append(error)
        if errors:
            raise errors[0]
        return passed

    def _pass(self, request: Erasure) -> Erasure:
        person = request.subject.person
        self._keep_out(request, person)
        traces = request.traces.union(*(one.datasets.traces(request.subject, one.traces) for one in self.learning))
        request = erasure_requests.write_progress(self.db, request, Status.ERASING, traces=sorted(traces), problem="")
        number, rest = str(request.passes + 1), 0
        for place in self.places:
            many = place.count(request.subject)
            # Counted before removal. After a crash, a repeated pass finds fewer rows; the largest count stays.
            before = dict(request.found.get(place.name, {}))
            counted = {**before, number: max(many, before.get(number, 0))}
            request = erasure_requests.write_progress(
                self.db, request, Status.ERASING, found={**request.found, place.name: counted}
            )
            if many:
                place.erase(request.subject)
            rest += counted[number]
        left = {place.name: place.count(request.subject) for place in self.places}
        if still := [name for name, many in left.items() if many]:
            raise Unavailable(
                f"Something is left in {', '.join(still)}.",
                kept="Removed rows stay removed.",
                next="Erasure tries again automatically.",
            )
        passes, again = request.passes + 1, self.clock() + self.quiet
        draft = request.draft if rest == 0 else {}
        request = erasure_requests.write_progress(
            self.db, request, Status.WATCHING, passes=passes, due=again, draft=dict(draft)
        )
        if rest or passes == 1:
            return request
        self._keep_out(erasure_requests.get(self.db, request.id), person)  # the request may have changed meanwhile
        return self._end(request, left)

    def _keep_out(self, request: Erasure, person: Person) -> None:
        """Keep out a person if the request says so, or if they are on the do-not-call list, which erasure removes."""
        keep = request.keep_out
        if not keep and person.campaign is None:
            with reachable():
                forms = list(person.forms)
                everywhere = list(self.db.do_not_call.find({"_id": {"$in": forms}}))
                in_one_campaign = list(self.db.do_not_call.find({"person": {"$in": forms}}))
                keep = any(holds(wish, self.clock()) for wish in (*everywhere, *in_one_campaign))
        if keep:
            kept_out.keep_out(self.db, request.pseudonym, receipt=request.id, at=self.clock())

    def _end(self, request: Erasure, left: dict[str, int]) -> Erasure:
        # Stored before it is logged, so that a repetition after a crash logs the same receipt.
        receipt = dict(request.draft) or self._receipt(request, left)
        request = erasure_requests.write_progress(self.db, request, Status.WATCHING, draft=receipt)
        event_log.append(
            self.db,
            who=request.by,
            what=Event.PERSON_ERASED,
            subject=request.id,
            why="asked for by a manager",
            clock=self.clock,
            once={"what": Event.PERSON_ERASED, "subject": request.id},
            removed=receipt["removed"],
            receipt_sha256=seal(receipt),
        )
        return erasure_requests.complete(self.db, request, receipt)

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
            "datasets": [
                {"old": old, "new": new}
                for one in self.learning
                for old, new in one.datasets.successors_for(request.id).items()
            ],
            "models": [
                version | ({"kind": one.kind} if one.kind else {})
                for one in self.learning
                for version in one.versions_of(request.id)
            ],
            "kept_out": kept_out.is_kept_out(self.db, request.pseudonym),
        }
