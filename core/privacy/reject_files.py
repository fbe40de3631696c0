"""The reject files as a place of erasure.

A new collection with people in it becomes a place in `core.privacy.documents`; a new file becomes one here or, where it
needs the trainer's tools, in `trainer.privacy.eraser`. The test that puts a person everywhere finds forgotten places.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from core.files import spreadsheet_cells
from core.imports.column_mapping import cell, stored_mapping
from core.imports.reject_file import MARKS, ROW, RULE, TAKEN
from core.privacy.place import Subject
from core.schema import Schema
from core.schema.person import Person
from core.stores.mongo import Db, Document
from core.stores.object_store import ObjectStore
from core.values.keys import same_key

IMPORTS = "imports/"


@dataclass(frozen=True)
class RejectFiles:
    """The person's rows in reject files (`imports/{campaign}/…`), found by the reference column under any header.

    Without such a column a row is found by its number, among the files of its campaign. A row that was rejected because
    its number was taken does not belong to the person with that number, so it stays.
    """

    db: Db
    store: ObjectStore
    schema: Schema
    name: str = "rejects"

    def count(self, subject: Subject) -> int:
        """The number of the subject's rows."""
        return sum(self._without(key, subject)[1] for key in self._keys(subject))

    def erase(self, subject: Subject) -> None:
        """Rewrite every file with such rows without them."""
        for key in self._keys(subject):
            content, theirs = self._without(key, subject)
            if theirs:
                self.store.put(key, content, "text/csv")

    def _keys(self, subject: Subject) -> list[str]:
        campaign = subject.person.campaign
        return self.store.keys(f"{IMPORTS}{campaign}/" if campaign else IMPORTS)

    def _without(self, key: str, subject: Subject) -> tuple[bytes, int]:
        """The file without the subject's rows, and their number."""
        text = self.store.get(key).decode()
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        reader = csv.DictReader(io.StringIO(text.removeprefix(mark), newline=""))
        if not reader.fieldnames:
            return text.encode(), 0
        columns = self._columns(reader.fieldnames)
        out = io.StringIO(mark, newline="")
        out.seek(0, io.SEEK_END)
        writer = csv.writer(out)
        writer.writerow(reader.fieldnames)
        theirs = 0
        for record in reader:
            if self._is_theirs(record, subject.person, columns):
                theirs += 1
            else:
                writer.writerow([record[name] for name in reader.fieldnames])
        return out.getvalue().encode(), theirs

    def _columns(self, header: Sequence[str]) -> list[str]:
        """The columns that may hold the reference, by the remembered mapping of files with this header.

        Without a mapping, all of the file's own columns: one lost row does less harm than a person who is not erased.
        """
        if not self.schema.reference:
            return []
        own = [name for name in header if name not in MARKS]
        known = stored_mapping(self.db, self.schema, map(spreadsheet_cells.unescape, own))
        named = {self.schema.reference, *([known[0].columns[self.schema.reference]] if known else [])}
        return [name for name in own if spreadsheet_cells.unescape(name) in named] or own

    def _is_theirs(self, record: Document, person: Person, columns: Sequence[str]) -> bool:
        if self.schema.reference:
            key = same_key(person.ref)
            return any(same_key(spreadsheet_cells.unescape(cell(record.get(name)))) == key for name in columns)
        number = cell(record.get(ROW))
        taken = cell(record.get(RULE)).startswith(TAKEN)
        return number.isdigit() and f"{int(number):07d}" == person.ref and not taken
