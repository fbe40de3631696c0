"""What people will call a column and a kind: labels, units and titles from the names in a file."""

from __future__ import annotations

import re
import unicodedata

from core.imports.column_mapping import normal

_BRACKETS = re.compile(r"\s*[(\[]\s*(?P<unit>[^()\[\]]{1,12})\s*[)\]]\s*$")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])")
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "seconds", "sek", "sekunden"), "seconds"),
    **dict.fromkeys(("min", "mins", "minutes", "minuten"), "minutes"),
    **dict.fromkeys(("h", "hr", "hrs", "hours", "std", "stunden"), "hours"),
    **dict.fromkeys(("d", "days", "tage"), "days"),
    **dict.fromkeys(("y", "yr", "yrs", "years", "jahre"), "years"),
    **dict.fromkeys(("m", "months", "monate"), "months"),
    **dict.fromkeys(("pct", "percent", "prozent", "%"), "%"),
    **dict.fromkeys(("eur", "€"), "€"),
    **dict.fromkeys(("usd", "$"), "$"),
    **dict.fromkeys(("gbp", "£"), "£"),
    **dict.fromkeys(("k", "thousand", "tsd"), "thousands"),
}
_ENDINGS = ("pct", "percent", "prozent", "eur", "usd", "gbp", "sec", "secs", "seconds", "days", "minutes", "years")


def label(name: str) -> str:
    """The name for people: `last_contact-date` is "Last contact date"; a unit in brackets is left out."""
    plain = _BRACKETS.sub("", name) or name
    words = " ".join(re.sub(r"[_.\-]+", " ", _CAMEL.sub(" ", plain)).split())
    return (words[:1].upper() + words[1:]) if words else name


def unit(name: str) -> str:
    """The unit that the name says, "" if none: `Time on Site (s)`, `discount_pct`."""
    if found := _BRACKETS.search(name):
        return _UNITS.get(found["unit"].casefold(), found["unit"] if not found["unit"].isdigit() else "")
    if "%" in name:
        return "%"
    last = normal(name).split()[-1:]
    return _UNITS[last[0]] if last and last[0] in _ENDINGS and len(normal(name).split()) > 1 else ""


def title(stem: str) -> str:
    """The title of a kind, from a file's name without its ending."""
    return label(stem).strip() or "Campaign"


def kind_name(stem: str) -> str:
    """The name of a kind: lower-case words with dashes between them, at most 40 letters."""
    plain = unicodedata.normalize("NFKD", stem.replace("ß", "ss"))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)).lower())
    name = "-".join(words)
    if not name or not name[0].isalpha():
        name = f"kind-{name}".rstrip("-")
    return name[:40].rstrip("-")
