"""A schema's words in other languages, for people who read the screens in one of them.

All of it may be left out, by column and by value; what is left out is shown as the schema itself has it. The schema's
own language may be given, too, where its categories are codes: `words: {en: {columns: {job: {categories: {…}}}}}`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.schema.reason_wording import Wording

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
"""As the folders of the screens' catalogues are called: `de`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnWords(_Strict):
    """What a column and its values are called; `one` is the unit of a single one (`Jahr` beside `Jahre`).

    `reason` is taken whole or not at all, so that no sentence is in two languages.
    """

    label: str = ""
    unit: str = ""
    one: str = ""
    categories: dict[str, str] = Field(default_factory=dict)
    special: dict[int, str] = Field(default_factory=dict)
    reason: Wording = Wording()


class Words(_Strict):
    """What the campaign, its outcome and its columns are called, the columns by their name."""

    title: str = ""
    outcome: str = ""
    columns: dict[str, ColumnWords] = Field(default_factory=dict)
