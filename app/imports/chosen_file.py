"""The file that a manager has chosen: read once, and on disk until the session ends or another file is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import streamlit as st

from app.matching.column_matching import Proposal, Sample, propose
from app.shell.appliance import Appliance
from core.files.campaign_file import CampaignFile, EncodingChoice, Kind, encodings_for
from core.files.reading import FileReading
from core.imports import column_mapping, run_import
from core.imports.column_mapping import ColumnMapping
from core.imports.reject_file import RULE
from core.stores.mongo import Document

_CHOSEN = "chosen_file"


@dataclass(frozen=True)
class ChosenFile:
    """A file, its first rows, the proposed mapping, and the mapping of the last file with this header.

    `choice`: what a person has chosen of how the file is read; `encodings`: those that can be meant. `invalid_values`:
    by column, the values that broke its rule in a check of the whole file, with their number of rows.
    """

    id: str
    folder: TemporaryDirectory[str]  # removed when the session ends
    file: CampaignFile
    sample: Sample
    proposals: list[Proposal]
    last_mapping: tuple[ColumnMapping, Document] | None
    choice: FileReading = field(default_factory=FileReading)
    encodings: tuple[EncodingChoice, ...] = ()
    invalid_values: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Part of the widgets' keys, so that another file gets widgets of its own."""
        how = crc32(repr(self.file.reading).encode())
        return f"{self.file.sha256[:8]}-{self.id[-6:]}-{how}"

    @property
    def mended(self) -> bool:
        """Whether the file holds rows that were rejected before."""
        return RULE in self.file.header


def inspect_upload(house: Appliance, uploaded: Any) -> ChosenFile:
    """Read the `uploaded` file, once a session. Raises InputError if it contains no table, and Unavailable."""
    known: ChosenFile | None = st.session_state.get(_CHOSEN)
    if known is not None and known.id == uploaded.file_id:
        return known
    forget()
    folder = TemporaryDirectory(prefix="chosen-")
    file = run_import.save_upload(Path(folder.name), uploaded.name, uploaded)
    return _inspect(house, uploaded.file_id, folder, file, FileReading())


def read_again(house: Appliance, chosen: ChosenFile, reading: FileReading) -> ChosenFile:
    """Read the `chosen` file with another `reading`. Raises InputError if no table is in it then, Unavailable."""
    return _inspect(house, chosen.id, chosen.folder, CampaignFile.open(chosen.file.path, reading), reading)


def _inspect(
    house: Appliance, id: str, folder: TemporaryDirectory[str], file: CampaignFile, choice: FileReading
) -> ChosenFile:
    sample = Sample.from_rows(file)
    before = column_mapping.stored_mapping(house.db, house.schema, file.header)
    encodings = tuple(encodings_for(file.path)) if file.kind is Kind.TEXT else ()
    proposals = propose(house.schema, sample)
    chosen = ChosenFile(id, folder, file, sample, proposals, before, choice, encodings)
    st.session_state[_CHOSEN] = chosen
    return chosen


def forget() -> None:
    """Forget the chosen file."""
    st.session_state.pop(_CHOSEN, None)
