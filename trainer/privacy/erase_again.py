"""Erases people whom a restored backup brought back: `python -m trainer.privacy.erase_again --by NAME < RECEIPTS`.

A receipt names nobody, but the key shows for everybody on the lists whether a receipt is theirs. Who must not come in
again is kept out, whether on a list or not: the next file may have them. The receipts are the only input: JSON from the
page Privacy, one after the other on standard input.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.clock import Clock, now
from core.errors import InputError, SettingsError, exit_status
from core.imports import kept_out
from core.kinds.registry import kinds
from core.privacy.requests import Erasure, request_erasure
from core.schema import Schema, read_schema
from core.schema.person import Person, Pseudonyms
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.settings.people import ErasureSettings
from core.stores.kind_database import kind_of
from core.stores.mongo import Db, connect, reachable

BATCH = 2_000


class Settings(MongoSettings, SchemaSettings, ErasureSettings):
    """Where the people are, and the key that identifies them."""


def request_again(db: Db, schema: Schema, key: str, receipts: Sequence[Mapping[str, Any]], *, by: str) -> list[Erasure]:
    """Request the erasure of everybody on the lists who has a receipt. Safe to repeat. Raises Unavailable."""
    keep_out = {str(receipt["pseudonym"]): bool(receipt["kept_out"]) for receipt in receipts}
    pseudonyms, requests = Pseudonyms(key), {}
    with reachable():
        for prospect in db.prospects.find({}, {"ref": 1, "campaign": 1}, batch_size=BATCH):
            person = Person(prospect["ref"], None if schema.reference else prospect["campaign"], kind_of(db))
            for pseudonym in pseudonyms.pseudonyms(person):
                if pseudonym in keep_out and pseudonym not in requests:
                    requests[pseudonym] = request_erasure(db, key, person, by=by, keep_out=keep_out[pseudonym])
    return list(requests.values())


def keep_out_again(home: Db, receipts: Sequence[Mapping[str, Any]], *, clock: Clock = now) -> int:
    """Keep everybody out whose receipt says so; returns their number. Who was let in since stays let in, as long as the
    database still knows it. Safe to repeat. Raises Unavailable."""
    out = [receipt for receipt in receipts if receipt["kept_out"]]
    for receipt in out:
        kept_out.keep_out(home, str(receipt["pseudonym"]), receipt=str(receipt["number"]), at=clock())
    return len(out)


def receipts_in(text: str) -> Iterator[Mapping[str, Any]]:
    """The receipts in `text`, one JSON document after the other. Raises InputError."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        try:
            receipt, length = decoder.raw_decode(rest)
        except ValueError as error:
            raise _no_receipt(str(error)) from error
        if not isinstance(receipt, dict) or not {"number", "pseudonym", "kept_out"} <= receipt.keys():
            raise _no_receipt("it has no pseudonym")
        yield receipt
        rest = rest[length:].lstrip()


def _no_receipt(why: str) -> InputError:
    return InputError(
        f"The input contains something that is not a receipt: {why}",
        kept="No erasure was requested.",
        next="Pass only the JSON files from the page Privacy.",
    )


@exit_status
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser("erase_again", description="Erases people whom a restored backup brought back.")
    parser.add_argument("--by", required=True, help="the manager who asks; written on the receipts")
    options = parser.parse_args(arguments)
    settings = load(Settings)
    if settings.erasure_key is None:
        raise SettingsError("CALLWISE_ERASURE_KEY is not set.", next="Set the key that made the receipts.")
    receipts = list(receipts_in(sys.stdin.read()))
    home, shipped = connect(settings), read_schema(settings.callwise_schema)
    requests = {
        request.id
        for kind in kinds(home, shipped, retired=True)
        for request in request_again(kind.database(home), kind.schema, settings.erasure_key, receipts, by=options.by)
    }
    out = keep_out_again(home, receipts)
    print(
        f"{len(receipts)} receipts; {len(requests)} people were back on the lists and are being erased again; "
        f"{out} may not come in by a file."
    )


if __name__ == "__main__":
    sys.exit(main())
