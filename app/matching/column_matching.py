"""Proposes which column of a file is which column of the schema, from names and values.

The name counts most. From best to worst: the schema's own name (apart from capitals, spaces and points), its label, a
name that contains all of its words, a similar name. Values count by how well they fit the column's rule, and count less
the more columns they fit: 98% jobs is strong evidence, all numbers is weak. Each column of the file is proposed once,
the surest first. The manager makes the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import islice

from app.matching.value_matching import Spelling, count_cells, share, special_codes, spellings
from core.files.campaign_file import CampaignFile, Record
from core.files.evidence import ColumnEvidence, evidence
from core.imports.column_mapping import ColumnMapping, cell, normal, targets
from core.imports.readings import is_number, number_reading
from core.imports.reject_file import MARKS
from core.schema import Schema
from core.schema.column import Column, ColumnType, Role
from core.sentences import Sentence
from core.values.numbers import NumberReading

LOOK = 2_000  # rows at the beginning of a file that proposals rest on
_NAMED, _ALIKE, _LIKELY, _BY_VALUES, _LEAST = 0.9, 0.72, 0.6, 0.45, 0.35
_FEW = 60  # different values that are counted of a column of words, at most


class Confidence(StrEnum):
    """How sure a proposal is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    CHECK = "please check"
    NONE = "not found"


@dataclass(frozen=True)
class Proposal:
    """The file's column proposed for the schema's `column` ("" for no proposal), why, and how sure that is.

    `fit` is the share of the sample's values that fit the column's rule, with `spellings` read as proposed.
    """

    column: str
    source: str
    why: str
    confidence: Confidence
    fit: float = 0.0
    spellings: tuple[Spelling, ...] = ()


@dataclass(frozen=True)
class Sample:
    """The first rows of a file: its header without marks, the rows, and each column's cells that are not empty.

    `evidence` is what all rows of the file show of its numbers and dates.
    """

    header: list[str]
    rows: list[Record]
    cells: Mapping[str, list[str]] = field(default_factory=dict)
    evidence: Mapping[str, ColumnEvidence] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, file: CampaignFile) -> Sample:
        """Read the first `LOOK` rows, and the evidence of all. Raises InputError where one cannot be read."""
        header = [name for name in file.header if name not in MARKS]
        with file.records() as records:
            rows = list(islice(records, LOOK))
        cells = {name: [text for row in rows if (text := cell(row.get(name)))] for name in header}
        return cls(header, rows, cells, evidence(file, header))


def propose(schema: Schema, sample: Sample) -> list[Proposal]:
    """A proposal for each of the schema's `targets`, in their order."""
    columns = {name: _target(schema, name) for name in targets(schema)}
    scored = []
    for source in sample.header:
        fits = {name: _fit(column, sample, source) for name, column in columns.items()}
        for place, (name, column) in enumerate(columns.items()):
            named, why = _named(column or name, source)
            score, why = _score(named, why, fits, name)
            if score >= _LEAST:
                unlike = column is not None and not column.is_category and named < _ALIKE
                scored.append((-(min(score, _BY_VALUES) if unlike else score), place, source, name, why))
    chosen: dict[str, tuple[str, float, str]] = {}
    used = set(_later(schema, sample))
    for score, _, source, name, why in sorted(scored):
        if name not in chosen and source not in used:
            chosen[name] = (source, -score, why)
            used.add(source)
    return [propose_source(schema, sample, name, *chosen.get(name, ("", 0.0, ""))) for name in columns]


def propose_source(
    schema: Schema, sample: Sample, name: str, source: str, score: float = 1.0, why: str = ""
) -> Proposal:
    """The proposal to read the schema's column `name` from `source`, with the spellings in that column."""
    if not source:
        return Proposal(name, "", "", Confidence.NONE)
    column, cells = _target(schema, name), sample.cells[source]
    sure = Confidence.CERTAIN if score >= _NAMED else Confidence.LIKELY if score >= _LIKELY else Confidence.CHECK
    spelt: list[Spelling] = []
    if column is None or column.type is ColumnType.TEXT:
        fit = 1.0 if cells else 0.0
    elif column.is_category:
        spelt = spellings(column.categories, count_cells(cells, _FEW))
        fit = _known(column, spelt, cells) if cells else 0.0
    else:
        spelt = special_codes(schema, name, count_cells(cells, _FEW)) if column.special else []
        fit = share(column, cells, _reading(column, sample, source))
        fit += sum(s.rows for s in spelt if s.value) / len(cells) if cells else 0.0
    return Proposal(name, source, why, sure, min(fit, 1.0), tuple(spelt))


