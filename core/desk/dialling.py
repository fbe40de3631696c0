"""How a campaign's numbers are dialled: the address that a click on a number opens.

The campaign's document holds `dialling: {template, by, at}`; without one, a number opens `tel:`. Places in braces are
filled for each call, and percent-encoded (RFC 3986), so that no value changes the address around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from core.clock import Clock, now
from core.errors import InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

STANDARD = "tel:{number}"
SCHEMES = ("tel", "sip", "sips", "callto", "https", "http")
"""Schemes that a link may have: each opens a telephone or a page, and none runs anything in this page."""

PLACES = ("number", "campaign", "claim", "ref")
"""`claim` is the key of the call that is being made, `{prospect}:{number}`: the same for every try of one call."""

LONGEST = 500  # characters
_PLACE = re.compile(r"\{([^{}]*)\}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.*)", re.IGNORECASE | re.DOTALL)
_UNCHANGED = Sentence("The address is unchanged.")


def template_of(campaign: Mapping[str, object]) -> str:
    """The template in a campaign's document, or the standard one."""
    dialling = campaign.get("dialling")
    return str(dialling["template"]) if isinstance(dialling, Mapping) else STANDARD


def read_template(db: Db, campaign: str) -> str:
    """The template of `campaign`. Raises Unavailable."""
    with reachable():
        return template_of(db.campaigns.find_one({"_id": campaign}, {"dialling": 1}) or {})


def check(template: str) -> str:
    """`template` without blanks around it. Raises InputError for one that makes no safe address."""
    template = template.strip()
    if len(template) > LONGEST:
        raise InputError(Sentence("An address has at most {longest} characters", longest=LONGEST), kept=_UNCHANGED)
    found = _SCHEME.fullmatch(template)
    if not found or found[1].lower() not in SCHEMES:
        raise InputError(
            Sentence("An address begins with one of these: {schemes}", schemes=", ".join(f"{s}:" for s in SCHEMES)),
            kept=_UNCHANGED,
        )
    if re.search(r"[\s<>\"'`\\^|]", template) or not template.isprintable():
        raise InputError(
            Sentence("An address has no blanks, quotation marks or angle brackets"),
            kept=_UNCHANGED,
            next=Sentence("Write a blank as %20."),
        )
    if unknown := [place for place in _PLACE.findall(template) if place not in PLACES]:
        raise InputError(
            Sentence("There is no value for the place {{{place}}}", place=unknown[0]),
            kept=_UNCHANGED,
            next=Sentence("Places that can be filled: {places}.", places=", ".join(f"{{{p}}}" for p in PLACES)),
        )
    bare = _PLACE.sub("", template)
    if "{" in bare or "}" in bare:
        raise InputError(Sentence("A brace in the address has no partner"), kept=_UNCHANGED)
    if "{number}" not in template:
        raise InputError(Sentence("The address needs the place {place}", place="{number}"), kept=_UNCHANGED)
    scheme = found[1].lower()
    if scheme in ("http", "https") and (not found[2].startswith("//") or "{" in found[2][2:].split("/")[0]):
        raise InputError(
            Sentence("The server's name in the address must be fixed"),
            kept=_UNCHANGED,
            next=Sentence("An example: {example}", example="https://dialler.example.com/call?number={number}"),
        )
    return template


def write_template(db: Db, campaign: str, template: str, *, by: str, clock: Clock = now) -> str:
    """Set the address of `campaign`; an empty one sets the standard. Returns the template in force.

    Raises InputError, NotFound, Unavailable.
    """
    chosen = check(template or STANDARD)
    with reachable():
        found = db.campaigns.find_one({"_id": campaign}, {"dialling": 1})
        if found is None:
            raise NotFound(Sentence("There is no campaign '{campaign}'.", campaign=campaign))
        if template_of(found) == chosen:
            return chosen
        dialling: Document = {"template": chosen, "by": by, "at": clock()}
        db.campaigns.update_one({"_id": campaign}, {"$set": {"dialling": dialling}})
    event_log.append(db, who=by, what=Event.DIALLING_CHANGED, subject=campaign, template=chosen)
    return chosen


def address(template: str, *, number: str, campaign: str, claim: str, ref: str) -> str:
    """The address that dials `number` (E.164, or digits), with all values percent-encoded."""
    values = {"number": quote(number, safe="+"), "campaign": campaign, "claim": claim, "ref": ref}
    if not template.lower().startswith(("tel:", "sip:", "sips:", "callto:")):
        values["number"] = quote(number, safe="")  # a plus sign means a blank in a query
    filled = {name: value if name == "number" else quote(value, safe="") for name, value in values.items()}
    return _PLACE.sub(lambda place: filled[place[1]], template)
