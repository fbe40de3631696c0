"""The mark of a person who came by a file in order to be called: `{arrival: {import, draw}}` on the prospect.

Drift compares people who arrive with those who arrived before them (`monitor.reports.drift.arrivals`). Whoever comes
with the outcome of an earlier call has no mark, because those people were chosen for their call. `draw` orders the
people of one file by a hash, so that a few of them can be read by index, and the order of the file, which may be
sorted, does not show.
"""

from __future__ import annotations

import hashlib

from core.stores.mongo import Document


def mark(entry: str, prospect: str) -> Document:
    """The mark of `prospect`, whom the import `entry` brought."""
    return {"import": entry, "draw": draw(prospect)}


def draw(prospect: str) -> int:
    """The place of `prospect` among others, whatever the order of their keys: 48 bits of a hash of its key."""
    return int.from_bytes(hashlib.sha256(prospect.encode()).digest()[:6])
