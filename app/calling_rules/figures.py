"""How many people of a campaign can be called now, in one line, and what to say where nobody can be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import streamlit as st

from app.language import _, formats, plural
from app.language.zones import zone
from app.shell.adaptive_cache import AdaptiveCache
from core.calling_rules import stored
from core.clock import now
from core.lists.callable_now import CallableNow, NobodyNow, callable_now
from core.stores.mongo import Db


def _counting() -> AdaptiveCache[CallableNow]:
    return AdaptiveCache(lambda db, campaign: callable_now(db, campaign, now()), least=timedelta(seconds=10))


_figures: Callable[[], AdaptiveCache[CallableNow]] = st.cache_resource(show_spinner=False)(_counting)


def forget(db: Db, campaign: str) -> None:
    """Count `campaign` again next time."""
    _figures().forget(db, campaign)


def draw_callable_now(db: Db, campaign: str, *, under_rules_alone: bool = False) -> None:
    """Draw the line, some seconds old or older for a long list; where a campaign has no rules, it is the list's length.

    `under_rules_alone`: draw nothing there. Raises Unavailable.
    """
    if under_rules_alone and stored.read_rules(db, campaign) is None:
        return
    with st.container(key="callable-now"):
        st.markdown(f":material/schedule: {formats.plain(line(_figures().get(db, campaign), st.context.timezone))}")


def line(figures: CallableNow, zone_name: str | None) -> str:
    """The figures in words, without those that are 0. Plain text."""
    people = plural("{total} person", "{total} people", figures.total).format(total=formats.count(figures.total))
    parts = [_("{n} can be called now").format(n=formats.count(figures.now))]
    if figures.outside:
        parts.append(_outside(figures, zone_name))
    for n, text in (
        (figures.later, _("{n} come back later")),
        (figures.do_not_call, _("{n} do not call")),
        (figures.no_number, _("{n} without a usable number")),
        (figures.finished, _("{n} finished")),
    ):
        if n:
            parts.append(text.format(n=formats.count(n)))
    text = f"{people}: {', '.join(parts)}."
    return text if figures.has_rules else f"{text} {_('This campaign has no calling rules.')}"


def nobody_text(nobody: NobodyNow, zone_name: str | None) -> str:
    """Why nobody can be called now, and when the next person can be. Plain text."""
    why = _("It is outside the calling hours of everybody who is left, or too early for their next call.")
    if nobody.next is None:
        return why
    return f"{why} {_('The next person can be called from {when}.').format(when=moment(nobody.next, zone_name))}"


def moment(at: datetime, zone_name: str | None) -> str:
    """The time, with its weekday and day unless that is today: `09:00`, `Mon, 7 Dec 2026, 09:00`."""
    here, clock = zone(zone_name), formats.moment(at, zone_name, day=False)
    day = at.astimezone(here).date()
    return clock if day == now().astimezone(here).date() else f"{formats.date_of(day, weekday=True)}, {clock}"


def _outside(figures: CallableNow, zone_name: str | None) -> str:
    n = formats.count(figures.outside)
    if figures.opens is None:
        return _("{n} outside hours").format(n=n)
    return _("{n} outside hours (next at {when})").format(n=n, when=moment(figures.opens, zone_name))
