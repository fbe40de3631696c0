"""The filter of the call list: whom an agent wants to call next. It is kept for as long as the page is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.language import _, formats, said
from app.ranked_list import bands
from core.calls import filters
from core.calls.filters import CallFilter
from core.schema import Schema
from core.schema.column import Column
from core.sentences import Sentence

EVERYBODY = Sentence("Everybody")


def ask(schema: Schema, floors: Callable[[], Sequence[float]], *, ranked: bool) -> CallFilter:
    """Draw it and return what is asked for; `floors` gives those of the bands, which there are once somebody is ranked.

    They are asked for only if a band is: they take a while on a long list.
    """
    chosen = sum(1 for key in _keys(schema) if st.session_state.get(key) not in (None, EVERYBODY))
    label = _("Filter ({count})").format(count=chosen) if chosen else _("Filter")
    with st.popover(label, key="list-filter", icon=":material/filter_list:", width="stretch"):
        st.caption(_("Promised calls come back whatever is chosen here."))
        low, high = _band(floors, ranked=ranked)
        equal = {c.name: word for c in filters.categories(schema) if (word := _category(c)) is not None}
        least = {c.name: number for c in filters.numbers(schema) if (number := _number(c)) is not None}
        st.button(_("Clear"), key="filter-clear", icon=":material/close:", on_click=_clear, args=(schema,))
    return CallFilter(equal, least, low, high)


def _band(floors: Callable[[], Sequence[float]], *, ranked: bool) -> tuple[float | None, float | None]:
    """The scores of the chosen band, from and to below."""
    names = [band.name for band in bands.BANDS] if ranked else []
    name = st.selectbox(_("Band"), [EVERYBODY, *names], key="filter-band", format_func=said)
    if name not in names:
        return None, None
    place = names.index(name)
    edges = [None, *floors(), None]
    return edges[place + 1], edges[place]


def _category(column: Column) -> str | None:
    options = [EVERYBODY, *column.categories]
    value: str = st.selectbox(
        column.label,
        options,
        key=_key(column),
        format_func=lambda v: said(v) if v == EVERYBODY else formats.value(column, v),
    )
    return None if value == EVERYBODY else value


def _number(column: Column) -> float | None:
    label = _("{column}, at least").format(column=column.label) + (f" ({column.unit})" if column.unit else "")
    number: float | None = st.number_input(
        label, value=None, step=1.0, format="%g", key=_key(column), placeholder=_("any")
    )
    return number


def _key(column: Column) -> str:
    return f"filter-{column.name}"


def _keys(schema: Schema) -> list[str]:
    return ["filter-band", *(_key(column) for column in [*filters.categories(schema), *filters.numbers(schema)])]


def _clear(schema: Schema) -> None:
    for key in _keys(schema):
        st.session_state.pop(key, None)
