"""Gives each file that a campaign names an entry in the log of imports: before, campaigns kept them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bootstrap.migrations.migration import Keep, pages
from core.calls.lifecycle import epoch_seconds
from core.lists.logged_import import Kind, State
from core.stores.mongo import Db, Document


def run(db: Db, keep: Keep) -> int:
    """The entries first, then the campaign without its files. Returns the number of campaigns.

    A file that has an entry keeps it, because that says more.
    """
    changed = 0
    for page in pages(db, "campaigns", keep, {"files": 1}):
        for campaign in page:
            if campaign.get("files") is None:
                continue
            for sha256, seen in campaign["files"].items():
                key = f"{campaign['_id']}:{sha256[:16]}"
                if db.imports.find_one({"_id": key}, {"_id": 1}) is None:
                    db.imports.insert_one({"_id": key, **_entry(campaign["_id"], sha256, seen)})
            db.campaigns.update_one({"_id": campaign["_id"]}, {"$unset": {"files": ""}})
            changed += 1
            keep()
    return changed


def _entry(campaign: str, sha256: str, seen: Mapping[str, Any]) -> Document:
    """The entry of a file with this `sha256`, of which the campaign says `seen`; nobody noted who brought it."""
    at, rows, rejected = seen["imported_at"], int(seen["rows"]), int(seen["rejected"])
    report = {"rows": rows, "inserted": rows - rejected, "unchanged": 0, "outcomes": 0, "rejected": rejected}
    return {
        "campaign": campaign,
        "kind": Kind.PEOPLE.value,
        "file": seen["path"],
        "sha256": sha256,
        "by": "",
        "run": "",
        "state": State.DONE.value,
        "order": epoch_seconds(at),
        "times": {"begun": at, "heard": at, "ended": at},
        "progress": {"done": rows, "rows": rows},
        "cancel": False,
        "report": {**report, "kept_out": 0, "rules": [], "rejects": None, "mended": False},
        "error": None,
        **({"mended": seen["mended"]} if "mended" in seen else {}),
    }
