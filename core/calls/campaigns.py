"""A campaign as its manager runs it: its title, whether it is being called, and by whom.

`{title, state: {is, by, at}, agents: [names]}` beside what the import writes. A campaign without a state is open, one
without agents is everybody's. Each change is an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from core.clock import Clock, now
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

LONGEST = 60  # characters of a title


class State(StrEnum):
    """Whether a campaign is being called. In the last two its people are kept as they are, and off the call list."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"

    @property
    def words(self) -> Sentence:
        """The same for people."""
        return _WORDS[self]


_WORDS = {State.OPEN: Sentence("open"), State.PAUSED: Sentence("paused"), State.CLOSED: Sentence("closed")}


def state_of(campaign: Mapping[str, object]) -> State:
    """The state of a campaign's document."""
    found = campaign.get("state")
    return State(found["is"]) if isinstance(found, Mapping) else State.OPEN


def title_of(campaign: Mapping[str, object]) -> str:
    """What people call it."""
    return str(campaign.get("title") or campaign["_id"])


def agents_of(campaign: Mapping[str, object]) -> list[str]:
    """Who calls it; nobody named is everybody."""
    found = campaign.get("agents")
    return [str(name) for name in found] if isinstance(found, Sequence) else []


def offered(db: Db, agent: str | None, *, all_of_them: bool = False) -> dict[str, str]:
    """The campaigns that `agent` may take calls from, the newest first: title by key. Raises Unavailable.

    Those that are open and theirs, or all open ones if `all_of_them`; and any in which they hold somebody, so that a
    call under way can be recorded.
    """
    with reachable():
        found = list(db.campaigns.find().sort([("created_at", -1)]))
        held = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}])) if agent else []
        holding = {prospect["campaign"] for prospect in held}
    return {c["_id"]: title_of(c) for c in found if _calls(c, agent, all_of_them) or c["_id"] in holding}


def require(db: Db, campaign: str, agent: str, *, all_of_them: bool = False) -> None:
    """Raise Conflict unless `agent` may take calls from `campaign` now; with `all_of_them`, from any that is open.

    Raises Unavailable.
    """
    with reachable():
        found = db.campaigns.find_one({"_id": campaign}, {"title": 1, "state": 1, "agents": 1})
    if found is None:
        return  # people that came in without a file
    if (is_now := state_of(found)) is not State.OPEN:
        raise Conflict(
            Sentence("The campaign '{campaign}' is {state}.", campaign=title_of(found), state=is_now.words),
            kept=Sentence("Whoever is on your screen can still be recorded."),
            next=Sentence("Choose another campaign."),
        )
    if not _calls(found, agent, all_of_them):
        raise Conflict(
            Sentence("The campaign '{campaign}' is not assigned to {agent}.", campaign=title_of(found), agent=agent),
            kept=Sentence("Nobody was taken."),
            next=Sentence("Choose another campaign, or ask its manager."),
        )


def _calls(campaign: Document, agent: str | None, all_of_them: bool) -> bool:
    agents = agents_of(campaign)
    return state_of(campaign) is State.OPEN and (all_of_them or not agents or agent in agents)


def assign(db: Db, campaign: str, agents: Sequence[str], *, by: str) -> None:
    """Let only `agents` take calls from `campaign`; none named lets everybody. Raises NotFound, Unavailable."""
    names = sorted({" ".join(name.split()) for name in agents} - {""})
    _change(db, campaign, {"agents": names})
    event_log.append(db, who=by, what=Event.CAMPAIGN_ASSIGNED, subject=campaign, agents=names)


def rename(db: Db, campaign: str, title: str, *, by: str) -> None:
    """Call `campaign` by another title; its key stays. Raises InputError, NotFound, Unavailable."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST:
        raise InputError(
            Sentence("A title has 1 to {longest} characters", longest=LONGEST),
            kept=Sentence("The title is as it was."),
            next=Sentence("Type another one."),
        )
    _change(db, campaign, {"title": title})
    event_log.append(db, who=by, what=Event.CAMPAIGN_RENAMED, subject=campaign, title=title)


def put(db: Db, campaign: str, state: State, *, by: str, why: str = "", clock: Clock = now) -> None:
    """Open, pause or close `campaign`. Raises NotFound, Unavailable."""
    _change(db, campaign, {"state": {"is": state.value, "by": by, "at": clock()}})
    event_log.append(db, who=by, what=Event.of_campaign(state), subject=campaign, why=why)


def _change(db: Db, campaign: str, values: Document) -> None:
    with reachable():
        done = db.campaigns.update_one({"_id": campaign}, {"$set": values})
    if not done.matched_count:
        raise NotFound(Sentence("There is no campaign '{campaign}'.", campaign=campaign))


def campaign_keys(db: Db) -> list[str]:
    """All campaigns, the newest first. Raises Unavailable."""
    with reachable():
        return [str(c["_id"]) for c in db.campaigns.find({}, {"_id": 1}).sort([("created_at", -1)])]
