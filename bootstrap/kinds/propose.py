"""`scripts/kind propose FILE > KIND.yaml`: a campaign kind from a file that nobody has seen, for people to check.

The YAML goes to standard output, what to look at to standard error. Status 2: the outcome, or
what its words mean, has to be said.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import CallwiseError, InputError
from core.files.campaign_file import CampaignFile
from core.proposal.choices.results import WordsUnknownError
from core.proposal.evidence import look
from core.proposal.kind_text import kind_text
from core.proposal.outcome import OutcomeUnknownError
from core.proposal.proposal import propose
from core.proposal.rules.outcome_words import Result

HELP = "propose a kind from a campaign file"
RESULTS = {"--sale": Result.SALE, "--refusal": Result.REFUSAL, "--undecided": Result.UNDECIDED}
ASKED = 2
"""The exit status where the outcome or its words have to be named; argparse has the same for wrong use."""


def define(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a file of people, with the outcomes of past calls")
    parser.add_argument("--outcome", default="", metavar="COLUMN", help="the column that says what came of the call")
    for option, means in RESULTS.items():
        words = "a word in it that means {result}; may be given several times"
        parser.add_argument(option, action="append", default=[], metavar="WORD", help=words.format(result=means.value))
    parser.add_argument("--reference", default="", metavar="COLUMN", help="the column with your key of a person")
    parser.add_argument(
        "--title", default="", metavar="WORDS", help="what people call the kind (default: the file's name)"
    )


def run(options: argparse.Namespace) -> str:
    """The kind's YAML text; prints warnings and questions to standard error. Raises CallwiseError."""
    results = _results(options)
    seen = look(CampaignFile.open(options.file))
    found = propose(
        seen,
        outcome_column=options.outcome,
        results=results,
        reference_column=options.reference,
        title=options.title,
    )
    for title, told in (("Warning", found.warnings), ("Please check", found.questions)):
        for sentence in told:
            print(f"{title}: {sentence}", file=sys.stderr)
    return kind_text(found).rstrip("\n")


def _results(options: argparse.Namespace) -> dict[str, Result]:
    """What the words of the outcome mean. Raises InputError where they contradict each other or name no column."""
    said = [(word, result) for option, result in RESULTS.items() for word in getattr(options, option.lstrip("-"))]
    if said and not options.outcome:
        raise InputError("--sale, --refusal and --undecided are words of a column", next="Name it: --outcome COLUMN.")
    if twice := [word for word, result in said if any(word == other and result is not it for other, it in said)]:
        raise InputError(f"The word '{twice[0]}' cannot mean two things")
    return dict(said)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser("scripts/kind propose", description=HELP)
    define(parser)
    try:
        print(run(parser.parse_args(argv)))
    except (OutcomeUnknownError, WordsUnknownError) as error:
        print(error, file=sys.stderr)
        return ASKED
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
