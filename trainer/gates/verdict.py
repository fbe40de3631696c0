"""What a gate says: whether it lets the candidate through, why in one sentence, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verdict:
    """A gate's answer. `why` is one sentence in either case; `report` is a file's content, `file` its name."""

    gate: str
    passed: bool
    why: str
    file: str
    report: str
    figures: Mapping[str, float] = field(default_factory=dict)
