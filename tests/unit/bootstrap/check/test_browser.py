"""What the check reads off the screens."""

import pytest

from bootstrap.check.browser import shown_reference


@pytest.mark.parametrize(
    ("heading", "reference"),
    [
        ("p29", "p29"),
        ("Person 0014374", "0014374"),
        ("Chi Prøve 0\n\nReference C-00000", "C-00000"),
        ("Chi Prøve 0\n\nReference C-00000\n\n+49 1512 5550001", "C-00000"),
    ],
)
def test_the_reference_of_a_card_is_found_also_below_a_name(heading: str, reference: str) -> None:
    assert shown_reference(heading) == reference
