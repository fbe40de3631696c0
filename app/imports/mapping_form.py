"""The mapping assistant: matches each column of the schema with a column of the file, and the file's words with values.

Each proposal shows its reason and how sure it is, and the manager can change it. Widget keys contain the file's key, so
another file starts with its own proposals.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import streamlit as st

from app.imports import column_reading
from app.imports.chosen_file import ChosenFile
from app.language import _, formats, plural, translate
from app.matching import column_matching, value_matching
from app.matching.column_matching import Confidence, Proposal
from app.matching.value_matching import Spelling
from app.shell.appliance import Appliance
from core.imports import column_mapping
from core.imports.column_mapping import ColumnMapping
from core.schema import Schema

EXAMPLES = 3
_COLOURS = {Confidence.CERTAIN: "green", Confidence.LIKELY: "blue", Confidence.CHECK: "orange", Confidence.NONE: "red"}


def draw_mapping_form(house: Appliance, chosen: ChosenFile) -> ColumnMapping:
    """Draw the assistant and return the present choices; `ColumnMapping.require` checks that none is missing."""
    start = _start(house.schema, chosen)
    unclear = [
        p
        for p in start
        if p.confidence in (Confidence.CHECK, Confidence.NONE) and not _may_be_absent(house.schema, p.column)
    ]
    sources: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    matched = [proposal for proposal in start if proposal.source]
    label = _("Columns: {found} of {all} found in the file").format(found=len(matched), all=len(start))
    plainly = all(p.confidence is Confidence.CERTAIN and p.fit == 1.0 for p in matched)
    with st.container(key="mapping"):
        _origin(chosen)
        with st.expander(label, expanded=bool(unclear) or not plainly, icon=":material/table_chart:"):
            st.caption(_("Choose the file's column for each one. Names and values give the proposals."))
            for proposal in start:
                now = _column(house.schema, chosen, proposal)
                if not now.source:
                    continue
                sources[now.column] = now.source
                if spelt := _spellings(house.schema, chosen, now):
                    values[now.column] = spelt
            readings = column_reading.ask(house.schema, chosen, sources)
            mapping = ColumnMapping(sources, values).with_readings(readings)
            _unused(house.schema, chosen, mapping)
    return mapping


def _start(schema: Schema, chosen: ChosenFile) -> list[Proposal]:
    """The proposals: the mapping of the last file with this header, or else what names and values give."""
    if chosen.last_mapping is None:
        return chosen.proposals
    sample, last = chosen.sample, chosen.last_mapping[0].columns
    return [
        column_matching.propose_source(schema, sample, p.column, last.get(p.column, ""), 1.0, "as the last time")
        for p in chosen.proposals
    ]


def _origin(chosen: ChosenFile) -> None:
    if chosen.mended:
        st.caption(_("These rows were rejected before. Their columns are matched as in their first file."))
    elif chosen.last_mapping is not None:
        last = chosen.last_mapping[1]
        text = _("A file with this header was imported on {when} by {who}; its columns are proposed again.")
        when = formats.moment(last["at"], st.context.timezone)
        st.caption(text.format(when=when, who=formats.plain(last["by"])))


def _column(schema: Schema, chosen: ChosenFile, proposal: Proposal) -> Proposal:
    """One line: the column, the file's column chosen for it, and how sure that is or how well it fits."""
    name, header = proposal.column, chosen.sample.header
    absent = _may_be_absent(schema, name)
    nothing = _("not in the file") if absent else _("choose one")
    with st.container(key=f"map-{_safe(chosen, name)}"):
        left, middle, right = st.columns([4, 4, 5], vertical_alignment="center", gap="small")
        with left:
            st.markdown(f"**{formats.plain(_label(schema, name))}**  \n:gray[{formats.plain(_rule(schema, name))}]")
        with middle:
            source = st.selectbox(
                _("Column of the file for {column}").format(column=_label(schema, name)),
                ["", *header],
                index=header.index(proposal.source) + 1 if proposal.source else 0,
                key=f"column-{_safe(chosen, name)}",
                label_visibility="collapsed",
                format_func=lambda choice: choice or nothing,
            )
        now = proposal
        if source != proposal.source:
            now = column_matching.propose_source(schema, chosen.sample, name, str(source or ""))
        with right:
            st.markdown(_verdict(chosen, now, absent=absent, by_hand=now is not proposal))
    return now


def _verdict(chosen: ChosenFile, now: Proposal, *, absent: bool, by_hand: bool) -> str:
    if not now.source and absent:
        return ":gray-badge[" + _("left out") + "]"
    if not now.source:
        return ":red-badge[" + _("needed") + "] " + _("Nothing can be imported without it.")
    badge = _("chosen by you") if by_hand else _sure(now.confidence)
    colour = "gray" if by_hand else _COLOURS[now.confidence]
    parts = [f":{colour}-badge[{badge}]"]
    if now.why and not by_hand:
        parts.append(formats.plain(translate(now.why)))
    fits = (
        _("all values fit") if now.fit == 1.0 else _("{share} of the values fit").format(share=formats.percent(now.fit))
    )
    parts.append(f":{'gray' if now.fit >= 0.95 else 'red'}[{formats.plain(fits)}]")
    examples = list(dict.fromkeys(chosen.sample.cells[now.source]))[:EXAMPLES]
    shown = ", ".join(formats.plain(text[:30]) for text in examples)
    return " · ".join(parts) + (f"  \n:gray[{shown}]" if shown else "")


