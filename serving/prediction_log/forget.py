"""People who are being erased leave the spool too, before their records are moved to MongoDB.

Who they are is read from the requests under way (`core.privacy.requests`), of which there are few and mostly none. As
long as a request is open its person is looked for again and again, so nobody can slip past; the service's state says
what was done, as `forgotten`, and whoever erases waits for that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from core.errors import CallwiseError
from core.privacy.place import Subject
from serving.prediction_log.spool import Spool

log = logging.getLogger(__name__)


class Forgetting:
    """`forgotten`: for which requests the spool was looked through at the last look; none where that look failed."""

    def __init__(self, subjects: Callable[[], Sequence[Subject]], spool: Spool) -> None:
        """`subjects` gives those who are being erased."""
        self._subjects, self._spool = subjects, spool
        self.forgotten: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Take everybody who is being erased out of the spool."""
        try:
            subjects = self._subjects()
            for subject in subjects:
                if removed := self._spool.remove(subject.person.has):
                    log.info("%d records left the spool for %s", removed, subject.receipt)
        except CallwiseError as error:
            self.forgotten = ()
            log.debug("whom to forget is not known: %s", error)
        else:
            self.forgotten = tuple(subject.receipt for subject in subjects)

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Look every `every_seconds` until `stop` is set."""
        while True:
            try:
                self.refresh()
            except Exception:  # the thread must outlive whatever one look meets
                self.forgotten = ()
                log.exception("the spool could not be looked through; it is tried again")
            if stop.wait(every_seconds):
                return
