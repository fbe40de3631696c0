"""The best time to call a person, in words: when similar people answered most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import streamlit as st
from babel.dates import get_day_names
from babel.numbers import format_percent

from app.calls import answer_times
from app.calls.answer_times import Answers, BestTime, Group
from app.language import _, formats, locale
from app.language.zones import zone
from app.shell.adaptive_cache import cached_for
from app.shell.appliance import Appliance
from core.clock import now
from core.schema import Schema
from core.schema.column import Column, Value
from core.stores.mongo import Document

_counted = cached_for(timedelta(minutes=10), entries=64)(answer_times.count_answers)


def draw_best_time(house: Appliance, prospect: Document) -> None:
    """Draw the best time for `prospect`, or nothing if there were too few calls."""
    at = now().astimezone(zone(st.context.timezone))
    offset = (at.utcoffset() or timedelta(0)) // timedelta(minutes=1)
    segments = tuple(column.name for column in house.schema.segment_columns if "." not in column.name)
    counts = _counted(house.db, prospect["campaign"], segments, offset)
    if lines := best_time_sentences(house.schema, counts, prospect["features"], at):
        with st.container(key="best-time", gap="xsmall"):
            st.markdown(
                f"**{formats.plain(_('Best time to call'))}**",
                help=_(
                    "How often people answered the calls of this campaign, by the clock of your browser. "
                    "This shows when people answer, not when they buy."
                ),
            )
            for line in lines:
                st.markdown(formats.plain(line))


def best_time_sentences(
    schema: Schema, counts: answer_times.Counts, features: Mapping[str, Value], at: datetime
) -> list[str]:
    """Sentences on the best hours and weekday for these `features`, at the local time `at`. Plain text."""
    theirs = list(schema.known_groups_of(features).items())
    hours = answer_times.best_hours(counts, theirs, at.hour)
    weekday = answer_times.best_weekday(counts, theirs, at.isoweekday())
    return [*([_hours(schema, hours, at.hour)] if hours else []), *([_weekday(schema, weekday)] if weekday else [])]


def _hours(schema: Schema, best: BestTime, hour: int) -> str:
    sentence = _("{people} answer most between {start} and {end} h: {share} of {calls} calls{now}.")
    if best.now:
        rest = _("; now it is {share}").format(share=_share(best.now))
    else:
        rest = _("; that is now") if best.start <= hour < best.end else ""
    return sentence.format(
        people=_people(schema, best.group),
        start=best.start,
        end=best.end,
        share=_share(best.answers),
        calls=formats.count(best.answers.calls),
        now=rest,
    )


def _weekday(schema: Schema, best: BestTime) -> str:
    sentence = _("{people} answer most on a {weekday}: {share} of {calls} calls{now}.")
    return sentence.format(
        people=_people(schema, best.group),
        weekday=get_day_names("wide", locale=locale())[best.start - 1],
        share=_share(best.answers),
        calls=formats.count(best.answers.calls),
        now=_("; today it is {share}").format(share=_share(best.now)) if best.now else "",
    )


def _people(schema: Schema, group: Group) -> str:
    name, theirs = group
    if group == answer_times.EVERYBODY:
        return _("The people of this campaign")
    column = schema.by_name[name]
    words = column.wording(locale().language).values.get(theirs) or _shown(column, theirs)
    return _("People like this ({label}: {group})").format(label=formats.label(column), group=words)


def _shown(column: Column, group: str) -> str:
    # Old calls may have a group that the schema no longer has.
    return formats.group(column, group) if group in column.groups else group


def _share(answers: Answers) -> str:
    return format_percent(answers.share, locale=locale())
