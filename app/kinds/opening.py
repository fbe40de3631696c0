"""Opens a campaign kind from the screens: its database's indexes, then the kind itself.

The indexes come first, so the services that see the kind find its database ready. What else a kind has, the service
that needs it makes at its first use: the trainer the registered model and the data registry, monitoring the project of
its reports.
"""

from __future__ import annotations

import time

from app.shell.appliance import Appliance
from core.calls import filters
from core.errors import Unavailable
from core.kinds import registry
from core.kinds.kind import Kind, read_kind
from core.sentences import Sentence
from core.stores.mongo import ensure_indexes

SECONDS, PAUSE = 10.0, 0.25


def open_kind(house: Appliance, content: str, *, by: str) -> Appliance:
    """Open the kind in the YAML text `content`; returns its appliance. Safe to repeat.

    Raises SchemaError for an unusable kind, Conflict where its name is taken, Unavailable.
    """
    home, shipped = house.home, house.shipped
    if home is None or shipped is None:
        raise ValueError("this appliance was not wired by app.main")
    schema = read_kind(content, "the new kind")
    database = Kind(schema.name, schema).database(home)
    ensure_indexes(database)
    filters.ensure_indexes(database, schema)
    kind, _ = registry.add(home, shipped, content, by=by, what="the new kind")
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        for other in house.others():
            if other.kind == kind.name and other.schema.hash == kind.schema.hash:
                return other
        time.sleep(PAUSE)
    raise Unavailable(
        Sentence("The kind {title} is there, but this page does not see it yet.", title=kind.title),
        kept=Sentence("The kind is kept; nothing was imported."),
        next=Sentence("Load the page again, choose the kind, and import the file there."),
    )
