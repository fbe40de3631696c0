import pytest
from argon2 import PasswordHasher

from core.accounts.passwords import LEAST, Weakness, generate, hash_password, matches, outdated, weakness

GOOD = "correct horse battery staple"


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        (GOOD, None),
        ("lowercaseonlyfine", None),
        ("ünïcödé wörds too", None),
        ("x7#kPm2!vQ9z", None),
        ("short1!Aa", Weakness.SHORT),
        ("a1b2c3d4e5f", Weakness.SHORT),
        ("correct horse " * 30, Weakness.LONG),
        ("ann.lee.callwise", Weakness.NAME),
        ("Ann.Lee.Callwise", Weakness.NAME),
        ("annleecallwise2026!", Weakness.NAME),
        ("Ann Elisabeth Lee", Weakness.NAME),
        ("password1234", Weakness.OBVIOUS),
        ("P-a-s-s-w-o-r-d-1", Weakness.OBVIOUS),
        ("Callwise2026!", Weakness.OBVIOUS),
        ("123456789012", Weakness.OBVIOUS),
        ("abcdefghijklmn", Weakness.OBVIOUS),
        ("aaaaaaaaaaaaaaaa", Weakness.OBVIOUS),
        ("abababababab", Weakness.OBVIOUS),
    ],
)
def test_what_will_not_do(password: str, wrong: Weakness | None) -> None:
    assert weakness(password, "ann.lee.callwise", "Ann Elisabeth Lee") == wrong


def test_a_hash_fits_its_password_and_no_other() -> None:
    kept = hash_password(GOOD)
    assert kept.startswith("$argon2id$")
    assert GOOD not in kept
    assert kept != hash_password(GOOD), "each has a salt of its own"
    assert matches(kept, GOOD)
    assert not matches(kept, GOOD + " ")
    assert not matches("not a hash at all", GOOD)


def test_the_same_password_on_another_keyboard() -> None:
    assert matches(hash_password("caf\u00e9 au lait, deux"), "cafe\u0301 au lait, deux")


def test_nobody_costs_as_much_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not timed: the same hasher does the same work, on a hash with the same parameters."""
    done: list[str] = []

    verify = PasswordHasher.verify

    def counting(hasher: PasswordHasher, kept: str, password: str) -> bool:
        done.append(kept.rsplit("$", 2)[0])
        return verify(hasher, kept, password)

    kept = hash_password(GOOD)
    monkeypatch.setattr(PasswordHasher, "verify", counting)
    assert not matches(None, GOOD)
    assert not matches(kept, "wrong")
    assert matches(kept, GOOD)
    assert len(done) == 3
    assert len(set(done)) == 1


def test_a_hash_of_other_parameters_is_outdated() -> None:
    assert not outdated(hash_password(GOOD))
    assert outdated(PasswordHasher(time_cost=2).hash(GOOD))


def test_generated_ones_will_do_and_differ() -> None:
    made = {generate() for _ in range(50)}
    assert len(made) == 50
    assert all(weakness(password, "ann", "Ann") is None and len(password) >= LEAST for password in made)
    assert not set("".join(made)) & set("0Ol1I")
