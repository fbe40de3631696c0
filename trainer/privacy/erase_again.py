"""Erases again whom a restored backup brought back: `python -m trainer.privacy.erase_again --by NAME < RECEIPTS`.

A receipt names nobody, but with the key it can be told of everybody on the lists whether a receipt is theirs. So the
receipts alone, as the page Privacy gives them as JSON, one after the other on standard input, are enough.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import CallwiseError, InputError, SettingsError
from core.privacy.requests import Erasure, ask
from core.schema import Schema, read_schema
from core.schema.person import Person, Pseudonyms
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.settings.people import ErasureSettings
from core.stores.mongo import Db, connect, reachable

BATCH = 2_000


class Settings(MongoSettings, SchemaSettings, ErasureSettings):
    """Where the people are, and the key that identifies them."""


def again(db: Db, schema: Schema, key: str, receipts: Sequence[Mapping[str, Any]], *, by: str) -> list[Erasure]:
    """Ask for everybody on the lists of whom there is a receipt to be erased. May be repeated. Raises Unavailable."""
    wanted = {str(receipt["pseudonym"]): bool(receipt["kept_out"]) for receipt in receipts}
    pseudonyms, asked = Pseudonyms(key), {}
    with reachable():
        for found in db.prospects.find({}, {"ref": 1, "campaign": 1}, batch_size=BATCH):
            person = Person(found["ref"], None if schema.reference else found["campaign"])
            pseudonym = pseudonyms.pseudonym(person)
            if pseudonym in wanted and pseudonym not in asked:
                asked[pseudonym] = ask(db, key, person, by=by, keep_out=wanted[pseudonym])
    return list(asked.values())


def receipts_in(text: str) -> Iterator[Mapping[str, Any]]:
    """The receipts in `text`, one JSON document after the other. Raises InputError."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        try:
            receipt, length = decoder.raw_decode(rest)
        except ValueError as error:
            raise _no_receipt(str(error)) from error
        if not isinstance(receipt, dict) or not {"pseudonym", "kept_out"} <= receipt.keys():
            raise _no_receipt("it has no pseudonym")
        yield receipt
        rest = rest[length:].lstrip()


def _no_receipt(why: str) -> InputError:
    return InputError(
        f"What was given holds something that is no receipt: {why}",
        kept="Nobody was asked to be erased.",
        next="Give the files that the page Privacy calls JSON, and nothing else.",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser("erase_again", description="Erases again whom a restored backup brought back.")
    parser.add_argument("--by", required=True, help="who asks; stands on the receipts")
    asked = parser.parse_args(arguments)
    try:
        here = load(Settings)
        if here.erasure_key is None:
            raise SettingsError("CALLWISE_ERASURE_KEY is not set.", next="It must be the one of the receipts.")
        receipts = list(receipts_in(sys.stdin.read()))
        found = again(connect(here), read_schema(here.callwise_schema), here.erasure_key, receipts, by=asked.by)
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(receipts)} receipts; {len(found)} people are back, and are being erased again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
