"""A shift of many agents at once, through `core.calls.claims` as the app does, and whether what they were told is so.

Agents take no time to talk: each claims, records and claims again as fast as the server lets them, which is far more
than people would ask of it. They are threads in several processes, each process with a connection of its own, and every
one keeps what it was told. Afterwards the database is held against that.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from typing import NamedTuple

from core.calls import claims, recording
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.clock import now
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import Db, Document, connect

PROCESSES = 5
# What calls come to, of a hundred.
COMES_TO: Mapping[Result, int] = {
    Result.REFUSED: 42,
    Result.NO_ANSWER: 30,
    Result.SOLD: 10,
    Result.CALLBACK: 10,
    Result.WRONG_NUMBER: 5,
    Result.DO_NOT_CALL: 3,
}
LATER = timedelta(hours=2)


class Claimed(NamedTuple):
    """Who was given to whom, for which call (from 0: the calls made to them before)."""

    prospect: str
    calls: int
    agent: str


class Recorded(NamedTuple):
    """A call as its agent was told that it is recorded, and the state the prospect was left in."""

    call: str
    prospect: str
    agent: str
    result: str
    status: str


@dataclass
class Told:
    """What agents were told, and how long it took (seconds). `refused`: what went wrong, in words."""

    claimed: list[Claimed] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    claim_seconds: list[float] = field(default_factory=list)
    record_seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __iadd__(self, other: Told) -> Told:
        for name, values in vars(other).items():
            getattr(self, name).extend(values)
        return self


def work(env: Mapping[str, str], campaign: str, agents: int, seconds: float) -> Told:
    """What `agents` were told who worked on `campaign` for `seconds`."""
    crews = [list(range(agents))[start::PROCESSES] for start in range(min(PROCESSES, agents))]
    with get_context("spawn").Pool(len(crews)) as pool:
        told = Told()
        for found in pool.starmap(_crew, [(dict(env), campaign, crew, seconds) for crew in crews], chunksize=1):
            told += found
        return told


def double_claims(told: Told) -> int:
    """How many calls were given to more than one agent."""
    holders: dict[tuple[str, int], set[str]] = {}
    for claimed in told.claimed:
        holders.setdefault((claimed.prospect, claimed.calls), set()).add(claimed.agent)
    return sum(len(agents) - 1 for agents in holders.values())


def lost_outcomes(db: Db, campaign: str, told: Told) -> int:
    """How many recorded calls the database does not hold as they were told, or holds and nobody was told of."""
    calls: dict[str, Document] = {call["_id"]: call for call in db.calls.find({"campaign": campaign})}
    outcomes: dict[str, Document] = {outcome["_id"]: outcome for outcome in db.outcomes.find({"campaign": campaign})}
    states: dict[str, Document] = {}
    keys = sorted({recorded.prospect for recorded in told.recorded})
    for start in range(0, len(keys), 1_000):
        asked = {"_id": {"$in": keys[start : start + 1_000]}}
        states |= {p["_id"]: p for p in db.prospects.find(asked, {"status": 1, "calls": 1, "claim": 1})}
    kept = sum(_kept(recorded, calls, outcomes, states) for recorded in told.recorded)
    known = {recorded.call for recorded in told.recorded}
    decided = {recorded.call for recorded in told.recorded if Result(recorded.result).is_outcome}
    return len(told.recorded) - kept + len(set(calls) - known) + len(set(outcomes) - decided)


def _kept(
    recorded: Recorded, calls: Mapping[str, Document], outcomes: Mapping[str, Document], states: Mapping[str, Document]
) -> bool:
    call, outcome, state = calls.get(recorded.call), outcomes.get(recorded.call), states[recorded.prospect]
    if call is None or (call["agent"], call["result"]) != (recorded.agent, recorded.result):
        return False
    if Result(recorded.result).is_outcome and (outcome is None or outcome["result"] != recorded.result):
        return False
    # Whoever is called later is not called again within the shift, so this call is the last.
    return bool(state["status"] == recorded.status and recorded.call == f"{recorded.prospect}:{state['calls']}")


def _crew(env: Mapping[str, str], campaign: str, agents: list[int], seconds: float) -> Told:
    db = connect(load(MongoSettings, env))
    db.client.admin.command("ping")
    until = time.monotonic() + seconds
    told = Told()
    with ThreadPoolExecutor(len(agents)) as pool:
        for found in pool.map(lambda number: _agent(db, campaign, number, until), agents):
            told += found
    return told


def _agent(db: Db, campaign: str, number: int, until: float) -> Told:
    name, chance, told = f"agent {number:02d}", random.Random(number), Told()  # noqa: S311
    while time.monotonic() < until:
        with _timed(told.claim_seconds):
            held = claims.claim(db, campaign, name)
        if held is None:
            told.refused.append(f"{name}: nobody was free")
            continue
        calls = int(held.get("calls") or 0)
        told.claimed.append(Claimed(held["_id"], calls, name))
        [result] = chance.choices(list(COMES_TO), list(COMES_TO.values()))
        again = now() + LATER if result is Result.CALLBACK else None
        try:
            with _timed(told.record_seconds):
                call = recording.record(db, held["_id"], name, CallReport(result, again=again), call=calls + 1)
        except Exception as error:  # noqa: BLE001  whatever it is, it is counted and shown
            told.refused.append(f"{name}: {type(error).__name__}: {error}")
            continue
        told.recorded.append(Recorded(call["_id"], held["_id"], name, result.value, call["after"]["status"]))
    return told


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    """Put down how long what is inside took, unless it failed."""
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)
