"""A gate's verdict: whether the candidate passes, why in one sentence, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verdict:
    """A gate's verdict. `why` is one sentence in either case; `report` is a file's content, `file` its name."""

    gate: str
    passed: bool
    why: str
    file: str
    report: str
    figures: Mapping[str, float] = field(default_factory=dict)
