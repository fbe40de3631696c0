"""The monitor's figures for Prometheus, from its last look and the records of its jobs: asking costs no store anything.

deploy/grafana/callwise.json draws them; a test compares the names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.stores.mongo import Document
from monitor.jobs.job import Record

PEOPLE_RANKED = Counter("callwise_people_ranked", "People ranked since the monitor started", ["kind"], registry=None)


class Figures(Collector):
    """`last` gives the last look (`monitor.machine.watch`), empty before the first; `records` those of the jobs."""

    def __init__(self, last: Callable[[], Document], records: Callable[[], dict[str, Record]]) -> None:
        self._last, self._records = last, records

    def describe(self) -> list[Metric]:
        """Nothing: names are known when they are asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The figures now."""
        yield from self._jobs()
        if last := self._last():
            yield from _appliance(last)
            yield from _machine(last)
            yield from _collections(last)

    def _jobs(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("callwise_job_runs", "Runs of a job", labels=["job"])
        success = GaugeMetricFamily("callwise_job_last_success_timestamp_seconds", "Last success", labels=["job"])
        seconds = GaugeMetricFamily("callwise_job_duration_seconds", "Duration of the last success", labels=["job"])
        failures = GaugeMetricFamily(
            "callwise_job_failures_in_a_row", "Failures since the last success", labels=["job"]
        )
        for name, record in sorted(self._records().items()):
            runs.add_metric([name], record.runs)
            failures.add_metric([name], record.failures_in_a_row)
            if record.succeeded_at is not None:
                success.add_metric([name], record.succeeded_at.timestamp())
                seconds.add_metric([name], record.seconds or 0.0)
        return iter([runs, success, seconds, failures])


def text(figures: Figures) -> bytes:
    """The page for Prometheus."""
    registry = CollectorRegistry()
    registry.register(figures)
    registry.register(PEOPLE_RANKED)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return generate_latest(registry)


def _gauge(name: str, about: str, labels: dict[str, float] | float, label: str = "") -> Metric:
    """A gauge, or one for each value of `label`."""
    if not isinstance(labels, dict):
        return GaugeMetricFamily(name, about, value=labels)
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, figure in labels.items():
        family.add_metric([value], figure)
    return family


def _appliance(last: Document) -> Iterator[Metric]:
    yield _gauge("callwise_last_look_timestamp_seconds", "The monitor's last look", last["seen"]["at"].timestamp())
    services = {one["name"]: float(one["ok"]) for one in last["services"]}
    yield _gauge("callwise_service_up", "Whether a service answers the monitor", services, "service")
    open_alarms = {one["cause"]: 1.0 for one in last["alarms"]}
    yield _gauge("callwise_alarm", "Alarms that stand", open_alarms, "cause")
    yield _gauge("callwise_incidents_open", "Incidents that are not resolved, by cause", last["incidents"], "cause")
    versions = GaugeMetricFamily("callwise_version_weight", "Versions in use", labels=["role", "version"])
    for one in last["versions"]:
        versions.add_metric([one["role"], one["version"]], one["weight"])
    yield versions
    yield _gauge("callwise_spool_records", "Records of predictions that wait", float(last["backlog"]["waiting"] or 0))
    oldest = float(last["backlog"]["oldest_seconds"])
    yield _gauge("callwise_spool_oldest_seconds", "Age of the oldest record that waits", oldest)
    for kind in ("backup", "drill"):
        if done := last[kind]:
            yield _gauge(f"callwise_{kind}_ok", f"Whether the newest {kind} succeeded", float(done["ok"]))
            if done["at"] is not None:
                name = f"callwise_{kind}_last_success_timestamp_seconds"
                yield _gauge(name, f"The last {kind} that succeeded", done["at"].timestamp())


def _machine(last: Document) -> Iterator[Metric]:
    free = {one["place"]: float(one["free"]) for one in last["disk"]["places"]}
    yield _gauge("callwise_disk_free_bytes", "Free space where data are", free, "place")
    yield _gauge("callwise_disk_reserve_bytes", "Below this, work stops step by step", float(last["disk"]["reserve"]))
    yield _gauge("callwise_work_stopped", "Work stopped for want of space", dict.fromkeys(last["stopped"], 1.0), "work")
    shares = {one["service"]: float(one["share"]) for one in last["memory"]}
    yield _gauge("callwise_memory_used_ratio", "Share of its memory limit that a service uses", shares, "service")
    if last["certificate"]:
        ends = last["certificate"]["ends"].timestamp()
        yield _gauge("callwise_certificate_expiry_timestamp_seconds", "End of the door's certificate", ends)
    if last["clock"]["kept"] is not None:
        yield _gauge("callwise_clock_synchronized", "Whether a time service keeps the clock", last["clock"]["kept"])


def _collections(last: Document) -> Iterator[Metric]:
    about = {
        "prospects": "People on lists",
        "outcomes": "Outcomes recorded",
        "calls": "Calls recorded",
        "imports": "Files imported",
        "claims": "People whom an agent holds",
    }
    for name, words in about.items():
        figures = {one["kind"]: float(one[name]) for one in last["counts"]}
        yield _gauge(f"callwise_{name}", words, figures, "kind")
