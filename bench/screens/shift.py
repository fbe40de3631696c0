"""A shift of many agents at once, through `core.calls.claims` like the app, and a check of the replies they received.

The agents do not talk: each claims, records and claims again as fast as the server allows, far faster than people.
Agents are threads in several processes, each process with its own connection. Every agent logs the replies, and
afterwards the database is compared with these logs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import NamedTuple, Self

from core.calls import claims, recording
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.clock import now
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import Db, Document, connect

PROCESSES = 5
# How many calls of a hundred end with each result.
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
    """A prospect that an agent got, and the number of earlier calls to that prospect."""

    prospect: str
    calls: int
    agent: str


class Recorded(NamedTuple):
    """A recorded call in the reply to its agent, with the prospect's status after it."""

    call: str
    prospect: str
    agent: str
    result: str
    status: str


@dataclass
class ShiftReplies:
    """The replies to agents, and the seconds they took. `refused`: what went wrong, in words."""

    claimed: list[Claimed] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    claim_seconds: list[float] = field(default_factory=list)
    record_seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __iadd__(self, other: ShiftReplies) -> Self:
        for name, values in vars(other).items():
            getattr(self, name).extend(values)
        return self


def run_shift(env: Mapping[str, str], campaign: str, agents: int, seconds: float) -> ShiftReplies:
    """The replies to `agents` agents who work on `campaign` for `seconds`."""
    crews = [list(range(agents))[start::PROCESSES] for start in range(min(PROCESSES, agents))]
    log = ShiftReplies()
    with get_context("spawn").Pool(len(crews)) as pool:
        for crew_log in pool.starmap(_crew, [(dict(env), campaign, crew, seconds) for crew in crews], chunksize=1):
            log += crew_log
    return log


def double_claims(told: ShiftReplies) -> int:
    """How many calls were given to more than one agent."""
    holders: dict[tuple[str, int], set[str]] = {}
    for claimed in told.claimed:
        holders.setdefault((claimed.prospect, claimed.calls), set()).add(claimed.agent)
    return sum(len(agents) - 1 for agents in holders.values())


def lost_outcomes(db: Db, campaign: str, told: ShiftReplies, *, since: datetime | None = None) -> int:
    """How many recorded calls the database lacks or holds otherwise, and how many it holds without a reply.

    `since`: leaves out those that were there before the shift.
    """
    asked: Document = {"campaign": campaign, **({"at": {"$gte": since}} if since else {})}
    calls: dict[str, Document] = {call["_id"]: call for call in db.calls.find(asked)}
    outcomes: dict[str, Document] = {outcome["_id"]: outcome for outcome in db.outcomes.find(asked)}
    states: dict[str, Document] = {}
    keys = sorted({recorded.prospect for recorded in told.recorded})
    for start in range(0, len(keys), 1_000):
        batch = {"_id": {"$in": keys[start : start + 1_000]}}
        states |= {p["_id"]: p for p in db.prospects.find(batch, {"status": 1, "calls": 1, "claim": 1})}
    stored = sum(_is_stored(recorded, calls, outcomes, states) for recorded in told.recorded)
    known = {recorded.call for recorded in told.recorded}
    decided = {recorded.call for recorded in told.recorded if Result(recorded.result).is_outcome}
    return len(told.recorded) - stored + len(set(calls) - known) + len(set(outcomes) - decided)


def _is_stored(
    recorded: Recorded, calls: Mapping[str, Document], outcomes: Mapping[str, Document], states: Mapping[str, Document]
) -> bool:
    call, outcome, state = calls.get(recorded.call), outcomes.get(recorded.call), states[recorded.prospect]
    if call is None or (call["agent"], call["result"]) != (recorded.agent, recorded.result):
        return False
    if Result(recorded.result).is_outcome and (outcome is None or outcome["result"] != recorded.result):
        return False
    # A callback comes after the shift, so this call is the prospect's last.
    return bool(state["status"] == recorded.status and recorded.call == f"{recorded.prospect}:{state['calls']}")


def _crew(env: Mapping[str, str], campaign: str, agents: list[int], seconds: float) -> ShiftReplies:
    db = connect(load(MongoSettings, env))
    db.client.admin.command("ping")
    until = time.monotonic() + seconds
    log = ShiftReplies()
    with ThreadPoolExecutor(len(agents)) as pool:
        for agent_log in pool.map(lambda number: _agent(db, campaign, number, until), agents):
            log += agent_log
    return log


def _agent(db: Db, campaign: str, number: int, until: float) -> ShiftReplies:
    name, chance, log = f"agent {number:02d}", random.Random(number), ShiftReplies()  # noqa: S311
    while time.monotonic() < until:
        with _timed(log.claim_seconds):
            prospect = claims.claim(db, campaign, name)
        if prospect is None:
            log.refused.append(f"{name}: nobody was free")
            continue
        calls = int(prospect.get("calls") or 0)
        log.claimed.append(Claimed(prospect["_id"], calls, name))
        [result] = chance.choices(list(COMES_TO), list(COMES_TO.values()))
        again = now() + LATER if result is Result.CALLBACK else None
        try:
            with _timed(log.record_seconds):
                call = recording.record(db, prospect["_id"], name, CallReport(result, again=again), call=calls + 1)
        except Exception as error:  # noqa: BLE001  every error is counted and shown
            log.refused.append(f"{name}: {type(error).__name__}: {error}")
            continue
        log.recorded.append(Recorded(call["_id"], prospect["_id"], name, result.value, call["after"]["status"]))
    return log


@contextmanager
def _timed(seconds: list[float]) -> Iterator[None]:
    """Append the seconds that the block took, unless it failed."""
    began = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)
