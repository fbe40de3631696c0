"""A schema's words in other languages of the screens.

Screens show the schema's own text for all that is left out, by column and by value. The schema's own language may have
words, too, where its categories are codes: `words: {en: {columns: {job: {categories: {…}}}}}`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.schema.checked_yaml import Strict
from core.schema.reason_wording import Wording

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
"""The name of a folder of the screens' catalogues, such as `de`."""


class ColumnWords(Strict):
    """The names of a column and its values; `one` is the singular of `unit` (`Jahr` beside `Jahre`).

    A `reason` replaces the schema's own as a whole, so no sentence is in two languages.
    """

    label: str = ""
    unit: str = ""
    one: str = ""
    categories: dict[str, str] = Field(default_factory=dict)
    special: dict[int, str] = Field(default_factory=dict)
    reason: Wording = Wording()


class Words(Strict):
    """The names of the campaign, its outcome and its columns, the columns by their name in files."""

    title: str = ""
    outcome: str = ""
    columns: dict[str, ColumnWords] = Field(default_factory=dict)
