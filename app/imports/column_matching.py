"""Which column of somebody's file is which of the schema's: proposed from its name and from its values.

A name counts most: the schema's own, but for capitals, spaces and points; its label; one that has all of its words; one
that is nearly the same. Values count for how well they fit the column's rule, and the less the more columns they would
fit as well: that 98% are jobs says a lot, that all are numbers says little. Each column of the file is proposed once,
the surest first; whoever imports has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import islice

from app.imports.value_matching import Spelling, counted, has_decimal_commas, share, special, spellings
from core.imports.campaign_file import CampaignFile, Record
from core.imports.column_mapping import ColumnMapping, cell, normal, targets
from core.imports.reject_file import MARKS
from core.schema import Schema
from core.schema.column import Column, ColumnType, Role
from core.sentences import Sentence

LOOK = 2_000
"""Rows at the beginning of a file that are looked at."""

_NAMED, _ALIKE, _LIKELY, _BY_VALUES, _LEAST = 0.9, 0.72, 0.6, 0.45, 0.35
_FEW = 60
"""Different values of a column that is one of words, at most."""


class Sure(StrEnum):
    """How sure a proposal is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    CHECK = "please check"
    NONE = "not found"


@dataclass(frozen=True)
class Proposal:
    """The file's column proposed for the schema's `column` ("" where there is none), why, and how sure that is.

    `fit` is the share of the values looked at that fit the column's rule, once `spellings` are read as proposed.
    """

    column: str
    source: str
    why: str
    sure: Sure
    fit: float = 0.0
    spellings: tuple[Spelling, ...] = ()
    commas: bool = False


@dataclass(frozen=True)
class Sample:
    """The first rows of a file: its header without marks, the rows, and each column's cells, as text, without gaps."""

    header: list[str]
    rows: list[Record]
    cells: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, file: CampaignFile) -> Sample:
        """Look at the first `LOOK` rows. Raises InputError where one cannot be read."""
        header = [name for name in file.header if name not in MARKS]
        with file.records() as records:
            rows = list(islice(records, LOOK))
        cells = {name: [text for row in rows if (text := cell(row.get(name)))] for name in header}
        return cls(header, rows, cells)


def propose(schema: Schema, sample: Sample) -> list[Proposal]:
    """A proposal for each of the schema's `targets`, in their order."""
    columns = {name: _target(schema, name) for name in targets(schema)}
    scored = []
    for source in sample.header:
        fits = {name: _fit(column, sample.cells[source]) for name, column in columns.items()}
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
    return [detail(schema, sample, name, *chosen.get(name, ("", 0.0, ""))) for name in columns]


def detail(schema: Schema, sample: Sample, name: str, source: str, score: float = 1.0, why: str = "") -> Proposal:
    """The proposal to read the schema's column `name` from `source`, with the spellings found there."""
    if not source:
        return Proposal(name, "", "", Sure.NONE)
    column, cells = _target(schema, name), sample.cells[source]
    sure = Sure.CERTAIN if score >= _NAMED else Sure.LIKELY if score >= _LIKELY else Sure.CHECK
    found: list[Spelling] = []
    commas = False
    if column is None:
        fit = 1.0 if cells else 0.0
    elif column.is_category:
        found = spellings(column.categories, counted(cells, _FEW))
        known = set(column.categories) | {spelling.text for spelling in found if spelling.value}
        fit = sum(text in known for text in cells) / len(cells) if cells else 0.0
    else:
        commas = has_decimal_commas(column, cells[:200])
        found = special(schema, name, counted(cells, _FEW)) if column.special and not commas else []
        fit = share(column, [_point(text) for text in cells] if commas else cells)
        fit += sum(s.rows for s in found if s.value) / len(cells) if cells else 0.0
    return Proposal(name, source, why, sure, min(fit, 1.0), tuple(found), commas)


