"""The form for a new campaign kind: a file, what its columns mean, the first rows as they will be read, the import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import streamlit as st
from pydantic import ValidationError

from app.access import identity
from app.imports import reading_form, upload
from app.imports.preview import draw_preview
from app.imports.questions import ask_when_called
from app.kinds import columns_form, looked_at, targets_form
from app.kinds.looked_at import LookedAt
from app.kinds.opening import open_kind
from app.language import _, formats, plural, translate
from app.shell import kind_choice
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.errors import InputError
from core.imports import process, run_import
from core.imports.column_mapping import ColumnMapping
from core.imports.readings import Readings
from core.imports.run_import import ImportJob
from core.kinds.kind import Kind
from core.oversight.space import refuse_import
from core.proposal import naming
from core.proposal.choices.kind import changed
from core.proposal.kind_text import kind_text
from core.proposal.meaning import ColumnProposal
from core.proposal.proposal import ABOUT, Proposal
from core.schema import Schema
from core.sentences import Sentence

_FILE = "kind_file"


def draw_wizard(house: Appliance) -> None:
    """Draw the form."""
    st.markdown(
        _(
            "A file of another company, or for another product, has other columns. Choose it here: Callwise says what "
            "it finds, you put right what it guessed wrongly, and it makes a kind of campaign with a model of its own."
        )
    )
    with st.container(key="new-kind", border=True):
        uploaded = upload.ask_for_file(_("A file with people, and the results of past calls"), _FILE)
        if uploaded is None:
            looked_at.forget()
            return
        looked = looked_at.look_at(uploaded)
        if (reading := reading_form.ask(looked.chosen)) is not None:
            looked_at.read_again(looked, reading)
            st.rerun()
        rows = plural("{n} row, {columns} columns.", "{n} rows, {columns} columns.", looked.seen.rows)
        st.caption(rows.format(n=formats.count(looked.seen.rows), columns=formats.count(len(looked.seen.columns))))
        proposal = targets_form.ask(looked)
        if proposal is not None:
            _rest(house, looked, proposal)


def _rest(house: Appliance, looked: LookedAt, proposal: Proposal) -> None:
    place = looked.place
    for warning in proposal.warnings:
        st.warning(formats.plain(translate(warning)), icon=":material/warning:")
    for question in proposal.questions:
        if question.template != ABOUT:  # those about one column stand beside it
            st.caption(f":material/help: {formats.plain(translate(question))}")
    left, right = st.columns(2, gap="medium")
    with left:
        title = st.text_input(
            _("What you call it"), value=proposal.schema.title, key=f"kind-title-{place}", max_chars=60
        )
    with right:
        swapped = _ask_for_the_sale(proposal, place)
    chosen = columns_form.ask(proposal, place)
    kind = _changed(proposal, chosen.columns, title, swapped=swapped)
    _what_the_model_reads(kind.schema)
    made, mapping = _as_read(house, looked, kind, chosen.readings)
    waiting = ", ".join(formats.plain(name) for name in mapping.asked)
    if waiting:
        st.warning(
            _("Choose above how these columns are written, because they can be read in two ways: {columns}.").format(
                columns=waiting
            ),
            icon=":material/help:",
        )
    else:
        draw_preview(made, looked_at.for_import(looked), "", mapping)
    called = ask_when_called(kind.schema, looked.chosen, mapping, "kind")
    _first_training(house, kind)
    if st.button(
        _("Make the kind and import the file"),
        type="primary",
        icon=":material/add:",
        key="kind_go",
        disabled=bool(waiting),
    ):
        _go(house, looked, kind, mapping, called)


def _ask_for_the_sale(proposal: Proposal, place: str) -> bool:
    """Where the outcome has one word for each side, ask which is the sale; whether it is the other one."""
    outcome = proposal.outcome.outcome
    sides = [*outcome.positive, *outcome.negative]
    if len(sides) > 2:
        return False
    sale = st.radio(_("Which value is a sale?"), sides, horizontal=True, key=f"kind-sale-{place}-{outcome.column}")
    return bool(sale == sides[1])


def _changed(proposal: Proposal, columns: Sequence[ColumnProposal], title: str, *, swapped: bool) -> Proposal:
    words = title.strip() or proposal.schema.title
    try:
        return changed(proposal, columns, title=words, name=naming.kind_name(words), swapped=swapped)
    except ValidationError as error:
        why = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise InputError(
            Sentence("These columns make no kind: {why}", why=why),
            kept=Sentence("Nothing was made."),
            next=Sentence("Change what a column means; the model needs at least one column to read."),
        ) from error


def _what_the_model_reads(schema: Schema) -> None:
    names = ", ".join(formats.plain(column.label) for column in schema.features)
    st.caption(_("The model reads: {columns}.").format(columns=names))


def _as_read(house: Appliance, looked: LookedAt, kind: Proposal, readings: Readings) -> tuple[Appliance, ColumnMapping]:
    """The appliance of the kind as it would be, and how the file is read into it."""
    if house.home is None:
        raise ValueError("this appliance was not wired by app.main")
    schema = kind.schema
    mapping = replace(ColumnMapping.by_name(schema, looked.chosen.file.header), lenient=True).with_readings(readings)
    database = Kind(schema.name, schema).database(house.home)
    return replace(house, schema=schema, db=database, kind=schema.name), mapping


def _first_training(house: Appliance, kind: Proposal) -> None:
    calls, needed = kind.outcome.calls, house.minimum_outcomes
    if calls >= needed:
        text = _("{calls} rows have the result of a call. That is enough: the first training starts by itself.")
    else:
        text = _(
            "{calls} rows have the result of a call, and a first training needs {needed}. It starts by itself as soon "
            "as {missing} more are known, from your agents or from a file; until then, the list is in the order of the "
            "file."
        )
    missing = formats.count(max(0, needed - calls))
    st.info(
        text.format(calls=formats.count(calls), needed=formats.count(needed), missing=missing),
        icon=":material/model_training:",
    )


def _go(house: Appliance, looked: LookedAt, kind: Proposal, mapping: ColumnMapping, called: datetime | None) -> None:
    who = identity.require(Role.MANAGER).shown
    refuse_import(house.db if house.home is None else house.home)
    opened = open_kind(house, kind_text(kind), by=who)
    file, title = looked.chosen.file, kind.schema.title
    work = ImportJob(run_import.campaign_key(title), file, who, mapping, title=title, called=called)
    if work.is_small:
        with st.spinner(_("Importing the file"), show_time=True):
            run_import.import_file(opened, work)
    else:
        process.start(opened, work)
    looked_at.forget()
    targets_form.forget()
    upload.empty(_FILE)
    kind_choice.turn_to(opened)
    leave_notice(
        Notice(
            "success",
            _("The kind {title} is made, and its file comes in.").format(title=formats.plain(title)),
            next=_("Its people appear on the call list; its model is on the page Models once it is trained."),
        )
    )
    st.rerun()
