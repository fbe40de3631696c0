"""The job that fills the feed of changes."""

from __future__ import annotations

from core.kinds.kind import Kind
from core.stores.mongo import Db
from monitor.feed.follow import follow
from monitor.jobs.job import Job
from monitor.jobs.settings import Settings

JOBS = {"feed": "add what was recorded to the feed of changes"}


def jobs(settings: Settings, home: Db, kind: Kind) -> list[Job]:
    """The jobs of `JOBS`. The do-not-call list is the appliance's, so the shipped kind's job looks at it."""
    db, known = kind.database(home), set[str]()
    return [Job("feed", settings.callwise_feed_seconds, lambda: follow(home, db, known, wishes=kind.shipped))]