def mapping_of(proposals: Sequence[Proposal]) -> ColumnMapping:
    """The mapping that the proposals come to."""
    chosen = [proposal for proposal in proposals if proposal.source]
    values = {p.column: {s.text: s.value for s in p.spellings if s.value} for p in chosen}
    return ColumnMapping(
        {proposal.column: proposal.source for proposal in chosen},
        {name: spellings for name, spellings in values.items() if spellings},
        frozenset(proposal.column for proposal in chosen if proposal.commas),
    )


def unused(schema: Schema, sample: Sample, mapping: ColumnMapping) -> list[tuple[str, str]]:
    """The file's columns that nothing is read from, each with why it cannot be, where there is a reason."""
    used, late = set(mapping.columns.values()), _later(schema, sample)
    return [
        (name, Sentence("known only after the call") if name in late else "")
        for name in sample.header
        if name not in used
    ]


def _target(schema: Schema, name: str) -> Column | None:
    """The schema's column; the outcome as one of words; None for the person's key, which may be anything."""
    if name == schema.outcome.column:
        words = (schema.outcome.positive, schema.outcome.negative)
        label = schema.outcome.label
        return Column(name=name, label=label, type=ColumnType.CATEGORY, role=Role.AFTER_CALL, categories=words)
    return schema.by_name.get(name) if name != schema.reference else None


def _later(schema: Schema, sample: Sample) -> list[str]:
    """The file's columns that are plainly the schema's for what is known only after the call."""
    late = [column for column in schema.columns if not column.is_feature]
    return [source for source in sample.header if any(_named(column, source)[0] >= _NAMED for column in late)]


def _fit(column: Column | None, cells: Sequence[str]) -> float:
    """The share of `cells` that are, or can be read as, values of `column`."""
    if column is None or not cells:
        return 0.0
    looked = cells[:200]
    if column.is_category:
        found = counted(looked, _FEW)
        known = {s.text for s in spellings(column.categories, found) if s.value} | set(column.categories)
        return sum(text in known for text in looked) / len(looked)
    fit = share(column, looked)
    return max(fit, share(column, [_point(text) for text in looked])) if any("," in text for text in looked) else fit


def _named(column: Column | str, source: str) -> tuple[float, str]:
    """How much the name of `source` says for `column`, from 0 to 1, and in words."""
    names = [column] if isinstance(column, str) else [column.name, column.label]
    theirs, ours = normal(source), [form for name in names if (form := normal(name))]
    if source == names[0]:
        return 1.0, Sentence("the same name")
    if not theirs or not ours:
        return 0.0, ""
    if theirs.replace(" ", "") == ours[0].replace(" ", ""):
        return 0.98, Sentence("the same name")
    if theirs in ours:
        return 0.96, Sentence("by its label")
    return _alike(theirs, ours)


def _alike(theirs: str, ours: Sequence[str]) -> tuple[float, str]:
    """The same for names that differ, in their `normal` forms."""
    words = set(theirs.split())
    if any(set(own.split()) <= words for own in ours):
        return 0.8, Sentence("has its name in it")
    if len(theirs) >= 3 and any(words < set(own.split()) for own in ours):
        return 0.75, Sentence("is part of its name")
    long = [own for own in ours if min(len(own), len(theirs)) >= 3]
    ratios = [SequenceMatcher(None, own, theirs).ratio() for own in long]
    shared = [len(words & set(own.split())) / max(len(words), len(own.split())) for own in long]
    return max([*ratios, *shared, 0.0]), Sentence("nearly the same name")


def _score(named: float, why: str, fits: Mapping[str, float], name: str) -> tuple[float, str]:
    """How much name and values together say for it, from 0 to 1, and in words.

    `fits`: how well its values fit each of the columns.
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
        return _BY_VALUES + 0.2 * fit, Sentence("its values fit, and fit nothing else")
    perhaps = named >= 0.3 and rivals <= 4
    return (0.3 * named + 0.3 * fit, Sentence("its values fit; so they would others")) if perhaps else (0.0, "")


def _point(text: str) -> str:
    return text.replace(".", "").replace(",", ".")
