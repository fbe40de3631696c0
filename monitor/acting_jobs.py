"""The jobs that act on what others find or ask: incidents, trainings, notifications, the weekly digest, erasures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from threading import Lock

from core.settings.addresses import MongoSettings, PrefectSettings, RegistrySettings
from core.settings.loop import IncidentSettings
from core.settings.people import NotifySettings
from core.stores.mongo import Db
from monitor.flows import erasures, retrain
from monitor.flows.prefect_runs import PrefectRuns
from monitor.flows.triggers import Limits, Triggers
from monitor.incidents.facts import Rules
from monitor.incidents.follow_up import FollowUp
from monitor.jobs.code_version import code_version
from monitor.jobs.job import Job
from monitor.messages.digest import Digest
from monitor.messages.notifier import AppriseNotifier
from monitor.messages.outbox import Outbox
from monitor.messages.reminders import Reminders

DIGEST_SECONDS = 60.0  # between looks whether the hour of the digest has come

JOBS = {
    "incidents": "open, follow up and close incidents",
    "retrain": "ask for a training when one is due",
    "notify": "tell people what is news",
    "digest": "make the digest of the week",
    "erasures": "have people erased whom managers named",
    "remind": "remind people of a hold that has stood for days",
}


class Settings(
    MongoSettings,
    RegistrySettings,
    PrefectSettings,
    IncidentSettings,
    NotifySettings,
):
    """What these jobs need to know."""


def jobs(settings: Settings, db: Db) -> list[Job]:
    """The jobs of `JOBS` over the real services, in that order."""
    flows, model = PrefectRuns(settings.prefect_api_url), settings.callwise_model_name
    limit = timedelta(hours=settings.callwise_training_hours)
    rules = Rules(
        attempts=settings.callwise_incident_attempts,
        fresh_outcomes=settings.callwise_incident_outcomes,
        patience=timedelta(days=settings.callwise_incident_days),
    )
    limits = Limits(timedelta(days=settings.callwise_retrain_days), settings.callwise_retrain_outcomes)
    held = timedelta(days=settings.callwise_hold_days)
    page, weekday, hour = settings.callwise_app_page, settings.callwise_digest_weekday, settings.callwise_digest_hour

    @cache
    def outbox() -> Outbox:
        return Outbox(db, AppriseNotifier(settings.callwise_notify_urls), page)

    # Each looks whether a training or a trial is under way and then asks for one: never two of them at once, or both
    # would ask, and the second model would end the trial of the first.
    asking = Lock()

    def one_at_a_time(run: Callable[[], str]) -> Callable[[], str]:
        def alone() -> str:
            with asking:
                return run()

        return alone

    def train(reason: str, by: str) -> str:
        return one_at_a_time(lambda: retrain.ask(db, flows, model, reason, by=by))()

    erasing = erasures.Erasures(db, PrefectRuns(settings.prefect_api_url, flow=erasures.FLOW), train)
    seconds = settings.callwise_incident_seconds
    return [
        Job("incidents", seconds, one_at_a_time(FollowUp(db, flows, model, rules, limit).run)),
        Job("retrain", settings.callwise_retrain_seconds, one_at_a_time(Triggers(db, flows, model, limits, limit).run)),
        Job("notify", settings.callwise_notify_seconds, lambda: outbox().run()),
        Job("digest", DIGEST_SECONDS, Digest(db, model, weekday, hour, code_version(), page).run),
        Job("erasures", erasures.SECONDS, erasing.run),
        Job("remind", DIGEST_SECONDS, Reminders(db, model, held, code_version(), page).run),
    ]
