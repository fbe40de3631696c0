"""Agents at work who also look: each claims, records, and reads the list again; one manager opens the results page.

They pause between two calls, as people do, though much shorter: so two shifts ask the same of the server, and their
seconds can be compared. What the pages read is read as the app reads it, with the app's own cache of slow counts.
Agents are threads in several processes. Everything that they are told is logged, as in `bench.screens.shift`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

from app.ranked_list import listing
from app.results import calls_made
from app.shell.adaptive_cache import AdaptiveCache
from bench.screens.shift import COMES_TO, LATER, PROCESSES, Claimed, Recorded, ShiftReplies
from core.calls import claims, recording
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.clock import now
from core.schema import Schema, read_schema
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect

NEWEST = 5_000
"""Calls whose scores the results page looks up."""
PERIOD, OPENED_EVERY = timedelta(days=30), 5.0


@dataclass
class Told(ShiftReplies):
    """What agents were told, and the seconds that their pages took."""

    list_seconds: list[float] = field(default_factory=list)
    results_seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Shift:
    """`agents` at work on `campaign` for `seconds`, with `pause` seconds, on average, between two calls of one."""

    campaign: str
    agents: int
    seconds: float
    pause: float


def run(env: Mapping[str, str], shift: Shift) -> Told:
    """What everybody was told. The manager has a process of their own."""
    crews = [list(range(shift.agents))[start::PROCESSES] for start in range(min(PROCESSES, shift.agents))]
    told = Told()
    with get_context("spawn").Pool(len(crews) + 1) as pool:
        pages = pool.apply_async(manager, (dict(env), shift))
        for crew_told in pool.starmap(crew, [(dict(env), shift, numbers) for numbers in crews], chunksize=1):
            told += crew_told
        told += pages.get()
    return told


def crew(env: Mapping[str, str], shift: Shift, numbers: Sequence[int]) -> Told:
    """What the agents with these `numbers` are told; they share a process, as the app's sessions do."""
    db, until, told = _connected(env), time.monotonic() + shift.seconds, Told()
    counts = AdaptiveCache(listing.progress, least=timedelta(seconds=5))
    floors = AdaptiveCache(
        lambda where, campaign: listing.floors(where, campaign, counts.get(where, campaign).ranked),
        least=timedelta(seconds=30),
    )

    def look(agent: str) -> None:
        """Read what the call list shows."""
        listing.list_state(db, shift.campaign)
        listing.page(db, shift.campaign, 1, now())
        counts.get(db, shift.campaign)
        floors.get(db, shift.campaign)
        listing.results_since(db, shift.campaign, agent, _today())

    with ThreadPoolExecutor(len(numbers)) as pool:
        for agent_told in pool.map(lambda number: _agent(db, shift, number, until, look), numbers):
            told += agent_told
    return told


def manager(env: Mapping[str, str], shift: Shift) -> Told:
    """What opening the results page takes, its newest calls and those of a period in turn."""
    db, schema, until = _connected(env), _schema(env), time.monotonic() + shift.seconds
    told, opened = Told(), 0
    while time.monotonic() < until:
        began = time.monotonic()
        since = now() - PERIOD if opened % 2 else None
        with _timed(told.results_seconds):
            calls_made.read_tallies(db, shift.campaign, None)
            calls_made.read_calls(db, shift.campaign, list(schema.segments), NEWEST, since=since, until=now())
        opened += 1
        time.sleep(max(0.0, min(until, began + OPENED_EVERY) - time.monotonic()))
    return told


def _agent(db: Db, shift: Shift, number: int, until: float, look: Callable[[str], None]) -> Told:
    name, chance, told = name_of(number), random.Random(number), Told()  # noqa: S311
    time.sleep(chance.uniform(0, shift.pause))
    while time.monotonic() < until:
        with _timed(told.list_seconds):
            look(name)
        with _timed(told.claim_seconds):
            prospect = claims.claim(db, shift.campaign, name)
        if prospect is None:
            told.refused.append(f"{name}: nobody was free")
            time.sleep(shift.pause)
            continue
        calls = int(prospect.get("calls") or 0)
        told.claimed.append(Claimed(prospect["_id"], calls, name))
        time.sleep(chance.uniform(0, 2 * shift.pause))
        [result] = chance.choices(list(COMES_TO), list(COMES_TO.values()))
        report = CallReport(result, again=now() + LATER if result is Result.CALLBACK else None)
        try:
            with _timed(told.record_seconds):
                call = recording.record(db, prospect["_id"], name, report, call=calls + 1)
        except Exception as error:  # noqa: BLE001  every error is counted and shown
            told.refused.append(f"{name}: {type(error).__name__}: {error}")
            continue
        told.recorded.append(Recorded(call["_id"], prospect["_id"], name, result.value, call["after"]["status"]))
    return told


def name_of(number: int) -> str:
    """The name under which agent `number` calls."""
    return f"agent {number:02d}"


def _connected(env: Mapping[str, str]) -> Db:
    db = connect(load(MongoSettings, dict(env)))
    db.client.admin.command("ping")
    return db


def _schema(env: Mapping[str, str]) -> Schema:
    return read_schema(load(SchemaSettings, dict(env)).callwise_schema)


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    """Append the seconds that the block took, unless it failed."""
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)
