"""`scripts/kind propose`: the YAML on standard output, what to look at on standard error, and wrong use."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap.kinds.propose import ASKED, main
from core.schema import read_schema

LEADS = "id,town,duration,won\n" + "".join(
    f"C-{n:03d},{'Here' if n % 2 else 'There'},{n},{'yes' if n % 3 else 'no'}\n" for n in range(90)
)


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    """A file of leads."""
    path = tmp_path / "leads.csv"
    path.write_text(LEADS, encoding="utf-8")
    return path


def test_the_kind_goes_to_standard_output_and_warnings_to_standard_error(
    leads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(leads)]) == 0
    said = capsys.readouterr()
    kind = tmp_path / "kind.yaml"
    kind.write_text(said.out, encoding="utf-8")
    schema = read_schema(kind)
    assert (schema.outcome.column, schema.reference) == ("won", "id")
    assert "Warning: 'duration' is kept from the model" in said.err
    assert "C-000" not in said.out, "a kind's file names nobody"


def test_status_2_and_the_candidates_where_the_outcome_has_to_be_named(
    leads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leads.write_text(LEADS.replace("won", "flag"), encoding="utf-8")
    assert main([str(leads)]) == ASKED
    said = capsys.readouterr()
    assert not said.out
    assert "'flag'" in said.err
    assert "--outcome COLUMN" in said.err
    assert main([str(leads), "--outcome", "flag"]) == 0


def results(path: Path) -> None:
    """Give the file of leads an outcome of several words."""
    words = ["sold", "no", "moved away", "not reached", "test call"]
    path.write_text(
        "id,town,result\n" + "".join(f"C-{n:03d},{'Here' if n % 2 else 'There'},{words[n % 5]}\n" for n in range(90)),
        encoding="utf-8",
    )


def test_several_words_of_an_outcome_are_listed_and_then_named(
    leads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results(leads)
    assert main([str(leads), "--outcome", "result"]) == ASKED
    said = capsys.readouterr()
    assert "moved away: 18" in said.err
    assert "--sale WORD" in said.err

    named = ["--sale", "sold", "--refusal", "no", "--refusal", "moved away", "--undecided", "not reached"]
    assert main([str(leads), "--outcome", "result", *named]) == 0
    kind = tmp_path / "kind.yaml"
    kind.write_text(capsys.readouterr().out, encoding="utf-8")
    outcome = read_schema(kind).outcome
    assert [outcome.parse(word) for word in ("sold", "no", "moved away", "not reached")] == [True, False, False, None]
    with pytest.raises(ValueError, match="'test call' is not one of"):
        outcome.parse("test call")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--sale", "sold", "--refusal", "no"], "words of a column. Name it: --outcome COLUMN."),
        (["--outcome", "result", "--sale", "sold", "--refusal", "sold"], "cannot mean two things"),
        (["--outcome", "result", "--sale", "sold", "--refusal", "nix"], "has no word 'nix'"),
    ],
)
def test_words_that_contradict_each_other_are_said(
    leads: Path, capsys: pytest.CaptureFixture[str], asked: list[str], said: str
) -> None:
    results(leads)
    assert main([str(leads), *asked]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "asked", "said"),
    [
        (None, [], "cannot be read"),
        ("", [], "is empty"),
        ("a,b\n", [], "no rows"),
        (LEADS, ["--outcome", "no such"], "has no column 'no such'. Its columns are: id, town"),
        (LEADS, ["--reference", "no such"], "has no column 'no such'"),
        (LEADS, ["--outcome", "duration"], "not two"),
    ],
)
def test_wrong_use_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, asked: list[str], said: str
) -> None:
    path = tmp_path / "made up.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert main([str(path), *asked]) == 1
    assert said in capsys.readouterr().err