def unused_columns(schema: Schema, sample: Sample, mapping: ColumnMapping) -> list[tuple[str, str]]:
    """The file's columns that the mapping does not use, each with the reason if it can never be used, else ""."""
    used, late = set(mapping.columns.values()), _later(schema, sample)
    reasons = {name: Sentence("known only after the call") if name in late else "" for name in sample.header}
    return [(name, why) for name, why in reasons.items() if name not in used]


def _target(schema: Schema, name: str) -> Column | None:
    """The schema's column; for the outcome a column of its words; None for a person's key, which can be any text."""
    if name == schema.outcome.column:
        outcome = schema.outcome
        return Column(
            name=name, label=outcome.label, type=ColumnType.CATEGORY, role=Role.AFTER_CALL, categories=outcome.words
        )
    return schema.in_files.get(name) if name != schema.reference else None


def _later(schema: Schema, sample: Sample) -> list[str]:
    """The file's columns whose names are those of values known only after the call."""
    late = [column for column in schema.columns if not column.is_feature]
    return [source for source in sample.header if any(_named(column, source)[0] >= _NAMED for column in late)]


def _fit(column: Column | None, sample: Sample, source: str) -> float:
    """The share of the cells of `source` that are, or can be read as, values of `column`."""
    cells = sample.cells[source]
    if column is None or column.type is ColumnType.TEXT or not cells:
        return 0.0  # any text fits
    first = cells[:200]
    if column.is_category:
        return _known(column, spellings(column.categories, count_cells(first, _FEW)), first)
    return share(column, first, _reading(column, sample, source))


def _reading(column: Column, sample: Sample, source: str) -> NumberReading | None:
    """How the numbers in `source` are read if they are those of `column`; by a decimal comma if that is to be asked."""
    if not is_number(column) or source not in sample.evidence:
        return None
    seen = sample.evidence[source]
    return number_reading(column, seen) or seen.numbers.reading("," if seen.numbers.unclear[","] else ".")


def _known(column: Column, spelt: Sequence[Spelling], cells: Sequence[str]) -> float:
    """The share of `cells` that are a category of `column`, or a spelling with a proposal."""
    known = set(column.categories) | {spelling.text for spelling in spelt if spelling.value}
    return sum(text in known for text in cells) / len(cells)


def _named(column: Column | str, source: str) -> tuple[float, str]:
    """How well the name of `source` fits `column`, from 0 to 1, and why in words."""
    names = [column] if isinstance(column, str) else [column.name, column.label]
    theirs, ours = normal(source), [form for name in names if (form := normal(name))]
    if source == names[0]:
        return 1.0, Sentence("the same name")
    if not theirs or not ours:
        return 0.0, ""
    if theirs.replace(" ", "") == ours[0].replace(" ", ""):
        return 0.98, Sentence("the same name")
    if theirs in ours:
        return 0.96, Sentence("the same as its label")
    return _alike(theirs, ours)


def _alike(theirs: str, ours: Sequence[str]) -> tuple[float, str]:
    """`_named` for names that differ; both are in their `normal` forms."""
    words = set(theirs.split())
    if any(set(own.split()) <= words for own in ours):
        return 0.8, Sentence("contains its name")
    if len(theirs) >= 3 and any(words < set(own.split()) for own in ours):
        return 0.75, Sentence("is part of its name")
    long = [own for own in ours if min(len(own), len(theirs)) >= 3]
    ratios = [SequenceMatcher(None, own, theirs).ratio() for own in long]
    shared = [len(words & set(own.split())) / max(len(words), len(own.split())) for own in long]
    return max([*ratios, *shared, 0.0]), Sentence("nearly the same name")


def _score(named: float, why: str, fits: Mapping[str, float], name: str) -> tuple[float, str]:
    """How well name and values together fit the column `name`, from 0 to 1, and why in words.

    `fits`: the share of the values that fit each of the schema's columns.
    """
    if named >= _NAMED:
        return named, why
    fit = fits[name]
    rivals = sum(1 for other in fits.values() if other >= 0.9)
    if named >= _ALIKE and fit >= 0.5:
        return 0.6 * named + 0.3 * fit, why
    if fit < 0.9:
        return 0.0, ""
    if named >= 0.5:
        return 0.5 * named + 0.3, Sentence("{why}, and its values fit", why=why)
    if rivals == 1:
        return _BY_VALUES + 0.2 * fit, Sentence("its values fit no other column")
    perhaps = named >= 0.3 and rivals <= 4
    return (0.3 * named + 0.3 * fit, Sentence("its values fit, but other columns too")) if perhaps else (0.0, "")
