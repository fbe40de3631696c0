"""The filter of the call list: the people an agent wants to call next. It lasts as long as the page is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.language import _, formats, translate
from app.ranked_list import bands
from core.calls import filters
from core.calls.filters import CallFilter
from core.schema import Schema
from core.schema.column import Column
from core.sentences import Sentence

EVERYBODY = Sentence("Everybody")


def draw_filter(schema: Schema, floors: Callable[[], Sequence[float]], *, ranked: bool) -> CallFilter:
    """Draw the filter and return the choices. Bands can be chosen where the list is `ranked`.

    `floors` reads the floors of the bands. A long list takes a while, so it runs only once a band is chosen.
    """
    chosen = sum(1 for key in _keys(schema) if st.session_state.get(key) not in (None, EVERYBODY))
    label = _("Filter ({count})").format(count=chosen) if chosen else _("Filter")
    with st.popover(label, key="list-filter", icon=":material/filter_list:", width="stretch"):
        st.caption(_("Callbacks are offered regardless of this filter."))
        low, high = _band(floors, ranked=ranked)
        equal = {c.name: word for c in filters.categories(schema) if (word := _category(c)) is not None}
        least = {c.name: number for c in filters.numbers(schema) if (number := _number(c)) is not None}
        st.button(_("Clear"), key="filter-clear", icon=":material/close:", on_click=_clear, args=(schema,))
    return CallFilter(equal, least, low, high)


def _band(floors: Callable[[], Sequence[float]], *, ranked: bool) -> tuple[float | None, float | None]:
    """The lowest score of the chosen band, and the score below which all of the band's scores are."""
    names = [band.name for band in bands.BANDS] if ranked else []
    name = st.selectbox(_("Band"), [EVERYBODY, *names], key="filter-band", format_func=translate)
    if name not in names:
        return None, None
    place = names.index(name)
    edges = [None, *floors(), None]
    return edges[place + 1], edges[place]


def _category(column: Column) -> str | None:
    options = [EVERYBODY, *column.categories]
    value: str = st.selectbox(
        formats.label(column),
        options,
        key=_key(column),
        format_func=lambda v: translate(v) if v == EVERYBODY else formats.value(column, v),
    )
    return None if value == EVERYBODY else value


def _number(column: Column) -> float | None:
    label = _("{column}, at least").format(column=formats.label(column)) + (
        f" ({formats.unit(column, 0)})" if column.unit else ""
    )
    least: float | None = st.number_input(
        label, value=None, step=1.0, format="%g", key=_key(column), placeholder=_("any")
    )
    return least


def _key(column: Column) -> str:
    return f"filter-{column.name}"


def _keys(schema: Schema) -> list[str]:
    return ["filter-band", *(_key(column) for column in [*filters.categories(schema), *filters.numbers(schema)])]


def _clear(schema: Schema) -> None:
    for key in _keys(schema):
        st.session_state.pop(key, None)
