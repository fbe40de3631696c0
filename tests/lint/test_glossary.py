"""docs/glossary.md holds: every term is used, and no word that it rules out is."""

from pathlib import Path

import pytest

from core.settings.group import ROOT
from tests.lint import vocabulary

TEXTS = vocabulary.sources(ROOT)
TERMS = vocabulary.read((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))

PLANTED = """# Glossary
| term | definition | not | German |
|---|---|---|---|
| kettle | Boils water. | `water boiler`, `samovar` | Kessel |
"""


def test_every_term_is_used_outside_the_glossary() -> None:
    assert vocabulary.unused(TERMS, TEXTS) == []


def test_no_word_that_the_glossary_rules_out_is_used() -> None:
    assert list(vocabulary.ruled_out(TERMS, TEXTS)) == []


def test_a_term_is_defined_once_and_rules_out_no_term() -> None:
    names = [term.name for term in TERMS]
    assert len(names) == len(set(names)) > 50
    assert not set(names) & {synonym for term in TERMS for synonym in term.synonyms}


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("core/kitchen.py", '"""Tea."""\n\nwater_boiler = 1\n', 3),
        ("core/kitchen.py", "class WaterBoiler:\n    pass\n", 1),
        ("core/kitchen.py", "x = 1\n# the water\n# boiler is on\n", 2),
        ("core/kitchen.py", '\nsaid = "Fill the Samovar."\n', 2),
        ("docs/kitchen.md", "Fill the\nwater-boiler.\n", 2),
        ("README.md", "Fill the water\nboiler.\n", 1),
        ("app/language/locale/de/LC_MESSAGES/callwise.po", 'msgid ""\n"Fill the samovar"\nmsgstr "x"\n', 2),
    ],
)
def test_a_planted_violation_is_named_with_file_and_line(tmp_path: Path, file: str, text: str, line: int) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    found = list(vocabulary.ruled_out(vocabulary.read(PLANTED), vocabulary.sources(tmp_path)))
    assert [one.split(": says")[0] for one in found] == [f"{file}:{line}"]
    assert "where the glossary says 'kettle'" in found[0]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("core/kitchen.py", "samovars = 1  # another word\n"),
        ("docs/glossary.md", PLANTED),
        ("app/language/locale/de/LC_MESSAGES/callwise.po", 'msgid "Fill it"\nmsgstr "Samovar"\n'),
    ],
)
def test_what_is_no_use_of_the_word_passes(tmp_path: Path, file: str, text: str) -> None:
    place = tmp_path / file
    place.parent.mkdir(parents=True)
    place.write_text(text, encoding="utf-8")
    assert list(vocabulary.ruled_out(vocabulary.read(PLANTED), vocabulary.sources(tmp_path))) == []


def test_a_term_that_stands_nowhere_is_named() -> None:
    terms = vocabulary.read(PLANTED)
    assert vocabulary.unused(terms, {"core/kitchen.py": "cup = 1"}) == ["kettle"]
    assert vocabulary.unused(terms, {"core/kitchen.py": "both_kettles = 2"}) == []


def test_a_row_with_a_missing_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="has 3 cells and not 4"):
        vocabulary.read("| kettle | Boils water. | Kessel |")
