"""The kinds of an appliance: its shipped one, and those in the collection `kinds`.

    {kind}: {content, hash, shipped, versions: [{hash, content, stored: {at, by}}], retired: {at, by}}

`content` is the YAML text of the newest version. The shipped kind is the file that CALLWISE_SCHEMA names; the set-up
records its versions here, so that they are known like those of any other kind. A kind that is `retired` has no
campaign, no screens and no jobs; its database, models, datasets and reports stay, and an erasure looks there, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import Conflict, NotFound, SchemaError
from core.kinds.change import Change, Needs, change
from core.kinds.kind import Kind, Version, read_kind
from core.schema import Schema, checked_yaml
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

Champion = Callable[[Kind], Schema | None]
"""Gives the schema that a kind's champion was made with; None without a champion."""

LONGEST_DATABASE = 63
"""Letters of a database's name (https://www.mongodb.com/docs/manual/reference/limits/)."""


def no_champion(_kind: Kind) -> Schema | None:
    """For kinds that cannot have a champion yet."""
    return None


def kinds(home: Db, shipped: Schema, *, retired: bool = False) -> list[Kind]:
    """All kinds in use: the shipped one, whose schema is `shipped`, then the others by name. `retired`: those, too.

    Raises SchemaError for one that this release cannot read, naming it; Unavailable.
    """
    with reachable():
        found = [one for one in home.kinds.find() if retired or not one.get("retired")]
        stored = sorted(found, key=lambda one: str(one["_id"]))
    first = next((_versions(one) for one in stored if one["shipped"] and one["_id"] == shipped.name), ())
    return [Kind(shipped.name, shipped, first, shipped=True), *(_kind(one) for one in stored if not one["shipped"])]


def retired(home: Db) -> list[Kind]:
    """The kinds that are out of use, by name. Raises SchemaError, Unavailable."""
    with reachable():
        stored = sorted((one for one in home.kinds.find() if one.get("retired")), key=lambda one: str(one["_id"]))
    return [_kind(one) for one in stored]


def find(home: Db, shipped: Schema, name: str | None, *, retired: bool = False) -> Kind:
    """The kind `name`; without a name, the shipped one. `retired`: also one of those.

    Raises NotFound, SchemaError, Unavailable.
    """
    if not name or name == shipped.name:
        return Kind(shipped.name, shipped, shipped=True)
    known = kinds(home, shipped, retired=retired)
    for kind in known:
        if kind.name == name:
            return kind
    raise NotFound(
        f"There is no campaign kind '{name}'.",
        kept="Nothing was changed.",
        next=f"The kinds are: {', '.join(kind.name for kind in known)}.",
    )


def add(
    home: Db,
    shipped: Schema,
    content: str,
    *,
    by: str,
    what: str = "campaign kind",
    champion: Champion = no_champion,
    clock: Clock = now,
) -> tuple[Kind, Change]:
    """Store the kind in the YAML text `content`, or a new version of it; returns it, and what the change needs.

    Safe to repeat: the same content is no new version. `what` names the text in messages. Raises SchemaError when the
    text is not usable, Conflict when the name is the shipped kind's or the change takes away what is needed,
    Unavailable.
    """
    schema = read_kind(content, what)
    if schema.name == shipped.name:
        raise Conflict(
            f"The kind '{schema.name}' is the one that CALLWISE_SCHEMA names.",
            kept="Nothing was changed.",
            next="Give the new kind another name; or change that file, and start the appliance again.",
        )
    if len(f"{home.name}-{schema.name}") > LONGEST_DATABASE:
        raise SchemaError(f"The name '{schema.name}' is too long for a database beside '{home.name}'.")
    return _store(home, schema, content, by, champion, clock, shipped=False)


def record_shipped(
    home: Db, schema: Schema, content: str, *, by: str, champion: Champion = no_champion, clock: Clock = now
) -> tuple[Kind, Change]:
    """Store the shipped kind's version; safe to repeat. `content` is the file's text.

    Raises Conflict when another kind has its name, or the file takes away what is needed; Unavailable.
    """
    with reachable():
        known = home.kinds.find_one({"_id": schema.name})
    if known is not None and not known["shipped"]:
        raise Conflict(
            f"CALLWISE_SCHEMA names the kind '{schema.name}', and another kind has this name.",
            kept="Nothing was changed.",
            next="Give the schema another name.",
        )
    return _store(home, schema, content, by, champion, clock, shipped=True)