def _spellings(schema: Schema, chosen: ChosenFile, now: Proposal) -> dict[str, str]:
    """The value that each word of the file means; words that differ from the schema's in capitals need no choice."""
    remembered = _remembered(chosen, now)
    options = _values(schema, now.column)
    later = chosen.invalid_values.get(now.column, {})  # from the check of the whole file
    new = {word: rows for word, rows in later.items() if word not in {s.text for s in now.spellings}}
    words = [*now.spellings, *value_matching.spellings(tuple(options), new)] if options else []
    same = {s.text: s.value for s in words if s.why == value_matching.SAME_WORD}
    other = [s for s in words if s.why != value_matching.SAME_WORD]
    meant = {**remembered, **same}
    if not other:
        return meant
    waiting = any(not (s.value or remembered.get(s.text)) for s in other)
    label = plural("{n} word of the file to check", "{n} words of the file to check", len(other))
    title = f"{formats.plain(_label(schema, now.column))}: {label.format(n=len(other))}"
    with st.expander(title, expanded=waiting):
        for spelling in other:
            meant[spelling.text] = _meaning(chosen, now, spelling, options, remembered)
    return {text: value for text, value in meant.items() if value}


def _remembered(chosen: ChosenFile, now: Proposal) -> Mapping[str, str]:
    """The values that the last file with this header gave to the words of this column."""
    if chosen.last_mapping is None or chosen.last_mapping[0].columns.get(now.column) != now.source:
        return {}
    return chosen.last_mapping[0].values.get(now.column, {})


def _meaning(
    chosen: ChosenFile, now: Proposal, spelling: Spelling, options: Mapping[str, str], remembered: Mapping[str, str]
) -> str:
    proposed, keys = remembered.get(spelling.text) or spelling.value, ["", *options]
    left, right = st.columns([4, 6], vertical_alignment="center", gap="small")
    with left:
        rows = plural("{n} row", "{n} rows", spelling.rows).format(n=formats.count(spelling.rows))
        why = f" · {formats.plain(translate(spelling.why))}" if spelling.why else ""
        st.markdown(f"**{formats.plain(spelling.text)}**  \n:gray[{rows}{why}]")
    with right:
        chosen_value = st.selectbox(
            _("What {word} stands for").format(word=spelling.text),
            keys,
            index=keys.index(proposed) if proposed in keys else 0,
            key=f"word-{_safe(chosen, now.column)}-{crc32(spelling.text.encode())}",
            label_visibility="collapsed",
            format_func=lambda key: options.get(key, "") or _("leave it: these rows are rejected"),
        )
    return str(chosen_value or "")


def _values(schema: Schema, name: str) -> dict[str, str]:
    """The values that a word of the file can mean, each with its label."""
    if words := column_mapping.categories(schema).get(name):
        return {word: word for word in words}
    column = schema.in_files.get(name)  # None for the reference and the time of a call, which have no words
    return {str(code): f"{code} ({meaning})" for code, meaning in column.special.items()} if column else {}


def _unused(schema: Schema, chosen: ChosenFile, mapping: ColumnMapping) -> None:
    if rest := column_matching.unused_columns(schema, chosen.sample, mapping):
        names = [formats.plain(name) + (f" ({translate(why)})" if why else "") for name, why in rest]
        st.caption(_("Not used: {columns}.").format(columns=", ".join(names)))
    if schema.outcome.column not in mapping.columns:
        st.caption(_("No column has results of calls, so everybody in this file is still to be called."))


def _sure(sure: Confidence) -> str:
    return {
        Confidence.CERTAIN: _("certain"),
        Confidence.LIKELY: _("likely"),
        Confidence.CHECK: _("please check"),
        Confidence.NONE: _("not found"),
    }[sure]


def _may_be_absent(schema: Schema, name: str) -> bool:
    return name in column_mapping.may_be_absent(schema)


def _label(schema: Schema, name: str) -> str:
    if name == schema.outcome.column:
        return schema.outcome.label
    if name == schema.outcome.at:
        return _("The time of the call")
    column = schema.in_files.get(name)
    return column.label if column and name != schema.reference else _("The person's key")


def _rule(schema: Schema, name: str) -> str:
    if name == schema.outcome.column:
        return _short(f"{name}: {', '.join(schema.outcome.words)}") + ", " + _("or empty")
    if name == schema.outcome.at:
        return f"{name}: " + _("a date, or a date and a time")
    column = schema.in_files.get(name)
    words = column.rule if column and name != schema.reference else _("your own key of a person")
    return f"{name}: {_short(words)}"


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip(", ") + "…"


def _safe(chosen: ChosenFile, name: str) -> str:
    return f"{chosen.place}-{''.join(c if c.isalnum() else '-' for c in name)}"
