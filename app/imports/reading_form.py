"""How the file is read, for a person to change: encoding, separator, header line, sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from zlib import crc32

import streamlit as st

from app.imports.chosen_file import ChosenFile
from app.language import _, formats, translate
from core.files import code_pages
from core.files.campaign_file import Kind
from core.files.delimited import SEPARATORS
from core.files.reading import FileReading


def ask(chosen: ChosenFile) -> FileReading | None:
    """Draw what was found, and return the reading that a person has chosen instead, or None."""
    file = chosen.file
    if file.kind is Kind.PARQUET:
        return None
    for note in file.notes:
        st.caption(formats.plain(translate(note)))
    sure = file.sure and not file.notes
    with st.expander(_("How the file is read"), expanded=not sure, icon=":material/description:"):
        key = f"{chosen.place}-{crc32(repr(file.reading).encode())}"
        columns = st.columns(3 if file.kind is Kind.TEXT else 2, gap="medium")
        now = file.reading
        if file.kind is Kind.TEXT:
            with columns[0]:
                now = replace(now, encoding=_encoding(chosen, key))
            with columns[1]:
                now = replace(now, separator=_separator(now.separator, key))
        else:
            with columns[0]:
                sheet = _("Sheet")
                at = file.sheets.index(now.sheet) if now.sheet in file.sheets else None
                now = replace(now, sheet=st.selectbox(sheet, file.sheets, index=at, key=f"sheet-{key}") or now.sheet)
        with columns[-1]:
            line = st.number_input(
                _("Line with the names of the columns"),
                min_value=0,
                max_value=10_000,
                value=now.header_line or 0,
                key=f"header-{key}",
                help=_("0 if the file has no such line."),
            )
            now = replace(now, header_line=int(line))
    changed = {name: value for name, value in asdict(now).items() if value != getattr(file.reading, name)}
    return replace(chosen.choice, **changed) if changed else None


def _encoding(chosen: ChosenFile, key: str) -> str:
    names = [choice.name for choice in chosen.encodings]
    examples = {choice.name: choice.examples for choice in chosen.encodings}
    found = chosen.file.encoding
    if found not in names:
        names.insert(0, found)
    picked = st.selectbox(
        _("Encoding"),
        names,
        index=names.index(found),
        key=f"encoding-{key}",
        format_func=lambda name: _titled(name, examples.get(name, ())),
        help=formats.plain(translate(chosen.file.why)),
    )
    return str(picked or found)


def _titled(name: str, examples: Sequence[str]) -> str:
    shown = ", ".join(examples[:3])
    return f"{code_pages.title(name)}: {shown}" if shown else code_pages.title(name)


def _separator(found: str, key: str) -> str:
    words = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}
    signs = [*SEPARATORS, *([found] if found not in SEPARATORS else [])]
    picked = st.selectbox(
        _("Separator"),
        signs,
        index=signs.index(found),
        key=f"separator-{key}",
        format_func=lambda sign: words.get(sign, sign),
    )
    return str(picked or found)
