"""A campaign as its manager runs it: its title, its state, and the agents who call it.

`{title, state: {is, by, at}, agents: [names]}` beside what the import writes. A campaign without a state is open. All
agents may call a campaign without agents. Each change is an event.
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
    """Whether agents call a campaign. People of a paused or closed one stay as they are, off the call list."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"

    @property
    def words(self) -> Sentence:
        """The state in words, for screens."""
        return _WORDS[self]


_WORDS = {State.OPEN: Sentence("open"), State.PAUSED: Sentence("paused"), State.CLOSED: Sentence("closed")}


def state_of(campaign: Mapping[str, object]) -> State:
    """The state of a campaign's document."""
    state = campaign.get("state")
    return State(state["is"]) if isinstance(state, Mapping) else State.OPEN


def title_of(campaign: Mapping[str, object]) -> str:
    """The title or, without one, the key."""
    return str(campaign.get("title") or campaign["_id"])


def agents_of(campaign: Mapping[str, object]) -> list[str]:
    """The agents it is assigned to; an empty list means all."""
    agents = campaign.get("agents")
    return [str(name) for name in agents] if isinstance(agents, Sequence) else []


def campaigns_for(db: Db, agent: str | None, *, all_of_them: bool = False) -> dict[str, str]:
    """The campaigns that `agent` may take calls from, the newest first: title by key. Raises Unavailable.

    These are the open ones assigned to the agent, or all open ones if `all_of_them`; and each in which the agent has
    claimed a prospect, so that a call under way can be recorded.
    """
    with reachable():
        found = list(db.campaigns.find().sort([("created_at", -1)]))
        held = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}])) if agent else []
    holding = {prospect["campaign"] for prospect in held}
    return {c["_id"]: title_of(c) for c in found if _may_call(c, agent, all_of_them) or c["_id"] in holding}


def require(db: Db, campaign: str, agent: str, *, all_of_them: bool = False) -> None:
    """Raise Conflict unless `campaign` is open and assigned to `agent` (or `all_of_them`). Raises Unavailable."""
    with reachable():
        found = db.campaigns.find_one({"_id": campaign}, {"title": 1, "state": 1, "agents": 1})
    if found is None:
        return  # its people came in without a file
    title, state = title_of(found), state_of(found)
    if state is not State.OPEN:
        raise Conflict(
            Sentence("The campaign '{campaign}' is {state}.", campaign=title, state=state.words),
            kept=Sentence("You can still record a result for the person on your screen."),
            next=Sentence("Choose another campaign."),
        )
    if not _may_call(found, agent, all_of_them):
        raise Conflict(
            Sentence("The campaign '{campaign}' is not assigned to {agent}.", campaign=title, agent=agent),
            kept=Sentence("You were given no person to call."),
            next=Sentence("Choose another campaign, or ask its manager."),
        )


def _may_call(campaign: Document, agent: str | None, all_of_them: bool) -> bool:
    agents = agents_of(campaign)
    if state_of(campaign) is not State.OPEN:
        return False
    return all_of_them or not agents or agent in agents or program_of(agent or "") in agents


def program_of(agent: str) -> str:
    """The name by which a campaign is assigned to all agents of a program: `dialler/` for `dialler/ann`, else ""."""
    program, mark, _ = agent.partition("/")
    return program + mark if mark else ""


def assign(db: Db, campaign: str, agents: Sequence[str], *, by: str) -> None:
    """Assign `campaign` to `agents`; no names assign it to all. Raises NotFound, Unavailable."""
    names = sorted({" ".join(name.split()) for name in agents} - {""})
    _change(db, campaign, {"agents": names})
    event_log.append(db, who=by, what=Event.CAMPAIGN_ASSIGNED, subject=campaign, agents=names)


def rename(db: Db, campaign: str, title: str, *, by: str) -> None:
    """Give `campaign` another title; its key does not change. Raises InputError, NotFound, Unavailable."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST:
        raise InputError(
            Sentence("A title has 1 to {longest} characters", longest=LONGEST),
            kept=Sentence("The title is unchanged."),
            next=Sentence("Type another one."),
        )
    _change(db, campaign, {"title": title})
    event_log.append(db, who=by, what=Event.CAMPAIGN_RENAMED, subject=campaign, title=title)


def set_state(db: Db, campaign: str, state: State, *, by: str, why: str = "", clock: Clock = now) -> None:
    """Open, pause or close `campaign`. Raises NotFound, Unavailable."""
    _change(db, campaign, {"state": {"is": state.value, "by": by, "at": clock()}})
    event_log.append(db, who=by, what=Event.of_campaign(state), subject=campaign, why=why)


def _change(db: Db, campaign: str, values: Document) -> None:
    with reachable():
        updated = db.campaigns.update_one({"_id": campaign}, {"$set": values})
    if not updated.matched_count:
        raise NotFound(Sentence("There is no campaign '{campaign}'.", campaign=campaign))


def campaign_keys(db: Db) -> list[str]:
    """The keys of all campaigns, the newest first. Raises Unavailable."""
    with reachable():
        return [str(c["_id"]) for c in db.campaigns.find({}, {"_id": 1}).sort([("created_at", -1)])]
