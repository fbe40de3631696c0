"""The columns that say where a person is: what their cells hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.sentences import Sentence
from core.values.time_zones import is_country, is_zone

RULES: Mapping[str | None, Sentence] = {
    "country": Sentence("a country's two letters such as DE"),
    "time_zone": Sentence("a time zone such as Europe/Berlin"),
}
"""The rule of a contact column by what it holds, in words that people can act on."""

_FIT: Mapping[str | None, Callable[[str], bool]] = {
    "country": lambda text: is_country(text.upper()),
    "time_zone": is_zone,
}


def fits(contact: str | None, text: str) -> bool:
    """Whether `text` can be the cell of a column that holds `contact`; any text is a name or a number."""
    return contact not in _FIT or _FIT[contact](text)
