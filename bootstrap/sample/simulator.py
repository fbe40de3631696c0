"""The sample campaign: a seeded simulator of 24 months of telemarketing calls for term deposits.

It makes `data/sample-campaign.zip` for machines that cannot download the UCI Bank Marketing file: the same 21 columns
in the same format, in time order, without a row of the original. `bootstrap.sample.economy` makes the indicators,
`bootstrap.sample.people` the people and their history, `bootstrap.sample.outcome` the sales; this module makes the
calls and the file. The figures of the result are near the published ones, not equal.

The parts of the model and their published figures, in percent unless stated otherwise. The source is S. Moro, P.
Cortez, P. Rita, "A data-driven approach to predict the success of bank telemarketing", Decision Support Systems 62
(2014) 22-31, doi:10.1016/j.dss.2014.03.001, and the data set published with it (CC BY 4.0):

    people      jobs: admin. 25.3, blue-collar 22.5, technician 16.4 ... student 2.1; ages by job: mean 62.0 (retired),
                25.9 (student), 37.9 .. 45.6 (others); marital status and education given the job; married 60.5
    credit      default unknown 20.9 and practically never yes; housing yes 52.4; loan yes 15.2; both unknown 2.4
    calls       cellular 63.5; first call 42.8, mean 2.57 calls a person, 1 in 1000 beyond 29; very uneven months
                (originally 10 .. 7,763 calls)
    history     contacted before 13.7, of those with success 24.4; 6 or 10 days after a success or a failure
    duration    medians 163.5 s without and 449 s with a sale, so it gives the outcome away, as in the original
    outcome     conversion 11.3 overall (3.1 in May 2008, 57 in the spring of 2010); success before 65.1; AUC without
                the duration about 0.8; the Euribor rate among the strongest influences

One intended difference: in the original, 4,110 people with an earlier failure have pdays 999; here `previous` 0,
`poutcome` nonexistent and `pdays` 999 always go together.

The drift has three parts. Inputs: the campaign moves from blue-collar workers to students and the retired, from
telephone to cellular, from cold calls to known people, and to fewer calls a person. Indicators: see
`bootstrap.sample.economy`. Relation: at high rates the deposit sells to older people, graduates and managers; at low
rates to the young, the unemployed and people without a mortgage. `outcome.EFFECTS` has both ends; the rate of the day
sets the place of a call between them.
"""

from __future__ import annotations

import argparse
import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bootstrap.sample import economy as sample_economy
from bootstrap.sample.outcome import add_outcome
from bootstrap.sample.people import add_contact, add_people

SEED = 20140301
MEMBER = "sample-campaign.csv"
DEFAULT_PATH = Path(__file__).resolve().parents[2] / "data" / "sample-campaign.zip"

COLUMNS = (
    "age", "job", "marital", "education", "default", "housing", "loan", "contact", "month", "day_of_week", "duration",
    "campaign", "pdays", "previous", "poutcome", *sample_economy.INDICATORS, "y",
)  # fmt: skip
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")

# Calls planned for each month from the first May on: a large start, then fewer and better chosen calls.
CALLS = (1900, 1250, 1500, 1100, 250, 420, 1050, 180, 160, 260, 350, 800,
         1300, 520, 480, 520, 380, 420, 480, 240, 280, 330, 420, 450)  # fmt: skip


def _calls(rng: np.random.Generator) -> pd.DataFrame:
    """One row a call in time order: the day's economy, `month`, `day_of_week`, and the `mood` of the day."""
    days = sample_economy.simulate(rng)
    days["month"] = days["date"].dt.month.map(dict(enumerate(MONTH_NAMES, start=1)))
    days["day_of_week"] = days["date"].dt.dayofweek.map(dict(enumerate(WEEKDAYS)))
    days["mood"] = rng.normal(0.0, 0.15, len(days))
    # Shares of the weekdays in percent: mon 20.7, tue 19.6, wed 19.8, thu 20.9, fri 19.0.
    usual = days["date"].dt.dayofweek.map(dict(enumerate((20.7, 19.6, 19.8, 20.9, 19.0))))
    load = usual * rng.gamma(6.0, 1.0, len(days))
    share = load / load.groupby(days["index"]).transform("sum")
    months = [share[days["index"] == index].to_numpy() for index in range(sample_economy.MONTHS)]
    count = np.concatenate([rng.multinomial(CALLS[index], shares) for index, shares in enumerate(months)])
    return days.loc[days.index.repeat(count)].reset_index(drop=True)


def simulate(seed: int = SEED) -> pd.DataFrame:
    """The campaign: one row a call in time order, with exactly the columns `COLUMNS`.

    The same seed gives the same rows under the pinned numpy, because each version fixes its random streams.
    """
    rng = np.random.default_rng(seed)
    calls = _calls(rng)
    add_people(calls, rng)
    add_contact(calls, rng)
    add_outcome(calls, rng)
    return calls[list(COLUMNS)]


def to_csv(campaign: pd.DataFrame) -> bytes:
    """The original's format: `;` between fields, text in double quotes, whole numbers without a point, CRLF."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in campaign.to_numpy(dtype=object):
        writer.writerow([int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in row])
    return text.getvalue().encode("ascii")


def to_zip(content: bytes) -> bytes:
    """An archive of one member, with a fixed date so that the same content gives the same bytes."""
    member = zipfile.ZipInfo(MEMBER, date_time=(1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system, member.external_attr = 3, 0o644 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, content, compresslevel=9)
    return packed.getvalue()


def write(path: Path) -> bool:
    """Make the archive at `path`, complete or not at all; False if it already holds this campaign.

    The comparison is of contents, not of archives: another zlib may pack the same rows into other bytes.
    """
    content = to_csv(simulate())
    if path.exists() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if archive.namelist() == [MEMBER] and archive.read(MEMBER) == content:
                return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(to_zip(content))
    draft.replace(path)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `scripts/sample`."""
    parser = argparse.ArgumentParser(prog="scripts/sample", description="Make the generated sample campaign again.")
    parser.add_argument("--to", type=Path, default=DEFAULT_PATH, metavar="PATH", help="target (default: %(default)s)")
    path: Path = parser.parse_args(arguments).to
    print(f"{path}: {'made' if write(path) else 'up to date; nothing changed'}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
