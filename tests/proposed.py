"""The mapping of a file's columns where people take every proposal as it is."""

from __future__ import annotations

from collections.abc import Sequence

from app.matching.column_matching import Proposal, Sample
from core.imports.column_mapping import ColumnMapping
from core.imports.readings import Readings, by_evidence
from core.schema import Schema


def mapping_of(schema: Schema, sample: Sample, proposals: Sequence[Proposal]) -> ColumnMapping:
    """The mapping that follows from the proposals."""
    chosen = [proposal for proposal in proposals if proposal.source]
    values = {p.column: {s.text: s.value for s in p.spellings if s.value} for p in chosen}
    columns = {proposal.column: proposal.source for proposal in chosen}
    spelt = {name: spellings for name, spellings in values.items() if spellings}
    return ColumnMapping(columns, spelt).with_readings(by_evidence(schema, columns, sample.evidence, Readings()))
