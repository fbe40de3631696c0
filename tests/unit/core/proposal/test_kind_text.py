"""Any file's proposal is a kind that reads that file."""

from __future__ import annotations

import csv
import io
import string
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.proposal.evidence import look
from core.proposal.kind_text import kind_text
from core.proposal.proposal import Proposal, propose
from core.schema import Schema, read_schema

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=12)
PLAIN = st.text(string.ascii_letters, min_size=1, max_size=8)
CELLS = st.one_of(
    st.just(st.integers(-5, 2_000).map(str)),
    st.just(st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: f"{number:.2f}")),
    st.just(st.floats(0, 1e6).map(lambda number: f"{number:,.2f}".translate(str.maketrans(",.", ".,")))),
    st.just(st.sampled_from(["yes", "no", "TRUE", "0", "ja", "n/a", ""])),
    st.just(st.dates().map(str)),
    st.just(st.dates().map(lambda day: f"{day:%d.%m.%Y} 14:05")),
    st.just(st.sampled_from(["Web", "web", "Fair", "C", "C++", "no", "null", "-", "(blank)", "[a, b]", "{x: 1}"])),
    st.just(st.integers(0, 99_999).map(lambda number: f"{number:05d}")),
    st.just(WORDS),
)
NAMES = st.one_of(
    WORDS,
    st.sampled_from(["age", "Customer ID", "phone", "e-mail", "notes", "duration", "month", "name", "a: b", "# c"]),
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A CSV with an outcome of both values."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=str.casefold))
    kinds = [draw(CELLS) for _ in names]
    number = draw(st.integers(4, 40))
    rows = [[draw(kind) if draw(st.integers(0, 4)) else "" for kind in kinds] for _ in range(number)]
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow([*names, "converted to sale"])
    lines.writerows([*row, "yes" if place % 3 == 0 else "no"] for place, row in enumerate(rows))
    return text.getvalue()


def rejected(file: CampaignFile, schema: Schema) -> int:
    """Rows that do not fit the kind, read as an import reads them."""
    mapping = replace(ColumnMapping.by_name(schema, file.header), lenient=True).settled(schema, file)
    reader, bad = mapping.reader(schema, file.header), 0
    with file.records() as records:
        for original in records:
            record = reader.record(original)
            try:
                assert not record.unreadable
                for column in schema.recorded:
                    column.parse(record[column.name])
                schema.outcome.parse(record[schema.outcome.column])
            except (ValueError, AssertionError):
                bad += 1
    return bad


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files())
def test_a_proposal_reads_its_own_file_but_for_what_it_warns_of(content: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, kind = Path(folder) / "made up.csv", Path(folder) / "kind.yaml"
        path.write_text(content, encoding="utf-8", newline="")
        try:
            seen = look(CampaignFile.open(path))
            found: Proposal = propose(seen, outcome_column=seen.file.header[-1])
        except InputError:
            return  # nothing that a model could read, or no two outcomes: said
        kind.write_text(kind_text(found), encoding="utf-8")
        schema = read_schema(kind)
        assert schema == found.schema
        damaged = seen.unreadable + sum(column.unfit for column in found.columns)
        assert rejected(seen.file, schema) <= damaged
