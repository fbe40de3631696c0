"""The reasons for a person's chance, in words that an agent can say.

The words come from the schema (`reason` of a column), or else from the column's label and value.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.language import _, formats, locale
from core.schema import Schema
from core.schema.column import Value
from core.scoring.reasons import Reason, from_documents
from core.stores.mongo import Document


def draw_reasons(schema: Schema, prospect: Document) -> None:
    """Draw the reasons for the score of `prospect`, each with its direction."""
    if prospect["score"] is None:
        return
    with st.container(key="reasons", gap="xsmall"):
        st.markdown(
            f"**{formats.plain(_('Why this chance'))}**",
            help=_(
                "What sets this person apart from the average of the people whom the model learnt from, the strongest "
                "reason first. These are tendencies, not rules: other things being equal, people like this buy more "
                "often, or less often."
            ),
        )
        reasons = from_documents(prospect.get("reasons"))
        if reasons is None:
            st.caption(_("The reasons come with the next ranking."))
        elif not reasons:
            st.caption(_("Nothing sets this person apart from the average."))
        for reason in reasons or ():
            st.markdown(_line(schema, reason, prospect["features"]))


def reason_sentence(schema: Schema, reason: Reason, features: Mapping[str, Value]) -> str:
    """`reason` in words. They state its direction only if the schema's words do. Plain text."""
    column, language = schema.by_name[reason.column], locale().language
    value = features.get(column.name)
    words = column.own_words(value, language) if value is not None else None
    wording = column.wording(language)
    sentence = wording.raises if reason.effect > 0 else wording.lowers
    if not sentence and words:
        return words
    shown = words or formats.value(column, value)
    return (sentence or "{label}: {value}").format(label=formats.label(column), value=shown)


def _line(schema: Schema, reason: Reason, features: Mapping[str, Value]) -> str:
    # Never colour alone: the direction is a word, too.
    if reason.effect > 0:
        direction = f":green-badge[:material/trending_up: {_('raises it')}]"
    else:
        direction = f":gray-badge[:material/trending_down: {_('lowers it')}]"
    known = reason.column in schema.by_name  # the schema may have changed since
    return f"{direction} {formats.plain(reason_sentence(schema, reason, features) if known else reason.column)}"
