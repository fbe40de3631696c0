"""A person's group by segment, as a call records it."""

from __future__ import annotations

from collections.abc import Mapping

from core.schema import Schema
from core.schema.column import Value


def groups(schema: Schema, features: Mapping[str, Value]) -> dict[str, str]:
    """The person's group by segment, without segments whose value is unknown."""
    known = {c.name: features[c.name] for c in schema.segment_columns if "." not in c.name and c.name in features}
    return {name: schema.by_name[name].group(value) for name, value in known.items()}
