"""What the forms of wishes ask alike: where a wish holds, until when, why, and which country numbers are of."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from app.language import _, formats
from core.calls.campaigns import title_of
from core.clock import now
from core.schema import Schema
from core.stores.mongo import Db, reachable
from core.wishes.wish import Wish

EVERYWHERE = ""


def ask_where(db: Db, key: str) -> str:
    """The campaign in which alone the wish is to hold; "" for all of them. Raises Unavailable."""
    with reachable():
        titles = {str(one["_id"]): title_of(one) for one in db.campaigns.find({}, {"title": 1})}
    chosen = st.selectbox(
        _("Where"),
        [EVERYWHERE, *sorted(titles)],
        key=key,
        format_func=lambda campaign: titles.get(campaign, _("In every campaign, for good")),
    )
    return str(chosen or EVERYWHERE)


def ask_until(label: str, key: str, *, days: int = 0) -> datetime | None:
    """The end of a day as people see it there, or None. `days`: what is proposed, from today."""
    zone = ZoneInfo(st.context.timezone or "UTC")
    today = now().astimezone(zone).date()
    if days:
        st.session_state.setdefault(key, today + timedelta(days=days))
    chosen = st.date_input(label, value=None, min_value=today, key=key)
    return datetime.combine(chosen + timedelta(days=1), time(), zone) if isinstance(chosen, date) else None


def ask_region(schema: Schema, key: str) -> str:
    """The country of numbers that are written without it; proposed is that of the kind's phone columns."""
    region = next((column.region for column in schema.contacts if column.region), "")
    st.session_state.setdefault(key, region)
    written = st.text_input(
        _("Country of numbers without one"),
        key=key,
        max_chars=2,
        placeholder="DE",
        help=_("Two letters, such as DE. Without it only numbers with their country, such as +49 30 123456, are read."),
    )
    return str(written or "").strip().upper()


def wish_line(wish: Wish, campaign: str = "") -> str:
    """A wish in a line: since when, by whom, from where, until when and why."""
    zone = st.context.timezone
    parts = [
        _("On the list since {when}, by {who}").format(when=formats.moment(wish.at, zone), who=wish.by),
        _("source: {source}").format(source=source_word(wish.source)),
    ]
    if campaign:
        parts.append(_("only in {campaign}").format(campaign=campaign))
    if wish.until:
        end = datetime.fromtimestamp(wish.until / 1000, ZoneInfo("UTC"))
        parts.append(_("until {when}").format(when=formats.moment(end, zone)))
    if wish.why:
        parts.append(wish.why)
    return formats.plain("; ".join(parts))


def source_word(source: str) -> str:
    """The source of a wish, for people."""
    kind, _mark, name = source.partition(" ")
    words = {
        "card": _("a call"),
        "manager": _("a manager"),
        "api": _("another program"),
        "file": _("the file {name}").format(name=name),
        "register": _("the register {name}").format(name=name),
    }
    return words.get(kind, source)
