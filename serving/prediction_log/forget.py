"""Removes people who are being erased from the spool, before their records move to MongoDB.

The requests under way (`core.privacy.requests`) name them; there are few and mostly none. While a request is open the
spool is searched again and again, so no record slips past. The service's state shows the searched requests as
`forgotten`, and the erasure waits for that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from core.errors import CallwiseError
from core.privacy.place import Subject
from core.schema.person import Person
from serving.prediction_log.spool import Spool

log = logging.getLogger(__name__)


class Forgetting:
    """`forgotten`: the requests for which the last search of the spool succeeded; empty if that search failed."""

    def __init__(
        self,
        subjects: Callable[[], Sequence[Subject]],
        spool: Spool,
        may_be_here: Callable[[Person], bool] = lambda _person: True,
    ) -> None:
        """`subjects` gives the people who are being erased, of all campaign kinds; `may_be_here` knows this one."""
        self._subjects, self._spool, self._may_be_here = subjects, spool, may_be_here
        self.forgotten: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Remove everybody who is being erased from the spool."""
        try:
            subjects = self._subjects()
            for subject in subjects:
                if not self._may_be_here(subject.person):
                    continue
                if removed := self._spool.remove(subject.person.has):
                    log.info("%d records left the spool for %s", removed, subject.receipt)
        except CallwiseError as error:
            self.forgotten = ()
            log.debug("the people to remove from the spool are not known: %s", error)
        else:
            self.forgotten = tuple(subject.receipt for subject in subjects)

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Refresh every `every_seconds` until `stop` is set."""
        while True:
            try:
                self.refresh()
            except Exception:  # the thread must survive any error
                self.forgotten = ()
                log.exception("the spool could not be searched; the search is repeated")
            if stop.wait(every_seconds):
                return
