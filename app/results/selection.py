"""The choices at the top of the results page: campaign, days, and whether results from files count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from app.language import _, formats, plural, translate
from app.language.zones import begin, zone
from app.results import cached
from app.results import figures as result_figures
from app.results.calls_made import Call, Tally
from app.shell.appliance import Appliance
from core.clock import now
from core.lists.call_values import IMPORTED
from core.sentences import Sentence

ALL_DAYS, CHOSEN_DAYS = Sentence("All days"), Sentence("Choose days")
PERIODS: Mapping[str, int | None] = {
    ALL_DAYS: None,
    Sentence("Last 7 days"): 7,
    Sentence("Last 30 days"): 30,
    Sentence("Last 90 days"): 90,
}


@dataclass(frozen=True)
class View:
    """The choices: a campaign, its days from `first` to `last`, and whether results from files count."""

    house: Appliance
    campaign: str
    tallies: list[Tally]
    first: date
    last: date
    imported: bool

    @property
    def names(self) -> list[str]:
        """The columns that are the schema's segments."""
        return list(self.house.schema.segments)

    def calls(self, limit: int) -> list[Call]:
        """The `limit` newest of these calls, with what was known before each. Raises Unavailable."""
        here = st.context.timezone
        return cached.read_calls(
            self.house.db,
            self.campaign,
            self.names,
            limit,
            since=begin(self.first, here),
            until=begin(self.last + timedelta(days=1), here),
            imported=self.imported,
        )


def draw_selection(house: Appliance, campaigns: Sequence[str]) -> View | None:
    """Draw the fields and return the choices; with nothing to show, a notice and None. Raises Unavailable."""
    with st.container(key="where"):
        left, right = st.columns(2)
        with left:
            campaign = st.selectbox(_("Campaign"), campaigns, key="campaign", bind="query-params")
        with right:
            period = st.selectbox(_("Period"), [*PERIODS, CHOSEN_DAYS], key="results-period", format_func=translate)
    tallies = cached.read_tallies(house.db, campaign, st.context.timezone)
    if not tallies:
        st.info(
            _("**No call has a result yet.** Results appear here as soon as agents record them."),
            icon=":material/hourglass_empty:",
        )
        return None
    own = [tally for tally in tallies if tally.agent != IMPORTED]
    imported = len(own) < len(tallies) and _with_imported(tallies, own)
    shown = tallies if imported else own
    if not shown:
        st.info(_("Nobody has recorded a call in this campaign yet."), icon=":material/hourglass_empty:")
        return None
    first, last = _days_of(period, campaign, shown)
    within = result_figures.in_period(shown, first, last)
    if not within:
        text = _("No call in this period. The last day with calls is {day}.")
        st.info(text.format(day=formats.plain(formats.date_of(shown[-1].day))), icon=":material/event_busy:")
        return None
    return View(house, campaign, within, first, last, imported)


def _with_imported(tallies: Sequence[Tally], own: Sequence[Tally]) -> bool:
    calls = sum(tally.rate.calls for tally in tallies) - sum(tally.rate.calls for tally in own)
    text = plural("With {results} result that came with files", "With {results} results that came with files", calls)
    with_them: bool = st.toggle(
        text.format(results=formats.count(calls)),
        value=not own,
        key="results-imported",
        help=_("Calls that were made elsewhere or before. Where a file has only their month, the day is invented."),
    )
    return with_them


def _days_of(period: str, campaign: str, tallies: Sequence[Tally]) -> tuple[date, date]:
    """The first and last day of `period`."""
    first, last, today = tallies[0].day, tallies[-1].day, now().astimezone(zone(st.context.timezone)).date()
    if period == CHOSEN_DAYS:
        # A field of its own for each range: days chosen in one range need not be in another.
        key = f"results-days:{campaign}:{first}"
        chosen = st.date_input(_("Days"), (first, last), first, max(last, today), key=key, format=formats.day_field())
        ends = chosen if isinstance(chosen, tuple) else (chosen,)
        return (ends[0], ends[-1]) if ends else (first, last)
    days = PERIODS[period]
    return (first, last) if days is None else (today - timedelta(days=days - 1), today)
