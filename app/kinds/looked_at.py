"""The file that a new kind comes from: looked at once, and on disk until the session ends or another file is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from app.imports.chosen_file import ChosenFile
from app.language import _
from app.matching.column_matching import Sample
from core.files.campaign_file import CampaignFile, Kind, encodings_for
from core.files.reading import FileReading
from core.imports import run_import
from core.proposal.evidence import Seen, look

_LOOKED = "kind_looked_at"


@dataclass(frozen=True)
class LookedAt:
    """A file, what all its rows show, and the form that chooses how it is read."""

    chosen: ChosenFile
    seen: Seen

    @property
    def place(self) -> str:
        """Part of the widgets' keys, so that another file, or another reading, gets widgets of its own."""
        return self.chosen.place


def look_at(uploaded: Any) -> LookedAt:
    """Look at all rows of the `uploaded` file, once a session. Raises InputError if it contains no table."""
    known: LookedAt | None = st.session_state.get(_LOOKED)
    if known is not None and known.chosen.id == uploaded.file_id:
        return known
    forget()
    folder = TemporaryDirectory(prefix="kind-")
    file = run_import.save_upload(Path(folder.name), uploaded.name, uploaded)
    return _look(uploaded.file_id, folder, file, FileReading())


def read_again(looked: LookedAt, reading: FileReading) -> LookedAt:
    """Look at the file again with another `reading`. Raises InputError if no table is in it then."""
    chosen = looked.chosen
    return _look(chosen.id, chosen.folder, CampaignFile.open(chosen.file.path, reading), reading)


def _look(id: str, folder: TemporaryDirectory[str], file: CampaignFile, choice: FileReading) -> LookedAt:
    with st.spinner(_("Reading all rows of the file"), show_time=True):
        encodings = tuple(encodings_for(file.path)) if file.kind is Kind.TEXT else ()
        chosen = ChosenFile(id, folder, file, Sample.from_rows(file), [], None, choice, encodings)
        looked = LookedAt(chosen, look(file))
    st.session_state[_LOOKED] = looked
    return looked


def for_import(looked: LookedAt) -> ChosenFile:
    """The file as the import form shows it; its own checks begin anew."""
    return replace(looked.chosen, invalid_values={})


def forget() -> None:
    """Forget the file."""
    st.session_state.pop(_LOOKED, None)
