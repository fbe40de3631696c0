"""Each kind of fault that people's files have, written here, with every line accounted for."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.files.campaign_file import CampaignFile, encodings_for
from core.files.reading import FileReading
from core.files.records import Record, Tally

Write = Callable[..., Path]
HEADER = "key,name,city,amount,note"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "people.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def rows(first: int, last: int, note: str = "fine") -> str:
    return "".join(f"K{number},Ann,Rome,{number}.5,{note}\n" for number in range(first, last))


def read(path: Path, reading: FileReading | None = None) -> tuple[CampaignFile, list[Record], Tally]:
    file = CampaignFile.open(path, reading)
    with file.records() as records:
        return file, list(records), records.tally


class TestQuotes:
    @pytest.mark.parametrize("second", [None, 40, 59])
    def test_an_open_one_spoils_its_own_row_only(self, write: Write, second: int | None) -> None:
        lines = [HEADER, *rows(0, 60).splitlines()]
        spoilt = [5, *([second] if second else [])]
        for place in spoilt:
            lines[place] = lines[place].replace("fine", '"12 inch')
        _, found, tally = read(write("\n".join(lines) + "\n"))
        assert [row.line for row in found if row.broken] == [place + 1 for place in spoilt]
        assert all(row.broken is None or row.broken[0] == "note" for row in found)
        assert (tally.lines, tally.rows) == (61, 60)
        assert [row["key"] for row in found] == [f"K{number}" for number in range(60)]

    def test_one_that_another_row_seems_to_close_does_not_swallow_rows(self, write: Write) -> None:
        lines = [HEADER, *rows(0, 60).splitlines()]
        lines[5] = lines[5].replace("fine", '"12 inch')
        lines[30] = lines[30].replace("fine", '14"')
        _, found, _ = read(write("\n".join(lines) + "\n"))
        assert [row.line for row in found if row.broken] == [6]
        assert len(found) == 60

    def test_the_row_before_that_seems_to_close_it_is_read(self, write: Write) -> None:
        lines = [HEADER, *rows(0, 5).splitlines()]
        lines[2] = lines[2].replace("fine", '"12 inch')
        lines[3] = lines[3].replace("fine", '14"')
        _, found, _ = read(write("\n".join(lines) + "\n"))
        assert ([row.line for row in found if row.broken], len(found)) == ([3], 5)

    def test_a_cell_over_several_lines_is_one_cell(self, write: Write) -> None:
        text = f'{HEADER}\nK1,Ann,Rome,1.5,"called,\nthen left, angry\n\nbye"\n{rows(2, 9)}'
        _, found, tally = read(write(text))
        assert found[0]["note"] == "called,\nthen left, angry\n\nbye"
        assert [row.line for row in found] == [2, *range(3, 10)]
        assert tally.lines == 9

    def test_one_that_is_not_doubled_is_rejected(self, write: Write) -> None:
        _, found, _ = read(write(f'{HEADER}\nK1,Ann,Rome,1.5,"the "big" one"\n{rows(2, 4)}'))
        assert [bool(row.broken) for row in found] == [True, False, False]

    def test_a_backslash_hides_one_where_the_columns_say_so(self, write: Write) -> None:
        _, found, _ = read(write(f'{HEADER}\nK1,Ann,Rome,1.5,"12\\" pipe, red"\n{rows(2, 4)}'))
        assert found[0]["note"] == '12" pipe, red'

    def test_spaces_around_a_quoted_cell_are_none(self, write: Write) -> None:
        _, found, _ = read(write(f'{HEADER}\nK1, "Ann" ,Rome,1.5,x\n{rows(2, 4)}'))
        assert (found[0]["name"], found[0].broken) == ("Ann", None)


def test_a_huge_cell_is_a_cell(write: Write) -> None:
    _, found, _ = read(write(f"{HEADER}\n{rows(0, 2)}{rows(2, 3, 'x' * 300_000)}{rows(3, 5)}"))
    assert [row.broken for row in found] == [None] * 5
    assert len(found[2]["note"]) == 300_000


class TestEncoding:
    def test_utf8_with_a_few_bad_bytes_stays_utf8(self, write: Write) -> None:
        good = "".join(f"K{n},Jörg,Köln,1,x\n" for n in range(20)).encode()
        path = write(HEADER.encode() + b"\n" + good + b"K20,J\xf6rg,Rome,1,x\n" + rows(21, 25).encode())
        file, found, _ = read(path)
        assert (file.encoding, file.sure) == ("utf-8", False)
        assert found[0]["name"] == "Jörg"
        assert {row.line: list(row.unreadable) for row in found if row.unreadable} == {22: ["name"]}
        assert "1 line holds bytes that are not UTF-8 (line 22)." in file.notes

    @pytest.mark.parametrize(
        ("words", "pages"),
        [
            ("Jörg Müller Größe", "cp1252 mac_roman cp850"),
            ("Dvořák Černý Žižka Jiří Růžena", "cp1250 cp852 iso8859_2"),
            ("Łukasz Wójcik Świętosław", "cp1250 mac_latin2 cp852"),
            ("Иванов Пётр Москва", "cp1251 koi8_r cp866 mac_cyrillic"),
            ("Şükrü Yıldız Çağrı", "cp1254"),  # noqa: RUF001
            ("Γιώργος Παπαδόπουλος", "cp1253"),
            ("João Conceição São", "cp1252 mac_roman"),
            ("François Lefèvre Noël", "cp1252 mac_roman cp850"),
        ],
    )
    def test_the_code_page_is_the_one_that_makes_words(self, write: Write, words: str, pages: str) -> None:
        for page in pages.split():
            text = HEADER + "\n" + "".join(f"K{n},{words},Rome,1,x\n" for n in range(5))
            _, found, _ = read(write(text, encoding=page))
            assert found[0]["name"] == words, page

    def test_the_others_are_offered_with_examples(self, write: Write) -> None:
        path = write(f"{HEADER}\nK1,Jörg,Köln,1,x\n", encoding="mac_roman")
        offered = {choice.name: choice.examples for choice in encodings_for(path)}
        assert offered["mac_roman"] == ("Jörg", "Köln")
        _, found, _ = read(path, FileReading(encoding="mac_roman"))
        assert found[0]["name"] == "Jörg"

    def test_one_that_nobody_knows_is_refused(self, write: Write) -> None:
        with pytest.raises(InputError, match="no encoding 'klingon'"):
            CampaignFile.open(write(HEADER + "\n" + rows(0, 2)), FileReading(encoding="klingon"))


class TestLines:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("last", ["", "\x1a", "END\x1a"])
    def test_ends_of_lines_and_of_the_file(self, write: Write, end: str, last: str) -> None:
        text = (HEADER + "\n" + rows(0, 3)).replace("\n", end) + last.replace("END", "K3,Ann,Rome,1,fine")
        _, found, tally = read(write(text))
        assert [row["note"] for row in found] == ["fine"] * (4 if "END" in last else 3)
        assert tally.lines == 1 + 3 + bool(last)

    def test_lines_with_nothing_are_empty(self, write: Write) -> None:
        text = f'{HEADER}\n{rows(0, 2)}\n,,,,\n" ", ,\u00a0,,\u200b\n-----,---,---\n{rows(2, 4)}' + "," * 300 + "\n"
        _, found, tally = read(write(text))
        assert (len(found), tally.empty, tally.lines) == (4, 5, 10)
        assert [row.line for row in found] == [2, 3, 8, 9]

    def test_hundreds_of_empty_cells_are_no_columns(self, write: Write) -> None:
        text = "".join(line + "," * 400 + "\n" for line in (HEADER + "\n" + rows(0, 3)).splitlines())
        file, found, _ = read(write(text))
        assert file.header == HEADER.split(",")
        assert not any(None in row for row in found)

    def test_files_that_were_joined_have_their_header_again(self, write: Write) -> None:
        part = HEADER + "\n" + rows(0, 3)
        _, found, tally = read(write("\ufeff" + part + "\ufeff" + part))
        assert (len(found), tally.headings) == (6, 2)

    def test_invisible_characters_are_not_in_names(self, write: Write) -> None:
        file, *_ = read(write("\u200bkey,na\u00adme,ci\ufeffty,\u00a0amount ,note\n" + rows(0, 3)))
        assert file.header == HEADER.split(",")

    @pytest.mark.parametrize("total", ["Total,,,1234,", "Summe,,,4.321,", "(3 rows affected)", "3 records selected."])
    def test_totals_at_the_end_are_no_people(self, write: Write, total: str) -> None:
        _, found, tally = read(write(HEADER + "\n" + rows(0, 3) + "\n" + total + "\n"))
        assert (len(found), tally.totals, tally.empty, tally.lines) == (3, 1, 1, 6)

    def test_a_line_like_totals_in_the_middle_is_a_row(self, write: Write) -> None:
        _, found, tally = read(write(HEADER + "\n" + rows(0, 2) + "Total,,,3,\n" + rows(2, 4)))
        assert ([row["key"] for row in found], tally.totals) == (["K0", "K1", "Total", "K2", "K3"], 0)


class TestHeader:
    @pytest.mark.parametrize(
        ("above", "titles", "empty"),
        [("Export 2026-11-01\n\n", 1, 1), ("A\nB\nC,D\n", 3, 0), ("Campaign,spring\n,,,,\n", 1, 1), ("\n\n", 0, 2)],
    )
    def test_titles_above_it_are_not_read(self, write: Write, above: str, titles: int, empty: int) -> None:
        file, found, tally = read(write(above + HEADER + "\n" + rows(0, 30)))
        assert (file.header, file.reading.header_line) == (HEADER.split(","), titles + empty + 1)
        assert (tally.titles, tally.empty, tally.rows, tally.lines) == (titles, empty, 30, titles + empty + 31)
        assert found[0].line == titles + empty + 2
        assert any("not read" in note for note in file.notes)

    def test_none_is_said_and_nobody_is_lost(self, write: Write) -> None:
        file, found, tally = read(write(rows(0, 5)))
        assert (file.reading.header_line, file.sure, tally.headings) == (0, False, 0)
        assert found[0] == {f"column {n}": cell for n, cell in enumerate(rows(0, 1).strip().split(","), 1)}
        assert file.notes == ("The file has no header line; its columns are numbered.",)

    def test_words_that_come_again_are_no_header(self, write: Write) -> None:
        file, found, _ = read(write("Ann,Rome,red\nBob,Rome,blue\nEva,Oslo,red\n"))
        assert (file.reading.header_line, len(found)) == (0, 3)

    def test_it_can_be_chosen(self, write: Write) -> None:
        path = write("sep=,\nspring\n" + HEADER + "\n" + rows(0, 3))
        assert CampaignFile.open(path).reading.header_line == 3
        file, found, tally = read(path, FileReading(header_line=4))
        assert (file.header[0], len(found)) == ("K0", 2)
        assert (tally.titles, tally.headings, tally.lines) == (2, 2, 6)
        file, found, tally = read(path, FileReading(header_line=0))
        assert file.header[0] == "column 1"

    def test_a_file_that_is_opened_as_it_was_found_is_read_the_same(self, write: Write) -> None:
        for text in (rows(0, 5), "title\n" + rows(0, 5), "x\n\n" + HEADER + "\n" + rows(0, 5)):
            file, found, tally = read(write(text))
            again, same, account = read(write(text), file.reading)
            assert (again.header, same, account) == (file.header, found, tally)


class TestKinds:
    @pytest.mark.parametrize(
        ("content", "word"),
        [
            (b"%PDF-1.7 x", "PDF"),
            (b"\x1f\x8b\x08x", "gzip"),
            (b"<html><table>", "HTML"),
            (b"PK\x03\x04", "zip"),
            (b"", "empty"),
        ],
    )
    def test_what_holds_no_table_is_refused_by_name(self, write: Write, content: bytes, word: str) -> None:
        with pytest.raises(InputError, match=word):
            CampaignFile.open(write(content, "people.xls"))

    def test_of_a_zip_the_largest_table_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "people.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("small.csv", "a,b\n1,2\n")
            archive.writestr("large.csv", HEADER + "\n" + rows(0, 9))
            archive.writestr("notes.txt", "x" * 10_000)
        file, found, _ = read(path)
        assert (file.header, len(found)) == (HEADER.split(","), 9)


def test_random_cells_come_back_as_they_were_written(write: Write) -> None:
    import csv
    import io

    random_ = random.Random(1)
    cells: list[list[Any]] = [
        ["".join(random_.choices('ab"\n,; é1', k=random_.randrange(1, 8))) + "z" for _ in range(4)] for _ in range(300)
    ]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["one", "two", "three", "four"], *cells])
    _, found, _ = read(write(out.getvalue()))
    assert [list(row.values()) for row in found] == cells
