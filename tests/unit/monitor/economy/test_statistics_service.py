"""The SDMX client against recorded answers (tests/recordings), over HTTP on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.errors import InputError, Unavailable
from core.schema import Schema
from core.settings.group import ROOT
from monitor.economy.series import Series, read_series
from monitor.economy.statistics_service import StatisticsService
from tests.statistics_office import GENERIC, JSON, SPECIFIC, Office, opened

EURIBOR = {"2026-06": 2.0413, "2026-07": 2.0277, "2026-08": 2.0361}


@pytest.fixture
def office() -> Iterator[Office]:
    with opened() as office:
        yield office


@pytest.fixture(scope="module")
def listed(schema: Schema) -> dict[str, Series]:
    return read_series(ROOT / "data" / "economy.yaml", schema, live=True).by_column


def service(office: Office, name: str = "ECB", *, timeout: float = 20.0) -> StatisticsService:
    return StatisticsService(name, office.url, timeout_seconds=timeout, attempts=3, backoff_seconds=0.01)


def test_the_ecb_is_asked_for_the_newest_of_one_series(office: Office, listed: dict[str, Series]) -> None:
    office.plays("ecb-euribor.xml")
    assert service(office).observations(listed["euribor3m"]) == EURIBOR
    assert office.asked == [
        ("/service/data/FM/M.U2.EUR.RT.MM.EURIBOR3MD_.HSTA?lastNObservations=24", "callwise-monitor")
    ]


def test_json_says_the_same(office: Office, listed: dict[str, Series]) -> None:
    office.plays("ecb-euribor.json", JSON)
    assert service(office).observations(listed["euribor3m"]) == EURIBOR


@pytest.mark.parametrize(
    ("column", "recording", "path", "values"),
    [
        (
            "cons.price.idx",
            "estat-prices.xml",
            "PRC_HICP_MINR/M.I25.TOTAL.PT?lastNObservations=24",
            {"2026-06": 102.41, "2026-07": 101.98, "2026-08": 102.07},
        ),
        (
            "cons.conf.idx",
            "estat-confidence.xml",
            "EI_BSCO_M/M.BS-CSMCI.SA.BAL.PT?lastNObservations=24",
            {"2026-06": -17.4, "2026-07": -16.9},  # a month without a value is no observation
        ),
        (
            "emp.var.rate",
            "estat-employment.xml",
            "LFSQ_EGAN/Q.THS_PER.T.Y15-74.TOTAL.PT?lastNObservations=16",
            {"2025-Q1": 5074.2, "2025-Q2": 5118.6, "2025-Q3": 5131.0, "2025-Q4": 5120.7, "2026-Q1": 5125.4,
             "2026-Q2": 5167.9},
        ),
    ],
)  # fmt: skip
def test_eurostat_is_asked_for_each_series(
    office: Office, listed: dict[str, Series], column: str, recording: str, path: str, values: dict[str, float]
) -> None:
    office.plays(recording, SPECIFIC)
    assert service(office, "ESTAT").observations(listed[column]) == values
    assert [asked for asked, _ in office.asked] == [f"/service/data/{path}"]


@pytest.mark.parametrize(
    ("recording", "says"),
    [
        ("ecb-euribor-without-a-dimension.xml", "its key is FREQ=M, REF_AREA=U2, PROVIDER_FM=RT"),
        ("ecb-euribor-empty.xml", "it has no observations"),
        ("ecb-euribor-weekly.xml", "'2026-W31' is not a year, half-year, quarter, month or day"),
        ("estat-employment.xml", "its key is FREQ=Q, UNIT=THS_PER"),
        ("README.md", "it cannot be read"),
    ],
)
def test_an_answer_that_has_changed_is_named(
    office: Office, listed: dict[str, Series], recording: str, says: str
) -> None:
    office.plays(recording, SPECIFIC if recording.startswith("estat") else GENERIC)
    with pytest.raises(InputError, match="is not what it was") as caught:
        service(office).observations(listed["euribor3m"])
    assert says in str(caught.value)
    assert "column 'euribor3m'" in str(caught.value)


@pytest.mark.parametrize(("body", "kind"), [(b"<html>Maintenance</html>", "text/html"), (b"", GENERIC), (b"{", JSON)])
def test_garbage_is_an_answer_that_has_changed(
    office: Office, listed: dict[str, Series], body: bytes, kind: str
) -> None:
    office.body, office.kind = body, kind
    with pytest.raises(InputError, match="is not what it was: it cannot be read"):
        service(office).observations(listed["euribor3m"])


def test_a_key_that_is_gone_is_not_asked_for_again(office: Office, listed: dict[str, Series]) -> None:
    office.status = 404
    with pytest.raises(InputError, match="404"):
        service(office).observations(listed["euribor3m"])
    assert len(office.asked) == 1


def test_a_service_that_cannot_now_is_asked_again(office: Office, listed: dict[str, Series]) -> None:
    office.plays("ecb-euribor.xml")
    office.failures = 2
    assert service(office).observations(listed["euribor3m"]) == EURIBOR
    assert len(office.asked) == 3


def test_and_is_out_of_reach_in_the_end(office: Office, listed: dict[str, Series]) -> None:
    office.failures = 10
    with pytest.raises(Unavailable, match="ECB is out of reach"):
        service(office).observations(listed["euribor3m"])
    assert len(office.asked) == 3


def test_one_that_says_nothing_is_out_of_reach(office: Office, listed: dict[str, Series]) -> None:
    office.silent = threading.Event()
    with pytest.raises(Unavailable, match="out of reach"):
        service(office, timeout=0.1).observations(listed["euribor3m"])
    assert len(office.asked) == 3


def test_one_that_is_not_there_is_out_of_reach(listed: dict[str, Series]) -> None:
    nobody = StatisticsService("ECB", "http://127.0.0.1:9", attempts=2, backoff_seconds=0.01)
    with pytest.raises(Unavailable, match="ECB is out of reach"):
        nobody.observations(listed["euribor3m"])


def test_asking_at_an_address_of_our_own_leaves_the_library_alone(office: Office) -> None:
    import sdmx

    service(office)
    assert sdmx.get_source("ECB").url == "https://data-api.ecb.europa.eu/service"
