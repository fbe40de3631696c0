"""Whether an upgrade has lost anything: numbers of records before and after."""

from __future__ import annotations

from collections.abc import Mapping

LASTING = ("accounts", "calls", "campaigns", "events", "outcomes", "prospects", "predictions")
"""What no migration and no start of a release makes fewer. `predictions` are rows, however they are stored."""


def lost(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """What is fewer after than before, in words; names are `{kind}.{what}`."""
    found = []
    for name, number in sorted(before.items()):
        if name.rpartition(".")[2] in LASTING and after.get(name, 0) < number:
            found.append(f"{name}: {after.get(name, 0)} of {number}")
    return found
