"""The file that a manager has chosen: read once, and on disk until the session ends or another file is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from app.imports import run_import
from app.imports.column_matching import Proposal, Sample, propose
from app.shell.appliance import Appliance
from core.imports import column_mapping
from core.imports.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.imports.reject_file import RULE
from core.stores.mongo import Document

_CHOSEN = "chosen_file"


@dataclass(frozen=True)
class Chosen:
    """A file, its first rows, the proposed mapping, and the mapping of the last file with this header.

    `strange`: by column, the values that broke its rule in a check of the whole file, with their number of rows.
    """

    id: str
    folder: TemporaryDirectory[str]  # removed when the session ends
    file: CampaignFile
    sample: Sample
    proposals: list[Proposal]
    before: tuple[ColumnMapping, Document] | None
    strange: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Part of the widgets' keys, so that another file gets widgets of its own."""
        return f"{self.file.sha256[:8]}-{self.id[-6:]}"

    @property
    def mended(self) -> bool:
        """Whether the file holds rows that were rejected before."""
        return RULE in self.file.header


def inspect_upload(house: Appliance, uploaded: Any) -> Chosen:
    """Read the `uploaded` file, once a session. Raises InputError if it contains no table, and Unavailable."""
    known: Chosen | None = st.session_state.get(_CHOSEN)
    if known is not None and known.id == uploaded.file_id:
        return known
    forget()
    folder = TemporaryDirectory(prefix="chosen-")
    file = run_import.saved(Path(folder.name), uploaded.name, uploaded)
    sample = Sample.from_rows(file)
    before = column_mapping.remembered(house.db, house.schema, file.header)
    chosen = Chosen(uploaded.file_id, folder, file, sample, propose(house.schema, sample), before)
    st.session_state[_CHOSEN] = chosen
    return chosen


def forget() -> None:
    """Forget the chosen file."""
    st.session_state.pop(_CHOSEN, None)
