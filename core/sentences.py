"""Sentences that screens translate later, such as the text of an error or the name of a band.

A `Sentence` is English text. It remembers its template and values, so a screen can show it in the reader's language
(`app.language.translate`); the core itself knows no languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self


class Sentence(str):
    """A template with values: `Sentence("'{ref}' is now held by {by}.", ref=ref, by=by)`; a value may be a Sentence.

    `many` is the template for every `number` but one; its place is `{number}`. Write `template` and `many` as literals
    in the call, or the catalogues cannot contain them.
    """

    __slots__ = ("many", "number", "template", "values")

    template: str
    many: str
    number: int | None
    values: dict[str, Any]

    def __new__(cls, template: str, *, many: str = "", number: int | None = None, **values: Any) -> Self:
        """Fill in the template. Raises KeyError if one of its places has no value."""
        places = dict(values) if number is None else {**values, "number": number}
        chosen = many if many and number != 1 else template
        # Without values, braces are plain text.
        self = super().__new__(cls, chosen.format(**places) if places else chosen)
        self.template, self.many, self.number, self.values = template, many, number, values
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets a sentence cross processes with its template and values, like the error that holds it."""
        return _restored, (type(self), self.template, self.many, self.number, self.values)


def _restored(cls: type[Sentence], template: str, many: str, number: int | None, values: dict[str, Any]) -> Sentence:
    return cls(template, many=many, number=number, **values)


def to_document(text: str) -> str | dict[str, Any]:
    """`text` as a store keeps it: a Sentence with its template and values, any other text as it is."""
    if not isinstance(text, Sentence):
        return text
    values = {name: to_document(value) if isinstance(value, str) else value for name, value in text.values.items()}
    return {"template": text.template, "many": text.many, "number": text.number, "values": values}


def joined(parts: Sequence[str], between: str = "; ") -> str:
    """The `parts` one after the other, each of which a screen can still translate; "" without any."""
    if len(parts) < 2:
        return parts[0] if parts else ""
    values = {f"part{place}": part for place, part in enumerate(parts)}
    return _restored(Sentence, between.join(f"{{{name}}}" for name in values), "", None, values)


def with_said(document: Mapping[str, Any], text: str, field: str = "why") -> dict[str, Any]:
    """`document` with `text` in English in its `field`, and beside it, in `said`, what a screen can translate."""
    plain = {**document, field: str.__str__(text)}
    return {**plain, "said": to_document(text)} if isinstance(text, Sentence) else plain


def said_in(document: Mapping[str, Any], field: str = "why") -> str:
    """The text that `with_said` put into `document`; of earlier releases, and of what people typed, the text alone."""
    said = document.get("said")
    return from_document(said) if said else str(document[field])


def from_document(stored: str | Mapping[str, Any]) -> str:
    """The text that `to_document` made `stored` of. Raises KeyError for a document that it did not make."""
    if isinstance(stored, str):
        return stored
    values = {
        name: from_document(value) if isinstance(value, str | Mapping) else value
        for name, value in stored["values"].items()
    }
    return _restored(Sentence, stored["template"], stored["many"], stored["number"], values)
