"""Why somebody's chance is what it is, in words a person can say.

The words are the schema's where it has some (`reason` of a column), and else the column's label and its value.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.language import _, formats, locale
from core.schema import Schema
from core.schema.column import Value
from core.scoring.reasons import Reason, stored
from core.stores.mongo import Document


def draw_reasons(schema: Schema, prospect: Document) -> None:
    """Draw the reasons for the score of `prospect`, each with its direction."""
    if prospect["score"] is None:
        return
    with st.container(key="reasons", gap="xsmall"):
        st.markdown(
            f"**{formats.plain(_('Why this chance'))}**",
            help=_(
                "What sets this person apart from the average of the people the model has learnt from, the strongest "
                "first. It is what the model says, not a law: other things being equal, people like this buy more, or "
                "less, often."
            ),
        )
        found = stored(prospect.get("reasons"))
        if found is None:
            st.caption(_("The reasons come with the next ranking."))
        elif not found:
            st.caption(_("Nothing sets this person apart from the average."))
        for reason in found or ():
            st.markdown(_line(schema, reason, prospect["features"]))


def said(schema: Schema, reason: Reason, features: Mapping[str, Value]) -> str:
    """`reason` in words, without its direction where the words do not have one. Plain text."""
    column = schema.by_name[reason.column]
    value = features.get(column.name)
    language = locale().language
    words = column.own_words(value, language) if value is not None else None
    wording = column.wording(language)
    sentence = wording.raises if reason.effect > 0 else wording.lowers
    if not sentence and words:
        return words
    shown = words or formats.value(column, value)
    return (sentence or "{label}: {value}").format(label=formats.label(column), value=shown)


def _line(schema: Schema, reason: Reason, features: Mapping[str, Value]) -> str:
    # Never colour alone: the direction is a word, too.
    icon, badge = (":material/trending_up:", ":green-badge") if reason.effect > 0 else (
        ":material/trending_down:", ":gray-badge"
    )  # fmt: skip
    direction = _("raises it") if reason.effect > 0 else _("lowers it")
    if reason.column not in schema.by_name:  # the schema has changed since
        return f"{badge}[{icon} {direction}] {formats.plain(reason.column)}"
    return f"{badge}[{icon} {direction}] {formats.plain(said(schema, reason, features))}"
