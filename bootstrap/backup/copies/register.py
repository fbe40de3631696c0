"""The register of erasures: who was erased, and who must not come in again, by pseudonym.

A restore brings people back who were erased after the backup. The register of the newest backup, and of the state that
is replaced, names them without naming anybody. So each backup has the register as a file of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bson import json_util
from pymongo.errors import DuplicateKeyError

from bootstrap.backup.manifest import Part, fingerprint
from core.privacy.requests import Status
from core.stores.mongo import Db, Document, reachable

FILE = "register.json"
OPTIONS = json_util.RELAXED_JSON_OPTIONS


@dataclass(frozen=True)
class Register:
    """The documents of `erasures` and `kept_out`."""

    erasures: Sequence[Document] = ()
    kept_out: Sequence[Document] = ()

    @classmethod
    def of(cls, db: Db) -> Self:
        """The register of a running appliance, `db` being its own database. Raises Unavailable."""
        with reachable():
            return cls(list(db.erasures.find({})), list(db.kept_out.find({})))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The register that `copy` wrote into `folder`."""
        return cls(**json_util.loads((folder / FILE).read_text(encoding="utf-8"), json_options=OPTIONS))

    def receipts(self) -> list[Mapping[str, Any]]:
        """The receipts of erasures that are done."""
        return [one["receipt"] for one in self.erasures if one["status"] == Status.DONE.value and one["receipt"]]

    def carry_over(self, db: Db) -> int:
        """Add what `db` does not have, and return the number of erasures added. Safe to repeat. Raises Unavailable."""
        added = 0
        with reachable():
            for name, documents in (("erasures", self.erasures), ("kept_out", self.kept_out)):
                for document in documents:
                    try:
                        db[name].insert_one(dict(document))
                    except DuplicateKeyError:
                        continue
                    added += name == "erasures"
        return added


def copy(db: Db, target: Path) -> dict[str, Part]:
    """Write the register into the folder `target`; returns its parts. Raises Unavailable."""
    found = Register.of(db)
    target.mkdir(parents=True, mode=0o700)
    path = target / FILE
    documents = {"erasures": found.erasures, "kept_out": found.kept_out}
    path.write_text(json_util.dumps(documents, json_options=OPTIONS), encoding="utf-8")
    return {"erasures": Part(len(found.erasures), fingerprint(path)[1])}


def receipts_text(registers: Iterable[Register]) -> str:
    """All receipts of `registers`, each once, as `trainer.privacy.erase_again` reads them."""
    receipts = {receipt["number"]: receipt for one in registers for receipt in one.receipts()}
    return "\n".join(json.dumps(receipt, default=str) for receipt in receipts.values())
