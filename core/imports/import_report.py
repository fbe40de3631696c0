"""The report of an import: what it did, in rows and in columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from core.files.records import Tally
from core.imports.column_mapping import cell
from core.imports.reject_file import FILE, Reject
from core.stores.mongo import Document

EXAMPLES = 20
RULES = 100


@dataclass
class Report:
    """What an import did, in rows.

    `changed` people have other values now, by column in `changes`; `lines`: the account of the file's lines. `closed`:
    how many of these were off the list already, and stay so. `outcomes` were brought, `undated` of them without the
    time of their call. `wrong_numbers` were kept, which nobody can call, by column. `rules`: number of rejects
    by the schema's column and the broken rule, without the value; `examples`: the first rejects. `origin`: the sha256
    of the file that corrected rows were in first. `entry`: the import in the log. `before`: when this very file was
    imported first, if newer files were imported since. `came`: the people whom this import brought, also in tries
    before this one; `came_called`: how many of them with the outcome of an earlier call.
    """

    campaign: str
    sha256: str
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    closed: int = 0
    outcomes: int = 0
    came: int = 0
    came_called: int = 0
    undated: int = 0
    wrong_numbers: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    kept_out: int = 0
    lines: Tally = field(default_factory=Tally)
    changes: Counter[str] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Reject] = field(default_factory=list)
    origin: str = ""
    entry: str = ""
    before: datetime | None = None

    @property
    def rows(self) -> int:
        """All rows read."""
        return self.accepted + self.rejected + self.kept_out

    @property
    def accepted(self) -> int:
        """Rows that are in the campaign now."""
        return self.inserted + self.changed + self.unchanged

    def reject(self, reject: Reject) -> None:
        """Count `reject`; the first `EXAMPLES` are examples."""
        self.rejected += 1
        self.rules[reject.column, reject.kind or reject.rule] += 1
        self.origin = self.origin or cell(reject.record.get(FILE))
        if len(self.examples) < EXAMPLES:
            self.examples.append(reject)

    def change(self, columns: Sequence[str], *, closed: bool = False) -> None:
        """Count a person whose values in `columns` changed."""
        self.changed += 1
        self.closed += closed
        self.changes.update(columns)

    def document(self, rejects: str | None = None) -> Document:
        """The report for the log, without any cell; `rejects` is the key of the reject file, if any."""
        return {
            "rows": self.rows,
            "inserted": self.inserted,
            "changed": self.changed,
            "changes": [{"column": column, "rows": n} for column, n in self.changes.most_common()],
            "unchanged": self.unchanged,
            "closed": self.closed,
            "outcomes": self.outcomes,
            "came": self.came,
            "came_called": self.came_called,
            "undated": self.undated,
            "wrong_numbers": [{"column": column, "rows": n} for column, n in self.wrong_numbers.most_common()],
            "rejected": self.rejected,
            "kept_out": self.kept_out,
            "lines": asdict(self.lines),
            "rules": [{"column": c, "rule": rule, "rows": n} for (c, rule), n in self.rules.most_common(RULES)],
            "rejects": rejects,
            "mended": bool(self.origin),
            "before": {"at": self.before} if self.before else None,
        }
