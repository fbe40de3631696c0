"""Reading a YAML file that a person wrote: whatever is wrong with it is said with its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import SchemaError

M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Refuses unknown keys: in the file they are mistakes, not comments."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read(path: Path, model: type[M], what: str) -> M:
    """The `model` in the file at `path`, which is called `what` in messages: `campaign schema`.

    Raises SchemaError naming the file, each place in it, and the rule that is broken there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise unusable_file(f"The {what} {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise unusable_file(f"The {what} {path} cannot be read: it is not UTF-8 (byte {error.start + 1}).") from error
    return parse(text, model, f"{what} {path}")


def parse(text: str, model: type[M], what: str) -> M:
    """The `model` in the YAML `text`, which is called `what` in messages: `campaign schema data/schema.yaml`.

    Raises SchemaError naming each place in the text, and the rule that is broken there.
    """
    try:
        content, root = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise unusable_file(f"The {what} is not YAML: {_broken(error)}.") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{_place(root, e['loc'] or _mentioned(root, e['msg']))}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise unusable_file(f"The {what} is not usable: {problems}.") from error


def unusable_file(what: str) -> SchemaError:
    """The error of a file that cannot be used."""
    return SchemaError(what, kept="Nothing was started.", next="Mend the file, then start again.")


def _broken(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())


def _place(root: yaml.Node | None, location: Sequence[int | str]) -> str:
    """`location` in words, with the line and column of the nearest node that is there: a missing key is not."""
    node = root
    for step in location:
        found = _child(node, step)
        if found is None:
            break
        node = found
    name = ".".join(map(str, location)) or "file"
    if node is None:
        return name
    return f"line {node.start_mark.line + 1}, column {node.start_mark.column + 1}, {name}"


def _mentioned(root: yaml.Node | None, message: str) -> tuple[int | str, ...]:
    """Where the first quoted word of a message about the file as a whole is in it; () if nowhere."""
    quoted = re.search("'([^']+)'", message)
    return next((path for path, value in _scalars(root) if quoted and value == quoted[1]), ())


def _scalars(node: Any, path: tuple[int | str, ...] = ()) -> Iterator[tuple[tuple[int | str, ...], str]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from _scalars(value, (*path, place))
    elif isinstance(node, yaml.ScalarNode):
        yield path, node.value


def _child(node: Any, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        # The key is what is shown for one that is not known; its value otherwise begins on the same line.
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    return None
