"""A campaign's own results, such as "voicemail": names beside the standard results, each with the effect of one.

The campaign's document holds them, by a key that never changes,

    own_results: [{key, name, effect, retired}]

and a call stores the key as `own` beside its `result`, which is the effect. So the states of a prospect, outcomes and
models know the standard results alone. A retired result is offered no more, and is never deleted: calls name it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from core.calls.lifecycle import Result
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, reachable

LONGEST, MOST = 40, 20
"""Characters of a name, and results that a campaign offers at once."""

TRIES = 5
_UNCHANGED = Sentence("The campaign's own results are unchanged.")


@dataclass(frozen=True)
class OwnResult:
    """One of a campaign's own results. `key` is what calls store; `effect` the standard result that it stands for."""

    key: str
    name: str
    effect: Result
    retired: bool = False


Change = Callable[[list[OwnResult]], tuple[list[OwnResult], OwnResult]]
"""Makes of the results that are there those that shall be there, and the one that was changed."""


def of_campaign(campaign: Mapping[str, object]) -> list[OwnResult]:
    """The own results in a campaign's document, in the order in which they were added, retired ones too."""
    stored = campaign.get("own_results")
    if not isinstance(stored, Sequence):
        return []
    return [OwnResult(**{**one, "effect": Result(one["effect"])}) for one in stored]


def read_own_results(db: Db, campaign: str) -> list[OwnResult]:
    """The own results of `campaign`, retired ones too. Raises Unavailable."""
    with reachable():
        return of_campaign(db.campaigns.find_one({"_id": campaign}, {"own_results": 1}) or {})


def names(db: Db, campaigns: Sequence[str]) -> dict[tuple[str, str], str]:
    """The name of each own result, by campaign and key. Raises Unavailable."""
    with reachable():
        found = list(db.campaigns.find({"_id": {"$in": list(campaigns)}}, {"own_results": 1}))
    return {(str(c["_id"]), own.key): own.name for c in found for own in of_campaign(c)}


def add(db: Db, campaign: str, name: str, effect: Result, *, by: str) -> OwnResult:
    """Add a result; one that is there already with this effect is returned, or offered again if it was retired.

    Raises InputError, Conflict, NotFound, Unavailable.
    """
    name = _checked(name)

    def change(known: list[OwnResult]) -> tuple[list[OwnResult], OwnResult]:
        if same := next((one for one in known if one.name.casefold() == name.casefold()), None):
            if same.effect is not effect:
                raise Conflict(
                    Sentence(
                        "'{name}' is there already, and counts as '{effect}'.", name=name, effect=same.effect.words
                    ),
                    kept=_UNCHANGED,
                    next=Sentence("Choose another name."),
                )
            again = replace(same, retired=False)
            return [again if one is same else one for one in known], again
        if sum(not one.retired for one in known) >= MOST:
            raise InputError(
                Sentence("A campaign has at most {most} results of its own", most=MOST),
                kept=_UNCHANGED,
                next=Sentence("Retire one first."),
            )
        new = OwnResult(f"own-{len(known) + 1}", name, effect)
        return [*known, new], new

    return _change(db, campaign, change, by)


def rename(db: Db, campaign: str, key: str, name: str, *, by: str) -> OwnResult:
    """Give a result another name, on earlier calls too. Raises InputError, Conflict, NotFound, Unavailable."""
    name = _checked(name)

    def change(known: list[OwnResult]) -> tuple[list[OwnResult], OwnResult]:
        if any(one.name.casefold() == name.casefold() and one.key != key for one in known):
            raise Conflict(Sentence("'{name}' is there already.", name=name), kept=_UNCHANGED)
        return _replaced(known, key, name=name)

    return _change(db, campaign, change, by)


def set_retired(db: Db, campaign: str, key: str, *, retired: bool, by: str) -> OwnResult:
    """Offer a result no more, or again. Raises NotFound, Unavailable."""
    return _change(db, campaign, lambda known: _replaced(known, key, retired=retired), by)


def effect_of(db: Db, campaign: str, key: str) -> Result:
    """The standard result that the own result `key` stands for. Raises NotFound, Unavailable."""
    found = next((one for one in read_own_results(db, campaign) if one.key == key), None)
    if found is None:
        raise _no_such(key)
    return found.effect


def _change(db: Db, campaign: str, change: Change, by: str) -> OwnResult:
    """Write what `change` makes of the results, unless somebody else has changed them since they were read."""
    for _ in range(TRIES):
        with reachable():
            found = db.campaigns.find_one({"_id": campaign}, {"own_results": 1, "own_results_number": 1})
        if found is None:
            raise NotFound(Sentence("There is no campaign '{campaign}'.", campaign=campaign))
        known = of_campaign(found)
        after, changed = change(known)
        if after == known:
            return changed
        number = found.get("own_results_number")
        stored = [{**asdict(one), "effect": one.effect.value} for one in after]
        values = {"own_results": stored, "own_results_number": (number or 0) + 1}
        with reachable():
            done = db.campaigns.update_one({"_id": campaign, "own_results_number": number}, {"$set": values})
        if done.matched_count:
            event_log.append(
                db,
                who=by,
                what=Event.OWN_RESULT_CHANGED,
                subject=campaign,
                key=changed.key,
                name=changed.name,
                effect=changed.effect.value,
                retired=changed.retired,
            )
            return changed
    raise Conflict(
        Sentence("Another manager is changing the results of this campaign."),
        kept=_UNCHANGED,
        next=Sentence("Try again."),
    )


def _replaced(
    known: list[OwnResult], key: str, *, name: str | None = None, retired: bool | None = None
) -> tuple[list[OwnResult], OwnResult]:
    found = next((one for one in known if one.key == key), None)
    if found is None:
        raise _no_such(key)
    new = replace(
        found, name=found.name if name is None else name, retired=found.retired if retired is None else retired
    )
    return [new if one is found else one for one in known], new


def _no_such(key: str) -> NotFound:
    return NotFound(Sentence("This campaign has no result '{key}'.", key=key), kept=_UNCHANGED)


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise InputError(
            Sentence("A result's name has 1 to {longest} characters", longest=LONGEST),
            kept=_UNCHANGED,
            next=Sentence("Type another one."),
        )
    return name
