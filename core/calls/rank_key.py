"""What put a person into their place on the call list, as one word: the field `rank_key` of a prospect.

    {campaign}|          to be ranked, as soon as it can be
    {campaign}|{hash}    ranked, or set aside; `monitor.ranking.keys` says by what

The ranking finds whom it has to rank by this word alone, so what it looks for does not grow with the list. Whatever
puts a person on the list, or changes what their score is made of, therefore sets the first form.
"""

from __future__ import annotations

from core.calls.lifecycle import Status
from core.stores.mongo import Document

RANK_KEY = "rank_key"
OFF_THE_LIST: Document = {RANK_KEY: ""}
"""The field of a prospect who is not on the list."""


def to_be_ranked(campaign: str) -> str:
    """The word of those in `campaign` who are to be ranked."""
    return f"{campaign}|"


def rank_again(campaign: str) -> Document:
    """The field to set on a prospect of `campaign` that is to be ranked."""
    return {RANK_KEY: to_be_ranked(campaign)}


def rank_if_open(campaign: str, status: str) -> Document:
    """The field to set on a prospect of `campaign` that has this `status` now: an open one is to be ranked."""
    return rank_again(campaign) if status == Status.OPEN else OFF_THE_LIST
