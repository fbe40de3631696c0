"""Extracts the sentences for the catalogues from the code: the arguments of `_`, `plural` and `Sentence`.

Extraction reads the syntax tree and imports nothing. A catalogue can have only literal sentences, and a translator can
move only named places; anything else is reported as a mistake.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

FOLDERS = ("app", "core", "monitor")
SENTENCE = "Sentence"
MARKS = {"_": 1, "gettext": 1, "plural": 2, SENTENCE: 1}  # the functions that take sentences, and how many

_ERRORS = {"Conflict", "InputError", "NotFound", "Unavailable"}
_DRAWN = {
    *("altair_chart", "badge", "button", "caption", "checkbox", "date_input", "datetime_input", "dialog"),
    *("download_button", "error", "expander", "file_uploader", "form_submit_button", "header", "info", "link_button"),
    *("markdown", "metric", "multiselect", "number_input", "page_link", "pills", "popover", "radio", "select_slider"),
    *("segmented_control", "selectbox", "slider", "spinner", "status", "subheader", "success", "tabs", "text"),
    *("text_area", "text_input", "time_input", "title", "toast", "toggle", "warning", "write"),
}
_WORDS = {"alt", "help", "label", "placeholder", "title"}


@dataclass(frozen=True, order=True)
class SourceSentence:
    """A sentence in one of the project's files; `plural` is its plural form, or empty."""

    file: str
    singular: str
    plural: str = ""


@dataclass
class Reading:
    """The sentences; the mistakes, each with file and line; and the texts that are not translated."""

    sentences: list[SourceSentence] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    untranslated: list[str] = field(default_factory=list)


def places(sentence: str) -> set[str]:
    """The names of the places to fill in. Raises ValueError for an unmatched brace."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def read_sentences(root: Path, folders: Iterable[str] = FOLDERS) -> Reading:
    """The sentences of all Python files in `folders` of `root`, ordered by file and line."""
    reading = Reading()
    for path in sorted(file for folder in folders for file in (root / folder).rglob("*.py")):
        file = path.relative_to(root).as_posix()
        _File(file, reading).read(ast.parse(path.read_text(encoding="utf-8")))
    return reading


class _File:
    def __init__(self, name: str, reading: Reading) -> None:
        self._name, self._reading = name, reading

    def read(self, tree: ast.Module) -> None:
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            match call.func:
                case ast.Name(mark) if mark in MARKS:
                    self._sentence(call, mark)
                case ast.Attribute(value=ast.Call(func=ast.Name(mark)) as marked, attr="format") if mark in MARKS:
                    self._fill(marked, call, set())
                case ast.Name(error) if error in _ERRORS:
                    self._untold(call, call.args[:1])
                case ast.Attribute(value=ast.Name("log")):
                    pass
                case ast.Name("Notice"):
                    self._untold(call, call.args[1:])
                case ast.Attribute(attr=drawn) if drawn in _DRAWN:
                    self._untold(call, call.args)

    def _sentence(self, call: ast.Call, mark: str) -> None:
        forms = [*call.args[: MARKS[mark]], *(k.value for k in call.keywords if mark == SENTENCE and k.arg == "many")]
        texts = [text for text in map(_literal, forms) if text is not None]
        if len(texts) < len(forms) or not texts:
            self._mistake(call, f"what stands in {mark} must be written out there: no f-string, no variable")
            return
        try:
            named = all(name.isidentifier() for text in texts for name in places(text))
        except ValueError as error:
            self._mistake(call, f"{texts[0]!r}: {error}")
            return
        if not named:
            self._mistake(call, f"{texts[0]!r}: a place needs a name, and nothing but a name")
            return
        self._reading.sentences.append(SourceSentence(self._name, *texts))
        if mark == SENTENCE:
            self._fill(call, call, {"many"})

    def _fill(self, marked: ast.Call, filled: ast.Call, other: set[str]) -> None:
        """Report a mistake if the keywords of `filled` differ from the places in the sentence of `marked`."""
        names = {keyword.arg for keyword in filled.keywords}
        forms = [*marked.args, *(keyword.value for keyword in marked.keywords if keyword.arg == "many")]
        texts = [text for text in map(_literal, forms) if text is not None]
        try:
            expected = {name for text in texts for name in places(text)}
        except ValueError:  # `_sentence` reports this mistake
            return
        # **values cannot be checked; `_sentence` reports a missing sentence, or a place without a name.
        if None in names or not texts or not all(map(str.isidentifier, expected)):
            return
        if expected != names - other - ({"number"} - expected):
            named = ", ".join(sorted(expected)) or "none"
            self._mistake(marked, f"{texts[0]!r} has other places ({named}) than it is given")

    def _untold(self, call: ast.Call, args: Iterable[ast.expr]) -> None:
        for value in [*args, *(k.value for k in call.keywords if k.arg in {*_WORDS, "kept", "next"})]:
            if any(_worded(text) for text in _bare(value)):
                self._reading.untranslated.append(f"{self._name}:{value.lineno}: {ast.unparse(value)[:100]}")

    def _mistake(self, node: ast.AST, what: str) -> None:
        self._reading.mistakes.append(f"{self._name}:{getattr(node, 'lineno', 0)}: {what}")


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _bare(node: ast.expr) -> Iterator[str]:
    """The texts of an expression that no function of `MARKS` takes."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield from (text for part in parts for text in _bare(part))
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            yield from _bare(one)
            yield from _bare(other)


def _worded(text: str) -> bool:
    """Whether `text` has a word beside markup: icons, colours, HTML."""
    return any(len(word) > 1 and word.isalpha() for word in text.replace("*", " ").replace(",", " ").split())