def retire(home: Db, shipped: Schema, name: str, *, by: str, clock: Clock = now) -> Kind:
    """Take the kind `name` out of use; `add` brings it back. Safe to repeat.

    Raises NotFound; Conflict for the shipped kind, and for one with a campaign; SchemaError, Unavailable.
    """
    kind = find(home, shipped, name, retired=True)
    if kind.shipped:
        raise Conflict(
            Sentence("The kind {title} is the one that CALLWISE_SCHEMA names.", title=kind.title),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Set that to another file, and start the appliance again."),
        )
    with reachable():
        campaigns = [str(one["_id"]) for one in kind.database(home).campaigns.find({}, {"_id": 1})]
        if campaigns:
            raise Conflict(
                Sentence(
                    "The kind {title} has campaigns: {campaigns}.", title=kind.title, campaigns=", ".join(campaigns)
                ),
                kept=Sentence("Nothing was changed."),
                next=Sentence("Delete them first, and wait for their receipts."),
            )
        gone = {"$set": {"retired": {"at": clock(), "by": by}}}
        is_news = home.kinds.update_one({"_id": kind.name, "retired": {"$exists": False}}, gone).matched_count
    if is_news:
        event_log.append(home, who=by, what=Event.KIND_RETIRED, subject=kind.name)
    return kind


def _store(
    home: Db, schema: Schema, content: str, by: str, champion: Champion, clock: Clock, *, shipped: bool
) -> tuple[Kind, Change]:
    while True:
        at = clock()
        with reachable():
            known = home.kinds.find_one({"_id": schema.name})
        version = {"hash": schema.hash, "content": content, "stored": {"at": at, "by": by}}
        newest = {"content": content, "hash": schema.hash, "shipped": shipped}
        if known is None:
            needed, versions = Change(Needs.NOTHING), [version]
            with reachable():
                try:
                    home.kinds.insert_one({"_id": schema.name, **newest, "versions": versions})
                except DuplicateKeyError:
                    continue  # another process stored it at the same moment
            event, why = Event.KIND_ADDED, schema.title
        elif known["content"] == content and not known.get("retired"):
            return _kind(known), Change(Needs.NOTHING)
        elif known["content"] == content:
            with reachable():
                home.kinds.update_one({"_id": schema.name, "content": content}, {"$unset": {"retired": ""}})
            needed, versions, event, why = Change(Needs.NOTHING), known["versions"], Event.KIND_ADDED, "back in use"
        else:
            before = _kind(known)
            needed = change(before.schema, schema, champion(before))
            if needed.needs is Needs.REFUSED:
                raise Conflict(
                    f"The kind '{schema.name}' cannot change so: {'; '.join(needed.why)}.",
                    kept="The kind is unchanged.",
                    next="Leave that as it is, or add a kind under another name.",
                )
            versions = [*known["versions"], version]
            with reachable():
                seen = {"_id": schema.name, "content": known["content"]}
                new = {"$set": {**newest, "versions": versions}, "$unset": {"retired": ""}}
                if not home.kinds.update_one(seen, new).matched_count:
                    continue  # another process changed it at the same moment
            event, why = Event.KIND_CHANGED, "; ".join(needed.why) or "only words for people"
        event_log.append(home, who=by, what=event, subject=schema.name, why=why, version=schema.hash[:8])
        return Kind(schema.name, schema, _versions({"versions": versions}), shipped=shipped), needed


def _kind(stored: Document) -> Kind:
    name = str(stored["_id"])
    return Kind(name, _schema(name, stored["content"]), _versions(stored), shipped=stored["shipped"])


@lru_cache(maxsize=64)  # services look for changes every few seconds
def _schema(name: str, content: str) -> Schema:
    return checked_yaml.parse(content, Schema, f"stored kind {name}")


def _versions(stored: Document) -> tuple[Version, ...]:
    return tuple(
        Version(one["hash"], one["content"], one["stored"]["at"], one["stored"]["by"]) for one in stored["versions"]
    )
