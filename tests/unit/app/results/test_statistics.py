"""Figures by hand, and the same from another way of computing them."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.results.statistics import Interval, Rate, by_group, calls_needed, edges, gains, in_random_order, rate, saved
from core.errors import InputError


@pytest.mark.parametrize(
    ("sales", "calls", "low", "high"),
    # By hand with z = 1.959964, z^2 = 3.841459. Of 10 calls: spread 0.3841459. No sale: 0 to 0.3841459 / 1.3841459.
    # Two sales: (0.2 + 0.19207) / 1.38415 = 0.28326 -+ 1.959964 sqrt(0.016 + 0.0096036) / 1.38415 = 0.22657.
    [(0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0), (2, 10, 0.056682, 0.509838), (0, 0, 0.0, 1.0)],
)
def test_the_interval_of_a_rate_is_wilsons(sales: int, calls: int, low: float, high: float) -> None:
    assert Rate(calls, sales).interval == pytest.approx(Interval(low, high), abs=1e-6)


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_share_and_solves_its_own_equation(calls: int, data: st.DataObject) -> None:
    """Wilson's ends are where the score test just does not refuse: |share - p| = z sqrt(p (1 - p) / n)."""
    found = Rate(calls, data.draw(st.integers(0, calls)))
    assert found.interval.low <= found.share <= found.interval.high
    for end in found.interval:
        assert abs(found.share - end) == pytest.approx(1.959963985 * math.sqrt(end * (1 - end) / calls), abs=1e-9)


def test_no_call_has_no_rate() -> None:
    assert math.isnan(rate([]).share)


def test_groups_are_added_up_in_the_order_they_are_met() -> None:
    found = by_group([("b", Rate(1, 1)), ("a", Rate(2, 0)), ("b", Rate(3, 1))])
    assert list(found.items()) == [("b", Rate(4, 2)), ("a", Rate(2, 0))]


def test_numbers_are_cut_where_they_occur_and_equal_ones_stay_together() -> None:
    assert edges([5, 1, 2, 3, 4, 6, 7, 8]) == [2, 4, 6, 8]
    assert edges([1, 1, 1, 1, 1, 9]) == [1, 9]
    assert edges([]) == []


SOLD = [True, False, True, False, False, False, False, False, True, False]  # by descending score: places 1, 3, 9
ORDER = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_gains_are_the_share_of_the_sales_found() -> None:
    curve = gains(SOLD, ORDER)
    assert curve.called.tolist() == pytest.approx([n / 10 for n in range(11)])
    assert curve.found.tolist() == pytest.approx([n / 3 for n in (0, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3)])


def test_gains_of_calls_without_an_order_are_the_diagonal() -> None:
    curve = gains(SOLD, np.zeros(10), points=4)
    assert curve.called.tolist() == curve.found.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_gains_do_not_depend_on_the_order_of_the_rows() -> None:
    turned = gains(SOLD[::-1], ORDER[::-1])
    assert turned.found.tolist() == gains(SOLD, ORDER).found.tolist()


def test_calls_needed_are_the_place_of_the_sale() -> None:
    assert [calls_needed(SOLD, ORDER, wanted) for wanted in (1, 2, 3)] == [1, 3, 9]


def test_equal_scores_give_the_expected_place() -> None:
    # Two of the four with score 1 are sales: places 5/3 and 10/3 among them, after the two with score 2.
    sold, score = [False, True, True, False, True, False], [2, 2, 1, 1, 1, 1]
    assert calls_needed(sold, score, 1) == pytest.approx(1.5)
    assert calls_needed(sold, score, 2) == pytest.approx(2 + 5 / 3)
    assert calls_needed(sold, score, 3) == pytest.approx(2 + 10 / 3)


@given(st.integers(1, 9), st.data())
def test_random_order_is_what_all_orders_together_do(calls: int, data: st.DataObject) -> None:
    sales = data.draw(st.integers(1, calls))
    wanted = data.draw(st.integers(1, sales))
    places = np.asarray([sorted(chosen)[wanted - 1] + 1 for chosen in combinations(range(calls), sales)])
    found = in_random_order(Rate(calls, sales), wanted)
    assert found.mean == pytest.approx(places.mean())
    # The least places that so many of all orders do not go beyond; a hair off, against ties of rounding.
    low, high = found.interval
    assert (places <= low).mean() >= 0.025 - 1e-9 >= (places < low).mean() - 2e-9
    assert (places <= high).mean() >= 0.975 - 1e-9 >= (places < high).mean() - 2e-9


def test_random_order_of_many_calls_is_near_its_normal_limit() -> None:
    n, s, k = 100_000, 11_000, 5_500
    deviation = math.sqrt(k * (n - s) * (n + 1) * (s - k + 1) / ((s + 1) ** 2 * (s + 2)))
    found = in_random_order(Rate(n, s), k)
    assert found.interval.low == pytest.approx(found.mean - 1.96 * deviation, abs=3)
    assert found.interval.high == pytest.approx(found.mean + 1.96 * deviation, abs=3)


def test_the_calls_saved_by_hand() -> None:
    # Of 10 calls with 3 sales, the second sale came at call 3; in random order at 2 * 11 / 4 = 5.5 on average.
    found = saved(SOLD, ORDER)
    assert (found.sales, found.needed, found.random.mean, found.calls) == (2, 3, 5.5, 2.5)
    # It comes at call 2 in 8 of the 120 orders, and at call 9 in 8 others: neither end can be left out.
    assert found.random.interval == (2, 9)


def test_an_order_that_is_worse_than_chance_saves_less_than_nothing() -> None:
    assert saved(SOLD, [-place for place in ORDER]).calls == pytest.approx(5.5 - 8)


def test_no_order_saves_nothing() -> None:
    assert saved(SOLD, [0.5] * 10).calls == 0


def test_a_share_of_sales_is_rounded_up() -> None:
    assert saved(SOLD, ORDER, share=0.01).sales == 1
    assert saved(SOLD, ORDER, share=1.0).sales == 3


@pytest.mark.parametrize("figure", [gains, saved])
def test_without_a_sale_nothing_can_be_said(figure: type) -> None:
    with pytest.raises(InputError, match="no sale"):
        figure([False, False], [1, 2])


def test_sizes_and_sales_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="2 outcomes but an order of 1"):
        gains([True, False], [1])
    with pytest.raises(InputError, match="1 sales, so 2"):
        calls_needed([True, False], [2, 1], 2)
    with pytest.raises(InputError, match="1 sales, so 0"):
        in_random_order(Rate(2, 1), 0)
