"""Takes people in as the import of a file does: the same rules, the same words, the same log."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, Field

from api.house import House
from core.errors import InputError, NotFound
from core.files import disk
from core.files.campaign_file import CampaignFile
from core.imports import column_mapping, process, run_import
from core.imports.reject_file import COLUMN, ROW, RULE
from core.imports.run_import import ImportJob
from core.lists import import_log
from core.lists.logged_import import Entry
from core.sentences import Sentence

MOST, REJECTS = 10_000, 100
"""People in one JSON body, and refused rows that an answer names."""
NOTHING = Sentence("Nothing was imported.")
IN_PARTS = Sentence("Send the people in several requests.")


class Rejected(BaseModel):
    """A row that broke a rule."""

    row: int
    column: str
    rule: str


class Rejections(BaseModel):
    """How many rows broke the same rule."""

    column: str
    rule: str
    rows: int


class ImportState(BaseModel):
    """An import: how far it is and, once it has ended, what it did, in rows."""

    imported: str = Field(description="key of the import", examples=["autumn:0f1e2d3c4b5a6978"])
    state: str = Field(examples=["done"])
    done: int = Field(0, description="rows read so far")
    rows: int = Field(0, description="rows of the whole body")
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    kept_out: int = Field(0, description="people who were erased and are to stay out")
    rules: list[Rejections] = Field(default_factory=list)
    rejects: list[Rejected] = Field(default_factory=list, description=f"the first {REJECTS} rows that were refused")
    error: str = ""
    ended: datetime | None = None


def read_rows(body: bytes) -> list[Mapping[str, Any]]:
    """The rows of a JSON body `{"people": [{column: value}]}`. Raises InputError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(Sentence("The body is not JSON"), kept=NOTHING) from error
    people = document.get("people") if isinstance(document, dict) and set(document) == {"people"} else None
    if not isinstance(people, list) or not 0 < len(people) <= MOST:
        raise InputError(
            Sentence("The body is not an object with 1 to {most} people in 'people'", most=MOST),
            kept=NOTHING,
            next=IN_PARTS,
        )
    for number, row in enumerate(people, 1):
        if not isinstance(row, dict) or not row:
            raise InputError(Sentence("it is no object with columns"), row=number, kept=NOTHING)
        for column, value in row.items():
            if not (value is None or isinstance(value, str | int | float)):
                raise InputError(
                    Sentence("it is neither text nor a number"), row=number, column=_safe(column), kept=NOTHING
                )
    return people


def rows(house: House, campaign: str, title: str, people: Sequence[Mapping[str, Any]], *, who: str) -> ImportState:
    """Take in `people`, whose columns have the names of the kind. Raises what the import raises."""
    with TemporaryDirectory(prefix="people-") as folder, disk.report_full_disk(NOTHING, IN_PARTS):
        path = Path(folder) / "people.parquet"
        _write(people, path)
        return _import(house, ImportJob(campaign, CampaignFile.open(path), who, title=title))


def file(house: House, campaign: str, title: str, name: str, body: bytes, *, who: str) -> ImportState:
    """Take in a file. Its columns are read as the last file with such a header was, or else by the kind's names.

    Raises what the import raises.
    """
    with TemporaryDirectory(prefix="people-") as folder, disk.report_full_disk(NOTHING, IN_PARTS):
        path = Path(folder) / name
        path.write_bytes(body)
        opened = CampaignFile.open(path)
        known = column_mapping.stored_mapping(house.db, house.schema, opened.header)
        return _import(house, ImportJob(campaign, opened, who, known[0] if known else None, title))


def _import(house: House, work: ImportJob) -> ImportState:
    if work.is_small:
        return state_of(house, run_import.import_file(house, work))
    return state_of(house, import_log.require(house.db, process.start(house, work)))


def _write(people: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows as a table, so that a number stays the number that was sent.

    A column with numbers and texts becomes text: one type a column, as in any file.
    """
    columns = list(dict.fromkeys(name for row in people for name in row))
    made = {_safe(name): _column([row.get(name) for row in people]) for name in columns}
    try:
        pq.write_table(pa.table(made), path)
    except (pa.ArrowException, UnicodeError, OverflowError) as error:
        raise InputError(Sentence("The people cannot be read: {error}", error=str(error)), kept=NOTHING) from error


def _column(values: Sequence[Any]) -> pa.Array:
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        whole = all(isinstance(value, int) and abs(value) < 2**53 for value in given)
        if whole:
            return pa.array(values, pa.int64())
        rounded = any(isinstance(value, int) and abs(value) >= 2**53 for value in given)  # two keys would become one
        if not rounded and all(abs(value) < 1e300 for value in given):
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else _safe(_text(value)) for value in values], pa.string())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _safe(text: str) -> str:
    """`text` without halves of letters, which JSON can name and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def state_of(house: House, entry: Entry) -> ImportState:
    """The state of an import. Raises Unavailable."""
    document = entry.document
    report, error = document.get("report") or {}, document.get("error") or {}
    progress = document.get("progress") or {}
    counts = {name: report.get(name, 0) for name in ("inserted", "changed", "unchanged", "rejected", "kept_out")}
    return ImportState(
        imported=entry.key,
        state=entry.state.value,
        done=progress.get("done", 0),
        rows=report.get("rows", progress.get("rows", 0)),
        rules=[
            Rejections(**{name: rule[name] for name in ("column", "rule", "rows")}) for rule in report.get("rules", ())
        ],
        rejects=_rejects(house, report.get("rejects")),
        error=" ".join(str(error[part]) for part in ("what", "kept", "next") if error.get(part)),
        ended=document["times"].get("ended"),
        **counts,
    )


def _rejects(house: House, key: str | None) -> list[Rejected]:
    """The first refused rows by number, column and rule, without their cells. Raises Unavailable."""
    if not key:
        return []
    try:
        text = house.store.get(key).decode("utf-8-sig")
    except NotFound:  # an erasure removes the file if a person of it is erased
        return []
    reader, found = csv.DictReader(StringIO(text)), list[Rejected]()
    for row in reader:
        number = str(row[ROW] or "")
        found.append(
            Rejected(row=int(number) if number.isdigit() else 0, column=row[COLUMN] or "", rule=row[RULE] or "")
        )
        if len(found) == REJECTS:
            break
    return found
