"""The catalogues say what the code says, and the tool that keeps them so notices when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.language import catalogues, extraction
from app.language.extraction import read_sentences
from core.settings.group import ROOT

CODE = """
from app.language import _, plural
from core.sentences import Sentence

NAMES = (Sentence("Upper half"),)

def draw(ref, people):
    st.title(_("Call list"))
    st.info(_("{ref} is back.").format(ref=ref))
    st.info(plural("{n} person", "{n} people", people).format(n=people))
    raise Conflict(Sentence("{number} row", many="{number} rows", number=people))
"""


def code(root: Path, text: str) -> extraction.Reading:
    (root / "app").mkdir(exist_ok=True)
    (root / "app" / "page.py").write_text(text)
    return read_sentences(root, ["app"])


def translate(path: Path, translations: dict[str, str | tuple[str, str]]) -> None:
    catalog = catalogues.read_catalogue(path, "de")
    for message in catalog:
        one = message.id[0] if isinstance(message.id, tuple) else message.id
        if one in translations:
            message.string = translations[one]
    catalogues.write(catalog, path)


@pytest.fixture
def po(tmp_path: Path) -> Path:
    return tmp_path / "locale" / "de" / "LC_MESSAGES" / "callwise.po"


GERMAN: dict[str, str | tuple[str, str]] = {
    "Upper half": "Obere Hälfte",
    "Call list": "Anrufliste",
    "{ref} is back.": "{ref} ist zurück.",
    "{n} person": ("{n} Person", "{n} Personen"),
    "{number} row": ("Eine Zeile", "{number} Zeilen"),
}


@pytest.fixture
def whole(tmp_path: Path, po: Path) -> extraction.Reading:
    reading = code(tmp_path, CODE)
    catalogues.update(reading, tmp_path / "locale", {"de": po})
    translate(po, GERMAN)
    assert list(catalogues.find_mistakes(reading, tmp_path / "locale")) == []
    return reading


def test_the_catalogues_of_this_project_are_whole() -> None:
    assert list(catalogues.find_mistakes(read_sentences(ROOT), catalogues.LOCALES)) == []
    assert "de" in catalogues.catalogues(catalogues.LOCALES)


def test_writing_a_catalogue_twice_changes_no_byte(tmp_path: Path, po: Path, whole: extraction.Reading) -> None:
    files = (po, tmp_path / "locale" / "callwise.pot")
    before = [file.read_bytes() for file in files]
    catalogues.update(whole, tmp_path / "locale", {"de": po})
    assert [file.read_bytes() for file in files] == before
    assert str(tmp_path).encode() not in b"".join(before)


def test_a_new_sentence_is_asked_for_and_one_that_is_gone_leaves(
    tmp_path: Path, po: Path, whole: extraction.Reading
) -> None:
    changed = code(tmp_path, CODE.replace('_("Call list")', '_("Something else entirely")'))
    found = list(catalogues.find_mistakes(changed, tmp_path / "locale"))
    assert found == ["de: 'Something else entirely' is missing", "de: 'Call list' is used nowhere"]
    catalogues.update(changed, tmp_path / "locale", {"de": po})
    assert list(catalogues.find_mistakes(changed, tmp_path / "locale")) == [
        "de: 'Something else entirely' is not translated"
    ]
    assert "Anrufliste" not in po.read_text()


def test_a_reworded_sentence_keeps_its_translation_until_somebody_looked_at_it(
    tmp_path: Path, po: Path, whole: extraction.Reading
) -> None:
    changed = code(tmp_path, CODE.replace("is back.", "is back now."))
    catalogues.update(changed, tmp_path / "locale", {"de": po})
    (found,) = catalogues.find_mistakes(changed, tmp_path / "locale")
    assert "'{ref} is back now.' was reworded" in found
    po.write_text(po.read_text().replace("#, fuzzy, python-brace-format", "#, python-brace-format"))
    assert list(catalogues.find_mistakes(changed, tmp_path / "locale")) == []


@pytest.mark.parametrize(
    ("original", "translation", "says"),
    [
        ("{ref} is back.", "{name} ist zurück.", "has the places ['ref'], its translation ['name']"),
        ("{ref} is back.", "Sie sind zurück.", "has the places ['ref'], its translation []"),
        ("{ref} is back.", "{ref ist zurück.", "a brace too many"),
        ("{ref} is back.", "", "is not translated"),
        ("{n} person", ("{n} Person", ""), "is not translated"),
        ("{n} person", ("eine Person", "viele"), "has the places ['n'], its translation []"),
    ],
)
def test_a_translation_that_does_not_fit_is_named(
    tmp_path: Path, po: Path, whole: extraction.Reading, original: str, translation: str | tuple[str, str], says: str
) -> None:
    translate(po, {original: translation})
    (found,) = catalogues.find_mistakes(whole, tmp_path / "locale")
    assert original in found
    assert says in found


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('_(f"{ref} is back")', "must be written out there"),
        ("_(label)", "must be written out there"),
        ('_("one" if few else "many")', "must be written out there"),
        ('plural("one person", many, 2)', "must be written out there"),
        ("Sentence(text)", "must be written out there"),
        ("_()", "must be written out there"),
        ('_("{} is back").format(ref)', "a place needs a name"),
        ('_("{ref.name} is back").format(ref=ref)', "a place needs a name"),
        ('_("{ref is back")', "expected '}'"),
        ('_("{ref is back").format(ref=ref)', "expected '}'"),
        ('_("{ref} is back").format(name=ref)', "has other places (ref)"),
        ('_("Back").format(ref=ref)', "has other places (none)"),
        ('Sentence("{ref} is back")', "has other places (ref)"),
        ('Sentence("{ref} is back", ref=ref, by=by)', "has other places (ref)"),
    ],
)
def test_what_no_catalogue_can_have_is_a_mistake(tmp_path: Path, line: str, says: str) -> None:
    (mistake,) = code(tmp_path, line).mistakes
    assert mistake.startswith("app/page.py:1: ")
    assert says in mistake


@pytest.mark.parametrize(
    ("line", "untold"),
    [
        ('st.title("Call list")', 1),
        ('st.title(_("Call list"))', 0),
        ('column.metric("Sold", number, help=f"of {number} calls")', 2),
        ('st.info(text if text else "Nobody is free")', 1),
        ('st.button(f":material/{icon}: {name}")', 0),
        ('Notice("warning", "It is gone", next=_("Look again."))', 1),
        ('raise Conflict("It is gone", kept="Nothing was recorded.")', 2),
        ('raise Conflict(Sentence("It is gone"))', 0),
        ('log.warning("nobody reads this on a screen")', 0),
    ],
)
def test_what_is_said_in_english_alone_is_counted(tmp_path: Path, line: str, untold: int) -> None:
    assert len(code(tmp_path, line).untranslated) == untold


def test_a_sentence_of_the_code_is_found_wherever_it_is_marked(whole: extraction.Reading) -> None:
    assert [(found.singular, found.plural) for found in whole.sentences] == [
        ("Upper half", ""),
        ("Call list", ""),
        ("{ref} is back.", ""),
        ("{n} person", "{n} people"),
        ("{number} row", "{number} rows"),
    ]
