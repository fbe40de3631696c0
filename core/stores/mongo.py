"""The MongoDB adapter: the connection, the collections' names, and their indexes.

`_id` is the natural key everywhere, so every write may be repeated:

    campaigns    {campaign}
    prospects    {campaign}:{ref}
    contacts     {prospect}
    calls        {prospect}:{call}
    outcomes     {prospect}:{call}
    do_not_call  {ref}, with {kind}/{campaign}: in front of a wish for one campaign
    barred_numbers  {a number's hash}, with @{kind}/{campaign} behind it for one campaign
    deletions    {campaign}:{when it was made}
    erasures     {start of a person's pseudonym}-{number}
    kept_out     {a person's pseudonym}
    kinds        {kind}
    mappings     {header's signature}
    imports      {campaign}:{file}, with -{number} for each time after the first
    predictions  {request}:{row}
    indicators   {series}:{period}
    models       {name}:{decision}
    incidents    {cause}:{opened}
    reviews      {model}:{week}, with :{name} for each later signature
    events       {sequence}
    appliance    {fact}
    registers    {register}
    register_buckets  {register}:{version}:{start of a number's hash}, and `in force`
    retention    {what was cleared}, with :{day} for each day of predictions
    users        {login name}
    tokens       {sha256 of the token}
    token_uses   {sha256 of the token}
    answers      {sha256 of a token's hash and its Idempotency-Key}
    changes      {place in the sequence}
    sessions     {sha256 of the token}
    attempts     {name or address}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from core.errors import Unavailable
from core.sentences import Sentence
from core.settings.addresses import MongoSettings
from core.stores.mongo_client import open_client

Document = dict[str, Any]
Db = Database[Document]

SOCKET_TIMEOUT_SECONDS = 120
"""Seconds to wait for a reply before giving up."""

PRIVATE = frozenset({"users", "sessions", "attempts", "tokens"})
"""Collections that few services read: hashes of passwords, sessions, and the tokens of programs."""

COLLECTIONS = PRIVATE | {
    *("campaigns", "prospects", "calls", "outcomes", "do_not_call", "predictions", "indicators"),
    *("models", "incidents", "reports", "reviews", "events", "appliance", "erasures", "kept_out"),
    *("contacts", "mappings", "imports", "kinds", "deletions", "retention"),
    *("token_uses", "answers", "changes"),
    *("barred_numbers", "registers", "register_buckets"),
}

INDEXES: dict[str, list[list[tuple[str, int]]]] = {
    # The call list: the best open prospect of a campaign, and how many are left in each state.
    "prospects": [
        # Those who are to be ranked, and those whom an earlier line-up ranked: `core.calls.rank_key`.
        [("rank_key", ASCENDING)],
        [("campaign", ASCENDING), ("status", ASCENDING), ("score", DESCENDING), ("ref", ASCENDING)],
        # The same among those in one time zone: `core.calling_rules.zones`.
        [
            ("campaign", ASCENDING),
            ("status", ASCENDING),
            ("zone", ASCENDING),
            ("score", DESCENDING),
            ("ref", ASCENDING),
        ],
        [("claim.by", ASCENDING)],
        # Callbacks and pauses, in the order of their time.
        [("campaign", ASCENDING), ("status", ASCENDING), ("due", ASCENDING)],
        # The people whom an import inserted or changed last, and whom a file withdrew.
        [("import.last", ASCENDING)],
        [("withdrawn.import", ASCENDING)],
        # Those who came by a file to be called, in an order that is not the file's.
        [("arrival.import", ASCENDING), ("arrival.draw", ASCENDING)],
        # Those who were ranked, in an order that is not that of their keys.
        [("status", ASCENDING), ("draw", ASCENDING)],
    ],
    "calls": [
        [("agent", ASCENDING), ("at", ASCENDING)],
        # The calls of today: of two columns the embedded server finds nothing.
        [("at", ASCENDING)],
        [("prospect", ASCENDING)],
        [("ref", ASCENDING)],
        # This index also serves the best time to call, which reads all calls of a campaign.
        [("campaign", ASCENDING), ("at", ASCENDING)],
        # Corrections that are under way, and late results that nobody has settled: `core.desk`.
        [("correcting", ASCENDING)],
        [("settling", ASCENDING)],
        [("conflict", ASCENDING)],
        # What managers have corrected or settled, for the feed.
        [("revised", ASCENDING)],
    ],
    "outcomes": [
        [("at", ASCENDING)],
        [("campaign", ASCENDING), ("at", ASCENDING)],
        [("prospect", ASCENDING)],
        [("import", ASCENDING)],
    ],
    "imports": [[("campaign", ASCENDING), ("order", DESCENDING)]],
    "predictions": [
        [("at", ASCENDING)],
        # Of a record with many rows, each of its people is an entry.
        [("prospect", ASCENDING), ("at", DESCENDING)],
        [("campaign", ASCENDING)],
    ],
    # What happened last of a kind, and whether a decision or a step is logged.
    "events": [[("what", ASCENDING)], [("subject", ASCENDING)]],
    "reports": [[("kind", ASCENDING)]],
    "indicators": [[("series", ASCENDING), ("period", ASCENDING)]],
    "contacts": [[("search", ASCENDING)], [("numbers", ASCENDING)]],
    # Wishes that changed last, those that end, and a person's for one campaign.
    "do_not_call": [[("order", ASCENDING)], [("until", ASCENDING)], [("person", ASCENDING)]],
    "barred_numbers": [[("order", ASCENDING)], [("until", ASCENDING)], [("made.prospect", ASCENDING)]],
    "sessions": [[("user", ASCENDING)]],
    # Answers of the API to a person, for an erasure, and those that are too old.
    "answers": [[("prospects", ASCENDING)], [("until", ASCENDING)]],
    # Whether something is in the feed already, and what of a person is.
    "changes": [[("source", ASCENDING)], [("prospect", ASCENDING)]],
}
UNIQUE: dict[str, str] = {"users": "shown_key", "tokens": "name"}
"""Fields that no two documents of a collection share."""


def connect(settings: MongoSettings, *, timeout_seconds: float = 10.0) -> Db:
    """The appliance's database. Connects lazily; an operation waits at most `timeout_seconds` for a server.

    Datetimes are aware, in UTC. Every write waits for the journal. Raises SettingsError for an unusable address.
    """
    client = open_client(
        settings.mongodb_uri.get_secret_value(),
        serverSelectionTimeoutMS=int(timeout_seconds * 1000),
        connectTimeoutMS=int(timeout_seconds * 1000),
        socketTimeoutMS=SOCKET_TIMEOUT_SECONDS * 1000,
        tz_aware=True,
        appname="callwise",
        retryWrites=False,  # every write here is idempotent by key; the embedded server knows no sessions
    )
    return client[settings.mongodb_database]


def ensure_indexes(db: Db) -> None:
    """Create all indexes; safe to repeat."""
    with reachable():
        for collection, indexes in INDEXES.items():
            for keys in indexes:
                db[collection].create_index(keys)
        for collection, field in UNIQUE.items():
            db[collection].create_index([(field, ASCENDING)], unique=True)


def count(collection: Collection[Document], query: Mapping[str, Any]) -> int:
    """The number of matching documents. The embedded server's `count_documents` is slow and matches no null."""
    counts = list(collection.aggregate([{"$match": query}, {"$count": "n"}]))
    return int(counts[0]["n"]) if counts else 0


@contextmanager
def reachable() -> Iterator[None]:
    """Translate the driver's errors into Unavailable."""
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(
            f"MongoDB did not do what was asked: {error}.",
            kept=Sentence("Nothing is half written: every write has a key and may be repeated."),
            next=Sentence("Try again; if it persists, look at the log of the mongo service."),
        ) from error
