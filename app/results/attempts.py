"""All calls of a campaign by their result: those without an outcome, too, and the campaign's own results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from app.desk.result_names import result_name
from app.language import _, formats, plural, zones
from app.shell.adaptive_cache import cached_for
from core.calls.lifecycle import Result
from core.clock import now
from core.desk.own_results import read_own_results
from core.desk.team import REACHED
from core.stores import embedded_mongo
from core.stores.embedded_mongo import local_time
from core.stores.mongo import Db, reachable


@dataclass(frozen=True)
class Attempts:
    """The calls that agents made, without those that were taken back: how many by result and own result ("": none)."""

    counts: Mapping[tuple[Result, str], int]

    @property
    def made(self) -> int:
        """All calls."""
        return sum(self.counts.values())

    @property
    def reached(self) -> int:
        """Calls in which somebody was spoken to."""
        return sum(many for (result, _own), many in self.counts.items() if result in REACHED)

    def of(self, result: Result) -> int:
        """Calls with that result, under whatever name."""
        return sum(many for (one, _own), many in self.counts.items() if one is result)


@cached_for(timedelta(minutes=1))
def read_attempts(db: Db, campaign: str, zone_name: str | None) -> dict[tuple[date, Result, str], int]:
    """All calls of `campaign` by day, result and own result. Days are those of `read_tallies`. Raises Unavailable."""
    minutes = (now().astimezone(zones.zone(zone_name)).utcoffset() or timedelta(0)) // timedelta(minutes=1)
    day = {"$dateToString": {"format": "%Y-%m-%d", "date": local_time("at", minutes)}}
    own = {"$ifNull": ["$own", ""]}
    with reachable():
        made = embedded_mongo.count_by(db.calls, {"campaign": campaign, "undone": None}, [day, "$result", own])
    return {(date.fromisoformat(on), Result(result), name): many for (on, result, name), many in made.items()}


def attempts(
    db: Db, campaign: str, zone_name: str | None, first: date | None = None, last: date | None = None
) -> Attempts:
    """The calls of the days from `first` to `last`, both included; of all days without them. Raises Unavailable."""
    counts: dict[tuple[Result, str], int] = {}
    for (day, result, own), many in read_attempts(db, campaign, zone_name).items():
        if (first is None or first <= day) and (last is None or day <= last):
            counts[result, own] = counts.get((result, own), 0) + many
    return Attempts(counts)


def draw_attempts(db: Db, campaign: str, made: Attempts, counted: int | None = None) -> None:
    """Draw the table of results; nothing where no call was made. `counted`: outcomes of agents, if they are shown."""
    if not made.made:
        return
    names = {own.key: own.name for own in read_own_results(db, campaign)}
    rows = []
    for result in Result:
        if many := made.of(result):
            rows.append(_row(f"**{formats.plain(result_name(result))}**", many, made.made))
        own = [(names.get(key, key), many) for (one, key), many in made.counts.items() if one is result and key]
        rows += [_row(f"&nbsp;&nbsp;{formats.plain(name)}", many, made.made) for name, many in sorted(own)]
    with st.container(key="results-by-result", border=True):
        st.markdown(_("**By result**"))
        st.table(rows, border="horizontal", hide_index=True)
        st.caption(
            _(
                "Every call that agents made, without results that were taken back. A campaign's own result stands "
                "below the standard one that it counts as, and is part of its figure."
            )
        )
        beside = made.of(Result.SOLD) + made.of(Result.REFUSED) - (counted or 0)
        if counted is not None and beside > 0:
            text = plural(
                "{count} result stands beside another agent's, so it is in this table and in no other figure. A "
                "manager settles it on the page Team.",
                "{count} results stand beside another agent's, so they are in this table and in no other figure. A "
                "manager settles them on the page Team.",
                beside,
            )
            st.caption(text.format(count=formats.count(beside)))


def _row(name: str, many: int, total: int) -> dict[str, str]:
    return {_("Result"): name, _("Calls"): formats.count(many), _("Share"): formats.percent(many / total)}
