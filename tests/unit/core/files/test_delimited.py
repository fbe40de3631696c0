"""Files as people's programs write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.files.campaign_file import CampaignFile
from core.files.layout import headings

HEADER = "Größe;Straße;Name"
LINES = f"{HEADER}\n1;Allee;Jörg\n2;Weg;Ann\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_usual_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(LINES.encode(encoding))
    file = CampaignFile.open(path)
    assert file.header == ["Größe", "Straße", "Name"]
    with file.records() as records:
        assert [record["Name"] for record in records] == ["Jörg", "Ann"]


def test_a_letter_that_is_no_utf8_far_into_the_file_decides(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"name,age\n" + b"Ann,1\n" * 400_000 + "Jörg,2\n".encode("cp1252"))
    with CampaignFile.open(path).records() as records:
        assert list(records)[-1]["name"] == "Jörg"


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("sep=;\na,b;c\n1;2\n", ";"),
        ('"sep=\t"\na\tb\n1\t2\n', "\t"),
        ('"a, b and c";d\n"1, 2";3\n', ";"),
        ("\n\na;b\n1;2\n", ";"),
        ("only\n1\n2\n", ","),
    ],
)
def test_the_separator_is_the_one_that_parts_all_lines_alike(tmp_path: Path, text: str, separator: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text, newline="")
    file = CampaignFile.open(path)
    assert file.reading.separator == separator
    with file.records() as records:
        assert not any(None in row or None in row.values() for row in records)


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["\ufeffage", " job "], ["age", "job"]),
        (["Last\ncontact", "a  b"], ["Last contact", "a b"]),
        (["age", "age", "age"], ["age", "age (2)", "age (3)"]),
        (["age", "age (2)", "age"], ["age", "age (2)", "age (3)"]),
        (["", "job", ""], ["column 1", "job"]),
        (["", "", ""], []),
    ],
)
def test_each_column_has_a_name_of_its_own(cells: list[str], names: list[str]) -> None:
    assert headings(cells) == names


def test_cells_that_are_nothing_are_no_surplus(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("a;b;\n1;2;\n3;4;5\n\n6\n")
    with CampaignFile.open(path).records() as records:
        rows = list(records)
    assert [row.get(None) for row in rows] == [None, ["5"], None]  # type: ignore[call-overload]
    assert rows[2] == {"a": "6", "b": None}
