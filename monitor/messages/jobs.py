"""The jobs that send messages to people."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from core.stores.mongo import Db
from monitor.jobs.code_version import code_version
from monitor.jobs.job import Job
from monitor.jobs.settings import Settings
from monitor.messages.digest import Digest
from monitor.messages.notifier import AppriseNotifier
from monitor.messages.outbox import Outbox
from monitor.messages.reminders import Reminders

DIGEST_SECONDS = 60.0  # between checks whether a digest or a reminder is due

JOBS = {
    "notify": "send the messages that wait for people",
    "digest": "make the digest of the week",
    "remind": "remind people of a hold that has lasted for days",
}


def jobs(settings: Settings, db: Db, about: str = "") -> list[Job]:
    """The jobs of `JOBS`. `about` goes before every title: the campaign kind, on an appliance with several."""
    model, page = settings.callwise_model_name, settings.callwise_app_page
    weekday, hour = settings.callwise_digest_weekday, settings.callwise_digest_hour
    held = timedelta(days=settings.callwise_hold_days)

    @cache
    def outbox() -> Outbox:
        return Outbox(db, AppriseNotifier(settings.callwise_notify_urls), page, about)

    return [
        Job("notify", settings.callwise_notify_seconds, lambda: outbox().run()),
        Job("digest", DIGEST_SECONDS, Digest(db, model, weekday, hour, code_version(), page).run),
        Job("remind", DIGEST_SECONDS, Reminders(db, model, held, code_version(), page).run),
    ]
