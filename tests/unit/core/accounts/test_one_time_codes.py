"""One-time codes: the published values, the window of the clock, and the keys of the secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.accounts import one_time_codes as codes
from core.accounts.one_time_codes import KeyRing
from core.errors import SettingsError

RFC = b"12345678901234567890"
AT = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (20000000000, "65353130")],
)
def test_the_codes_are_those_of_the_standard(second: int, code: str) -> None:
    """RFC 6238, appendix B, whose codes have eight digits; ours are their last six."""
    at = datetime.fromtimestamp(second, UTC)
    assert codes.code_at(RFC, at) == code[-6:]
    assert codes.step_of(RFC, code[-6:], at) == second // 30


@pytest.mark.parametrize(("seconds", "right"), [(-70, False), (-30, True), (0, True), (30, True), (70, False)])
def test_a_clock_may_be_one_step_ahead_or_behind(seconds: int, right: bool) -> None:
    shown = codes.code_at(RFC, AT + timedelta(seconds=seconds))
    assert (codes.step_of(RFC, shown, AT) is not None) is right


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "日本語日本語", "0" * 10_000])
def test_what_is_no_code_is_refused_without_an_error(code: str) -> None:
    plain = codes.plain(code)
    assert not codes.by_the_clock(plain) or codes.step_of(RFC, plain, AT) is None
    assert codes.step_of(RFC, plain, AT) is None


def test_a_code_may_be_typed_with_its_groups() -> None:
    assert codes.plain(" 123 456 ") == "123456"
    [code, *_] = codes.recovery_codes()
    assert codes.recovery_hash(code) == codes.recovery_hash(code.upper().replace("-", " "))


def test_recovery_codes_are_ten_long_and_different() -> None:
    made = codes.recovery_codes() + codes.recovery_codes()
    assert len(set(made)) == 20
    assert {len(codes.plain(code)) for code in made} == {16}


def test_a_secret_is_typed_in_groups_of_four_and_named_in_the_address() -> None:
    assert codes.typed(RFC) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    address = codes.address(RFC, "ann@example.org")
    assert address.startswith("otpauth://totp/Callwise:ann%40example.org?")
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in address
    assert "issuer=Callwise" in address


def test_a_secret_is_sealed_and_opened_by_its_keys_alone() -> None:
    old, new, both = KeyRing("old"), KeyRing("new"), KeyRing("new,old")
    sealed = old.seal(RFC)
    assert RFC.decode() not in sealed
    assert both.open(sealed) == RFC
    assert new.open(both.reseal(sealed)) == RFC
    for refused in (sealed, "", "nonsense", sealed[:-2] + "AA"):
        with pytest.raises(SettingsError, match="another CALLWISE_SECOND_FACTOR_KEY"):
            new.open(refused)
