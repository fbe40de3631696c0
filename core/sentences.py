"""Sentences that are written where nobody knows who will read them: an error deep in the core, the name of a band.

Such a sentence is text like any other, in English. It remembers what it was filled in with, so that a screen can say it
in the language of whoever looks at it (`app.language.said`); the core itself knows no languages.
"""

from __future__ import annotations

from typing import Any, Self


class Sentence(str):
    """`template` filled in: `Sentence("'{ref}' is now held by {by}.", ref=ref, by=by)`. A value may be one, too.

    Where a count decides the form, `many` is the template for any other number than one, and `number` that one; its
    place is `{number}`. `template` and `many` are written where the sentence is made, or no catalogue can have them.
    """

    __slots__ = ("many", "number", "template", "values")

    template: str
    many: str
    number: int | None
    values: dict[str, Any]

    def __new__(cls, template: str, *, many: str = "", number: int | None = None, **values: Any) -> Self:
        """Fill `template` in. Raises KeyError if a place of it has no value."""
        filled = dict(values) if number is None else {**values, "number": number}
        chosen = many if many and number != 1 else template
        # Without values a brace is a brace.
        self = super().__new__(cls, chosen.format(**filled) if filled else chosen)
        self.template, self.many, self.number, self.values = template, many, number, values
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Sentences cross processes whole, as the errors that hold them do."""
        return _again, (type(self), self.template, self.many, self.number, self.values)


def _again(cls: type[Sentence], template: str, many: str, number: int | None, values: dict[str, Any]) -> Sentence:
    return cls(template, many=many, number=number, **values)
