"""How a person is reached, and what else is personal."""

from __future__ import annotations

from core.proposal import vocabulary
from core.proposal.evidence import ColumnEvidence
from core.proposal.rules.finding import Found, Habits, kept, percent
from core.schema.column import Contact
from core.sentences import Sentence
from core.values import phone_numbers


def contact(found: ColumnEvidence, _how: Habits) -> Found | None:
    """A contact column, or one that is personal and no more."""
    named = vocabulary.is_one(found.name, vocabulary.PHONES) or vocabulary.has(found.name, vocabulary.PHONES)
    if found.share(found.emails) >= 0.8:
        return _reach(
            Contact.EMAIL, Sentence("{share} of its cells are e-mail addresses.", share=percent(found, found.emails))
        )
    signed = sum(times for word, times in found.words.items() if word.startswith(("+", "00"))) if found.phones else 0
    if (named and found.share(found.phones) >= 0.5) or (found.share(found.phones) >= 0.8 and signed and _dials(found)):
        share = percent(found, found.phones)
        said = _reach(Contact.PHONE, Sentence("{share} of its cells are telephone numbers.", share=share))
        if signed < found.phones:
            said.remarks.append(
                Sentence("Numbers without a country's code can be called once `region` names it, such as DE.")
            )
        return said
    if vocabulary.is_one(found.name, vocabulary.NAMES) and found.share(found.lettered) >= 0.8:
        return _reach(Contact.NAME, Sentence("Its name says so, and its cells are words."))
    if vocabulary.is_one(found.name, vocabulary.PERSONAL):
        return kept(Sentence("Its name says that it is personal."), "personal, and nothing that a model should read")
    return None


def _reach(contact: Contact, why: Sentence) -> Found:
    return Found(why, values={"type": "text", "role": "contact", "contact": contact.value})


def _dials(found: ColumnEvidence) -> bool:
    """Whether most of its numbers with a country's code are ones that a telephone network has."""
    told = [word for word in list(found.words)[:200] if word.startswith(("+", "00"))]
    return 2 * sum(bool(phone_numbers.read(text).e164) for text in told) > len(told)
