"""What a person says that a column means, where the proposal guessed otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from core.proposal.meaning import ColumnProposal, role
from core.proposal.rules.date_rules import date
from core.proposal.rules.finding import Habits
from core.proposal.rules.number_rules import number
from core.proposal.rules.word_rules import words
from core.schema.column import Column, ColumnType, Contact, Role
from core.sentences import Sentence


class Meaning(StrEnum):
    """What a column means, in the words that a person chooses from."""

    NUMBER = "a number"
    WORDS = "words"
    YES_NO = "yes or no"
    DATE = "a date"
    NAME = "the person's name"
    PHONE = "a phone number"
    EMAIL = "an e-mail address"
    COUNTRY = "the person's country"
    TIME_ZONE = "the person's time zone"
    KEY = "another key of the person"
    PEOPLE = "shown to people, not to the model"
    AFTER_CALL = "known only after the call"


_CONTACTS = {
    Contact.NAME: Meaning.NAME,
    Contact.PHONE: Meaning.PHONE,
    Contact.EMAIL: Meaning.EMAIL,
    Contact.COUNTRY: Meaning.COUNTRY,
    Contact.TIME_ZONE: Meaning.TIME_ZONE,
}
_ROLES = {Role.REFERENCE: Meaning.KEY, Role.PEOPLE_ONLY: Meaning.PEOPLE, Role.AFTER_CALL: Meaning.AFTER_CALL}
_TYPES = {
    ColumnType.INTEGER: Meaning.NUMBER,
    ColumnType.NUMBER: Meaning.NUMBER,
    ColumnType.CATEGORY: Meaning.WORDS,
    ColumnType.YES_NO: Meaning.YES_NO,
    ColumnType.DATE: Meaning.DATE,
}
_KEPT = {"type": "text", "role": "people_only"}
_FIXED: Mapping[Meaning, Mapping[str, Any]] = {
    **{meaning: {"type": "text", "role": "contact", "contact": contact} for contact, meaning in _CONTACTS.items()},
    Meaning.KEY: {"type": "text", "role": "reference"},
    Meaning.PEOPLE: {**_KEPT, "note": "kept out of the model by choice"},
    Meaning.AFTER_CALL: {**_KEPT, "note": "known only after the call"},
    Meaning.YES_NO: {"type": "yes_no"},
}
_CHOSEN = Sentence("It was chosen.")


def meaning_of(column: Column) -> Meaning:
    """What the column means."""
    if column.contact is not None:
        return _CONTACTS[column.contact]
    return _ROLES.get(column.role) or _TYPES[column.type]


def with_meaning(proposal: ColumnProposal, chosen: Meaning, how: Habits) -> ColumnProposal:
    """The proposal of a column that means what a person chose; unchanged where it does already."""
    if meaning_of(proposal.column) is chosen:
        return proposal
    found, column = proposal.evidence, proposal.column
    values: dict[str, Any] = {"name": column.name, "label": column.label, "role": role(column.name)}
    if column.optional or found.blank or found.missing:
        values["optional"] = True
    values |= _values(proposal, chosen, how)
    return replace(proposal, column=Column.model_validate(values), why=_CHOSEN, remarks=(), unfit=0, doubt=None)


def _values(proposal: ColumnProposal, chosen: Meaning, how: Habits) -> Mapping[str, Any]:
    found = proposal.evidence
    if chosen in _FIXED:
        return _FIXED[chosen]
    if chosen is Meaning.WORDS:
        return words(found, how).values
    said = date(found, how) if chosen is Meaning.DATE else number(found, how)
    fits = said is not None and said.values["type"] in (("date",) if chosen is Meaning.DATE else ("integer", "number"))
    return said.values if said and fits else {"type": "date" if chosen is Meaning.DATE else "number"}
