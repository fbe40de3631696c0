"""Looks at the whole appliance every half minute, raises and ends alarms, and keeps what it saw for others.

The screens' page, the probe outside and the metrics show the last look: the fact `condition` in MongoDB, or `last`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import Clock, now
from core.errors import CallwiseError
from core.oversight import incident_words
from core.oversight.incidents import ACTIVE
from core.oversight.memory import used_share
from core.oversight.space import CONDITION
from core.sentences import to_document
from core.stores.mongo import Db, Document, reachable
from monitor.jobs.cause_states import WELL, record_state
from monitor.jobs.job import Runs
from monitor.machine.alarms import Alarm, Done, Failing, Measured, alarms
from monitor.machine.backups import Backups
from monitor.machine.certificate import Certificate
from monitor.machine.clock import Clockwork, synchronized
from monitor.machine.services import Seen
from monitor.machine.space import Space

BAD = "bad"
KINDS = "kinds"
"""The job that begins the jobs of each campaign kind."""
CAUSES = ("disk", "certificate", "clock", "backlog", "memory", "job", "service", "backup", "drill", "stores")
"""The causes of this room; some are of one thing: `job:drift`."""
Plan = Mapping[str, tuple[float, datetime | None]]
"""Of each job the seconds between its runs, and its next run."""
State = Mapping[str, str | int | float]


def no_plan() -> Plan:
    """No schedule: the job runs by hand."""
    return {}


@dataclass
class Watch:
    """Looks at the appliance. `db` is the shipped kind's, and `kinds` gives the database of every kind.

    `services`, `certificate` and `scoring` ask; each may raise Unavailable. `addresses`: for notices, their number.
    """

    db: Db
    runs: Runs
    space: Space
    services: Callable[[], list[Seen]]
    scoring: Callable[[], State]
    certificate: Callable[[], Certificate | None] = lambda: None
    kinds: Callable[[], Mapping[str, Db]] = dict
    plan: Callable[[], Plan] = no_plan
    backups: Callable[[], Backups] = Backups
    addresses: int = 0
    failures: int = 3
    clockwork: Clockwork = field(default_factory=Clockwork)
    kept: Callable[[], bool | None] = synchronized
    memory: Callable[[], float | None] = used_share
    clock: Clock = now
    last: Document = field(default_factory=dict)
    _bad: set[str] | None = None
    _silent: dict[str, datetime] = field(default_factory=dict)
    _unkept: datetime | None = None
    _jumped: tuple[datetime, float] | None = None

    def run(self) -> str:
        """Look once; returns the alarms in words. Raises Unavailable without MongoDB.

        Without a schedule, by hand, nothing is written: this process does not know how the jobs of the other one went.
        """
        bad = self._known_bad()
        seen, state = self._measure()
        if not self.plan():
            return "; ".join(one.why for one in alarms(seen, bad) if one.bad) or "no alarm"
        found = list(alarms(seen, bad))
        for alarm in found:
            self._record(alarm, bad)
        self.last = self._document(seen, state, [one for one in found if one.bad])
        with reachable():
            self.db.appliance.replace_one({"_id": CONDITION}, {"_id": CONDITION, **self.last}, upsert=True)
        return f"alarms: {', '.join(sorted(bad))}" if bad else "no alarm"

    def warnings(self) -> list[dict[str, str]]:
        """The alarms that stand, for scripts/doctor."""
        return [
            {
                "grade": "BAD",
                "name": one["cause"].partition(":")[0],
                "what": one["why"],
                "next": incident_words.kept_and_next(one["cause"], "open")[1],
            }
            for one in self.last.get("alarms", ())
        ]

    def _known_bad(self) -> set[str]:
        """The causes of this room that are bad, as an earlier process left them."""
        if self._bad is None:
            with reachable():
                facts = list(self.db.appliance.find({"_id": {"$gte": "monitor:", "$lt": "monitor;"}}))
            causes = {str(fact["_id"]).removeprefix("monitor:") for fact in facts if fact.get("state") == BAD}
            self._bad = {cause for cause in causes if cause.partition(":")[0] in CAUSES}
        return self._bad

    def _record(self, alarm: Alarm, bad: set[str]) -> None:
        if alarm.bad == (alarm.cause in bad):
            return
        report = f"{self.clock():%Y-%m-%dT%H:%M:%S.%f}"
        record_state(self.db, alarm.cause, BAD if alarm.bad else WELL, report, alarm.why)
        (bad.add if alarm.bad else bad.discard)(alarm.cause)

    def _measure(self) -> tuple[Measured, State]:
        at, services = self.clock(), self.services()
        state, made = self._scoring_state(), self.backups()
        self._silent = {one.name: self._silent.get(one.name, at) for one in services if not one.ok}
        self._unkept = (self._unkept or at) if self.kept() is False else None
        if jump := self.clockwork.jump():
            self._jumped = (at, jump)
        if "spool_free_bytes" in state:
            self.space.elsewhere["spool"] = int(state["spool_free_bytes"])
        else:  # its value of before says nothing of now
            self.space.elsewhere.pop("spool", None)
        shares = {"monitor": self.memory(), "mlserver": _share(state)}
        seen = Measured(
            at=at,
            services=services,
            silent=self._silent,
            free=self.space.places(),
            unasked="spool_free_bytes" not in state,
            reserve=self.space.reserve,
            stopped=self.space.stopped(),
            certificate=self.certificate(),
            unkept=self._unkept,
            jumped=self._jumped,
            memory={name: share for name, share in shares.items() if share is not None},
            backlog=int(state["spool_waiting"]) if "spool_waiting" in state else None,
            backlog_seconds=float(state.get("spool_oldest_seconds", 0.0)),
            failing=self._failing(at),
            untried=self._untried(),
            backup=made.backup,
            drill=made.drill,
            lost=self._lost(),
        )
        return seen, state

    def _scoring_state(self) -> State:
        try:
            return self.scoring()
        except CallwiseError:
            return {}  # that it does not answer is among the services

    def _failing(self, at: datetime) -> dict[str, Failing]:
        found = {}
        for name, record in self.runs.records().items():
            if record.failures_in_a_row >= self.failures:
                since = record.failing_since or at
                found[name] = Failing(since, record.failures_in_a_row, record.error)
        return found

    def _untried(self) -> set[str]:
        """The jobs that were bad and did not succeed yet in this process; a job that is no more is none of them."""
        plan, records = self.plan(), self.runs.records()
        well = {name for name, record in records.items() if record.succeeded_at is not None}
        was_bad = {cause.partition(":")[2] for cause in self._known_bad() if cause.startswith("job:")}
        # The first run of `kinds` plans the jobs of each campaign kind; before it, a job without a plan may come.
        planned = KINDS not in plan or KINDS in well
        return {name for name in was_bad - well if name in plan or not planned}

    def _lost(self) -> Sequence[str]:
        with reachable():
            fact = self.db.appliance.find_one({"_id": "lost"})
        return list(fact["stores"]) if fact else []

    def _document(self, seen: Measured, state: State, bad: Sequence[Alarm]) -> Document:
        plan, records = self.plan(), self.runs.records()
        jobs = []
        for name, (every, following) in sorted(plan.items()):
            record = records.get(name)
            jobs.append(
                {
                    "name": name,
                    "every": every,
                    "next": following,
                    "last": record.succeeded_at if record else None,
                    "seconds": record.seconds if record else None,
                    "failures": record.failures_in_a_row if record else 0,
                    "error": record.error if record else "",
                    "said": record.result if record else "",
                }
            )
        notify = records.get("notify")
        return {
            "seen": {"at": seen.at},
            "services": [vars(one) for one in seen.services],
            "jobs": jobs,
            "failing": sorted(seen.failing),
            "alarms": [{"cause": one.cause, "why": str(one.why), "said": to_document(one.why)} for one in bad],
            "disk": {"places": [{"place": p, "free": f} for p, f in seen.free.items()], "reserve": seen.reserve},
            "stopped": [str(work) for work in seen.stopped],
            "certificate": {"ends": seen.certificate.ends} if seen.certificate else None,
            "clock": {"kept": None if seen.unkept is None and self.kept() is None else seen.unkept is None},
            "memory": [{"service": name, "share": share} for name, share in sorted(seen.memory.items())],
            "backlog": {"waiting": seen.backlog, "oldest_seconds": seen.backlog_seconds},
            "notices": {"addresses": self.addresses, "error": notify.error if notify else ""},
            "backup": _told(seen.backup),
            "drill": _told(seen.drill),
            "lost": list(seen.lost),
            "versions": _versions(state),
            "incidents": self._incidents(),
            "counts": self._counts(),
        }

    def _incidents(self) -> dict[str, int]:
        """Open incidents by cause, of all kinds."""
        found: Counter[str] = Counter()
        for db in self.kinds().values():
            with reachable():
                found.update(_key(one["cause"]) for one in db.incidents.find(ACTIVE, {"cause": 1}))
        return dict(found)

    def _counts(self) -> list[Document]:
        """Of each kind, sizes that a collection knows without reading it, and the claims held, by their index."""
        counts = []
        for kind, db in self.kinds().items():
            names = ("prospects", "outcomes", "calls", "imports")
            with reachable():
                sizes = {name: db[name].estimated_document_count() for name in names}
                # Read, not counted: the embedded server counts the whole collection first. One claim an agent.
                claims = len(list(db.prospects.find({"claim.by": {"$gt": ""}}, {"_id": 1})))
            counts.append({"kind": kind, **sizes, "claims": claims})
        return counts


def _key(cause: str) -> str:
    """A cause as the name of a field: `economy:emp.var.rate` has points, which MongoDB takes for parts of a path."""
    return cause.replace(".", "_")


def _share(state: State) -> float | None:
    share = state.get("memory_share")
    return None if share is None or float(share) < 0 else float(share)


def _told(done: Done | None) -> Document | None:
    return {"at": done.well, "ok": done.ok, "bytes": done.bytes} if done else None


def _versions(state: State) -> list[Document]:
    """The versions in use: role, version, and weight: its share of the people or of the say."""
    found = []
    refresh = float(state.get("refresh_weight", 0.0) or 0.0)
    for role, weight in (
        ("champion", 1.0 - refresh),
        ("refresh", refresh),
        ("canary", float(state.get("canary_share", 0.0) or 0.0)),
    ):
        if version := state.get(role):
            found.append({"role": role, "version": str(version), "weight": weight})
    return found
