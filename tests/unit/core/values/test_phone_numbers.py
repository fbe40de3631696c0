"""Any spelling of a number gives the one form that all share, or is known to be no number."""

from __future__ import annotations

import pytest

from core.schema.column import Column
from core.values.phone_numbers import PhoneNumber, read


@pytest.mark.parametrize(
    ("text", "region", "e164", "is_wrong"),
    [
        ("+49 (0) 1512 5550001", "", "+4915125550001", False),
        ("0049-1512/5550001", "", "+4915125550001", False),
        ("01512 5550001", "DE", "+4915125550001", False),
        ("0043 660 5550001", "DE", "+436605550001", False),
        ("(202) 555-0143", "US", "+12025550143", False),
        ("01512 5550001", "", "", False),
        ("12", "DE", "", True),
        ("ask her husband", "DE", "", True),
        ("+999 123456", "", "", True),
        ("", "DE", "", True),
        ("0171 1234567 (mobil)", "DE", "+491711234567", False),
        ("0171 1234567 privat", "DE", "+491711234567", False),
        ("030/1234567 (Büro)", "DE", "+49301234567", False),
        ("+49 171 1234567 (privat)", "", "+491711234567", False),
        ("0171 1234567, 030 123456", "DE", "+491711234567", False),
        ("0171_1234567", "DE", "+491711234567", False),
        ("491711234567", "DE", "+491711234567", False),
        ("49 171 1234567", "DE", "+491711234567", False),
        ("4915112345678", "DE", "+4915112345678", False),
        ("+491711234567.0", "DE", "+491711234567", False),
        ("0171 1234567 privat", "", "", False),
    ],
)
def test_a_number_in_any_spelling(text: str, region: str, e164: str, is_wrong: bool) -> None:
    assert read(text, region) == PhoneNumber(e164, is_wrong)


def column(**more: str) -> Column:
    return Column.model_validate({"name": "a", "label": "A", "type": "text", "role": "contact", **more})


def test_a_region_is_a_country_and_goes_with_a_phone() -> None:
    assert column(contact="phone", region="AT").region == "AT"
    for wrong in ({"contact": "phone", "region": "ZZ"}, {"contact": "email", "region": "DE"}):
        with pytest.raises(ValueError, match="region is a country such as DE"):
            column(**wrong)


def test_digits_that_only_begin_like_a_country_are_no_number() -> None:
    assert read("550", "BR").is_wrong
