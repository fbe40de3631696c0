"""A proposal as the YAML file of a kind: what `core.schema.read_schema` reads, with the evidence beside each column."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from core.proposal.meaning import ColumnProposal
from core.proposal.proposal import Proposal

WIDTH = 116
_HEAD = """\
A campaign kind, proposed from {file} ({rows:,} rows). Check it, change what is wrong, then: scripts/kind check FILE
type       integer | number | category | yes_no | date | text
role       profile (who they are) | history (earlier contacts) | call_context (this contact) | indicator (the economy)
           | after_call (known only once the call is over) | reference (a further key) | contact | people_only
optional   a cell may be blank; blanks: words that mean a blank. open: words outside the categories may come
decimal    the sign in numbers; thousands: the sign between their groups; day_first: 03/04 is the third of April. They
           are for files whose own cells do not tell
special    values of a number that are codes, with their meanings. bounds: where groups of people begin
Only profile, history, call_context and indicator are read by the model.
outcome    positive, negative: the word of a sale, of a refusal, or a list of words; undecided: words that mean that
           there is no outcome yet, as an empty cell does"""


def kind_text(proposal: Proposal) -> str:
    """The YAML text, with comments."""
    return "\n".join(_lines(proposal)) + "\n"


def _lines(proposal: Proposal) -> Iterator[str]:
    schema, target, key = proposal.schema, proposal.outcome, proposal.reference
    head = _HEAD.format(file=proposal.seen.file.path.name, rows=proposal.seen.rows)
    yield from (f"# {_plain(line)}" for line in head.splitlines())
    for title, told in (("Warnings", proposal.warnings), ("Questions", proposal.questions)):
        if told:
            yield f"#\n# {title}:"
            for sentence in told:
                yield from _comment(f"- {sentence}", "")
    yield from _keys({"name": schema.name, "title": schema.title}, "")
    yield from _comment(
        f"{key.why}" if key else "No column is a key of the person, so the row's number in the file is the key.", ""
    )
    yield from _keys({"reference": schema.reference}, "")
    for remark in (target.why, *target.remarks):
        yield from _comment(remark, "")
    yield from _comment(
        f"{target.calls:,} of {target.rows:,} rows have an outcome, {target.sales:,} of them a sale.", ""
    )
    yield f"outcome: {_flow(schema.outcome.model_dump(mode='json', exclude_defaults=True))}"
    if schema.calendar:
        yield "# The rows are in order of time. `start` is the month of the first call: a guess, please correct it."
        yield f"calendar: {_flow(schema.calendar.model_dump(exclude_none=True))}"
    yield from _keys({"segments": list(schema.segments)}, "")
    yield "columns:"
    for column in proposal.columns:
        yield from _column(column)


def _column(proposal: ColumnProposal) -> Iterator[str]:
    found = proposal.evidence
    # The file of a kind is kept and passed around, so it names nobody.
    shown = (
        ", ".join(f"{word[:40]} ({rows:,})" for word, rows in proposal.examples) if proposal.column.is_feature else ""
    )
    counts = f"{found.filled:,} filled, {found.blank + found.missing.total():,} blank, {found.different:,} different"
    if found.missing:
        counts += f" ({found.missing.total():,} say that nothing is known: {', '.join(sorted(found.missing))})"
    yield ""
    yield from _comment(f"{counts}{': ' if shown else ''}{shown}", "  ")
    yield from _comment(f"{proposal.why} [{proposal.sure.value}]", "  ")
    for remark in (*proposal.remarks, *([proposal.doubt] if proposal.doubt else [])):
        yield from _comment(f"! {remark}", "  ")
    content = proposal.column.model_dump(mode="json", exclude_defaults=True, exclude={"reason"})
    if proposal.column.type == "yes_no":
        del content["categories"]
    content["special"] = {int(code): words for code, words in content.get("special", {}).items()}
    keys = [key for key in _ORDER if content.get(key) not in (None, {}, [])]
    lines = list(_keys({key: _whole(content[key]) for key in keys}, "    "))
    yield f"  - {lines[0].lstrip()}"
    yield from lines[1:]


_ORDER = (
    "name", "label", "type", "role", "contact", "optional", "blanks", "open", "categories", "minimum", "maximum",
    "special", "unit", "bounds", "decimal", "thousands", "day_first", "zone", "region", "note",
)  # fmt: skip


def _whole(value: Any) -> Any:
    """Numbers without a needless `.0`."""
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _keys(content: dict[str, Any], indent: str) -> Iterator[str]:
    for key, value in content.items():
        if isinstance(value, dict):
            text = f"{key}: {_flow(value)}"
        else:
            # A list in a line of its own, a single value in plain style.
            style = None if isinstance(value, list) else False
            text = yaml.safe_dump(
                {key: value}, default_flow_style=style, sort_keys=False, allow_unicode=True, width=WIDTH - len(indent)
            )
        yield from (indent + line for line in text.rstrip("\n").split("\n"))


def _flow(content: dict[Any, Any]) -> str:
    text = yaml.safe_dump(content, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return str(text).rstrip("\n")


def _comment(text: str, indent: str) -> list[str]:
    return [f"{indent}# {line}" for line in textwrap.wrap(_plain(text), WIDTH - len(indent))] or [f"{indent}#"]


def _plain(text: str) -> str:
    """`text` in one line: YAML has no comments of several, and refuses characters without a shape."""
    return "".join(c if c.isprintable() else " " for c in text)
