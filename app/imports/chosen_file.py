"""The file that a manager has chosen: on disk for as long as the session needs it, looked at once."""

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
    """A file, its first rows, what is proposed for it, and how such a file was read the last time.

    `strange`: by column, words that a check of the whole file found to break its rule, with their rows.
    """

    id: str
    folder: TemporaryDirectory[str]  # removed with the session that holds it
    file: CampaignFile
    sample: Sample
    proposals: list[Proposal]
    before: tuple[ColumnMapping, Document] | None
    strange: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """What its widgets are called after, so that another file has others."""
        return f"{self.file.sha256[:8]}-{self.id[-6:]}"

    @property
    def mended(self) -> bool:
        """Whether it holds rows that were rejected before."""
        return RULE in self.file.header


def inspect_upload(house: Appliance, uploaded: Any) -> Chosen:
    """What is known of the `uploaded` file. Raises InputError if there is no table in it, and Unavailable."""
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
    """Let go of the file."""
    st.session_state.pop(_CHOSEN, None)
