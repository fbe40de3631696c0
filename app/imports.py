"""Campaign files that people bring: checked and imported, and the rejected rows kept for them to mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from app.appliance import Appliance
from core import events
from core.campaign_file import CampaignFile
from core.errors import InputError
from core.intake import Report, import_campaign

KINDS = ("csv", "parquet", "zip")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Imported:
    """What became of a file called `name`; `rejects` is the key of its reject file in the store, where there is one."""

    name: str
    report: Report
    rejects: str | None


def campaign_key(title: str) -> str:
    """The key of a campaign that people call `title`: lower case, words joined by hyphens.

    Raises InputError if nothing usable is left; a key is part of others (`{campaign}:{ref}`), so it stays simple.
    """
    key = re.sub(r"[^a-z0-9]+", "-", title.strip().lower()).strip("-")[:40].rstrip("-")
    if not _KEY.fullmatch(key):
        raise InputError(
            f"'{title}' cannot name a campaign" if title.strip() else "The campaign has no name",
            kept="Nothing was imported.",
            next="Use letters and digits, for example 'autumn 2026'.",
        )
    return key


def rejects_key(campaign: str, sha256: str) -> str:
    """Where the rejected rows of the file with this sha256 are kept."""
    return f"imports/{campaign}/{sha256[:8]}-rejects.csv"


def broken_rules(report: Report) -> list[tuple[str, str, int]]:
    """(column, its rule, rows that broke it), the most frequent first; a rule of the whole row has no column."""
    return [(column, rule, times) for (column, rule), times in report.rules.most_common()]


def bring_in(
    house: Appliance,
    campaign: str,
    name: str,
    content: bytes,
    *,
    who: str,
    progress: Callable[[int, int], None] = lambda _done, _rows: None,
) -> Imported:
    """Import the file called `name` into `campaign`; `progress` hears rows done and rows in all.

    The reject file is in the store before this returns. Raises InputError before anything is written if the file as a
    whole does not fit, and Unavailable; importing the same file again then goes on.
    """
    with TemporaryDirectory(prefix="import-") as folder:
        path = Path(folder) / PurePath(name.replace("\\", "/")).name
        path.write_bytes(content)
        file = CampaignFile.open(path)
        with file.records() as records:
            rows = sum(1 for _ in records)
        rejects = Path(folder) / "rejected" / "rejects.csv"
        report = import_campaign(
            house.db,
            house.schema,
            file,
            campaign,
            rejects=rejects,
            progress=lambda done: progress(done, rows),
        )
        key = None
        if rejects.exists():
            key = rejects_key(campaign, report.sha256)
            house.store.ensure()
            house.store.put(key, rejects.read_bytes(), "text/csv")
    events.append(
        house.db,
        who=who,
        what="campaign file imported",
        subject=campaign,
        file=name,
        sha256=report.sha256,
        inserted=report.inserted,
        unchanged=report.unchanged,
        rejected=report.rejected,
    )
    return Imported(name, report, key)
