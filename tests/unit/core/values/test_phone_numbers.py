"""Any spelling of a number gives the one form that all share, or is known to be no number."""

from __future__ import annotations

import pytest

from core.schema.column import Column
from core.values.phone_numbers import read


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+49 (0) 1512 5550001", "", "+4915125550001"),
        ("0049-1512/5550001", "", "+4915125550001"),
        ("01512 5550001", "DE", "+4915125550001"),
        ("0043 660 5550001", "DE", "+436605550001"),
        ("(202) 555-0143", "US", "+12025550143"),
        ("01512 5550001", "", ""),
        ("12", "DE", ""),
        ("ask her husband", "DE", ""),
        ("+999 123456", "", ""),
        ("", "DE", ""),
    ],
)
def test_a_number_in_any_spelling(text: str, region: str, e164: str) -> None:
    number = read(text, region)
    assert (number.text, number.e164, number.is_usable) == (text, e164, bool(e164))


def column(**more: str) -> Column:
    return Column.model_validate({"name": "a", "label": "A", "type": "text", "role": "contact", **more})


def test_a_region_is_a_country_and_goes_with_a_phone() -> None:
    assert column(contact="phone", region="AT").region == "AT"
    for wrong in ({"contact": "phone", "region": "ZZ"}, {"contact": "email", "region": "DE"}):
        with pytest.raises(ValueError, match="region is a country such as DE"):
            column(**wrong)
