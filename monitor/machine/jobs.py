"""The job that looks at the machine and at all services."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.oversight.space import MIB
from core.scoring.client import ScoringClient
from core.stores.mongo import Db
from monitor.jobs.job import Job, Runs
from monitor.jobs.settings import Settings
from monitor.machine.backups import Backups, backups_of
from monitor.machine.certificate import Certificate, certificate_of
from monitor.machine.services import Seen, look
from monitor.machine.space import Space
from monitor.machine.watch import Plan, Watch, no_plan

JOBS = {"watch": "look at disk, memory, clock, certificate and services, and raise alarms"}


def space_of(settings: Settings) -> Space:
    """The free space where the monitor's settings say that data are: all volumes of a server share a disk."""
    folder = settings.callwise_data_registry
    return Space([folder.parent] if folder else [], settings.callwise_disk_reserve_mib * MIB)


def watch(
    settings: Settings,
    db: Db,
    scoring: ScoringClient,
    space: Space,
    runs: Runs,
    kinds: Callable[[], Mapping[str, Db]],
    plan: Callable[[], Plan] = no_plan,
) -> Watch:
    """What looks; its `last` look is for the metrics."""
    addresses = {
        "s3": settings.s3_endpoint_url,
        "mlflow": f"{settings.mlflow_tracking_uri}/health",
        "prefect": f"{settings.prefect_api_url}/health",
        "evidently": f"{settings.evidently_url}/api/version",
        "mlserver": f"{settings.mlserver_url}/v2/health/live",
        "backup": settings.callwise_backup_url,
    }
    known = {name: address for name, address in addresses.items() if address}

    def services() -> list[Seen]:
        return look(known, settings)

    def certificate() -> Certificate | None:
        door = settings.callwise_door
        return certificate_of(door, settings.callwise_app_page or "") if door else None

    def backups() -> Backups:
        return backups_of(settings.callwise_backup_url) if settings.callwise_backup_url else Backups()

    urls = settings.callwise_notify_urls
    return Watch(
        db,
        runs,
        space,
        services,
        scoring.state,
        certificate,
        kinds,
        plan,
        backups=backups,
        addresses=len(urls.get_secret_value().split()) if urls else 0,
        failures=settings.callwise_job_failures,
    )


def jobs(settings: Settings, watched: Watch) -> list[Job]:
    """The job of `JOBS`."""
    return [Job("watch", settings.callwise_watch_seconds, watched.run)]
