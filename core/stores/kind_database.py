"""The database of one campaign kind: its own collections, and the appliance's where a thing belongs to all kinds.

The shipped kind's database is the appliance's. Every other kind has a database of its own on the same server, and code
that takes a `Db` works on it unchanged: this class decides, by the collection's name, in which of the two it is.
"""

from __future__ import annotations

from pymongo.collection import Collection
from pymongo.database import Database

from core.stores.mongo import PRIVATE, Db, Document

APPLIANCE_WIDE = PRIVATE | {
    *("do_not_call", "barred_numbers", "registers", "register_buckets"),
    *("erasures", "kept_out", "kinds", "token_uses", "answers", "changes"),
}
"""Collections of the whole appliance: people sign in once, and a wish or an erasure holds in every kind."""


class KindDatabase(Database[Document]):
    """The database of the kind `kind` beside `home`, the appliance's.

    Not `by_reference`: its people are numbers of rows, which mean somebody else on the appliance's do-not-call list, so
    it has a list of its own, which stays empty.
    """

    def __init__(self, home: Db, kind: str, *, by_reference: bool = True) -> None:
        super().__init__(home.client, f"{home.name}-{kind}")
        self._home, self._kind = home, kind
        self._shared = APPLIANCE_WIDE if by_reference else APPLIANCE_WIDE - {"do_not_call"}

    def __getitem__(self, name: str) -> Collection[Document]:
        """The collection `name`, of the kind or of the appliance."""
        return self._home[name] if name in self._shared else super().__getitem__(name)


def kind_of(db: Db) -> str:
    """The kind that `db` belongs to; "" for the shipped one, whose database is the appliance's."""
    return db._kind if isinstance(db, KindDatabase) else ""
