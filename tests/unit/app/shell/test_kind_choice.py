"""The choice of a campaign kind: there with two kinds, kept over pages, and empty forms after a change."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script(names: list[str]) -> None:
    from types import SimpleNamespace
    from typing import Any

    import streamlit as st

    from app.shell import kind_choice

    houses: list[Any] = [
        SimpleNamespace(schema=SimpleNamespace(name=name), title=name.title(), kind=name) for name in names
    ]
    if not st.session_state.get("elsewhere"):
        kind_choice.draw(houses)
        st.text_input("Name of the campaign", key="form")
    st.markdown(f"chosen: {kind_choice.chosen(houses).schema.name}")


def page(*names: str) -> AppTest:
    return AppTest.from_function(script, kwargs={"names": list(names)}, default_timeout=30).run()


def chosen(test: AppTest) -> str:
    assert not test.exception
    return str(test.markdown[0].value).removeprefix("chosen: ")


def test_with_one_kind_there_is_nothing_to_choose() -> None:
    test = page("loans")
    assert [*test.selectbox] == []
    assert chosen(test) == "loans"


def test_a_choice_holds_and_empties_what_was_half_filled_in() -> None:
    test = page("loans", "cars")
    assert test.selectbox(key="kind").options == ["Loans", "Cars"]
    assert chosen(test) == "loans"
    test.text_input(key="form").set_value("spring").run()
    assert test.text_input(key="form").value == "spring"
    test.selectbox(key="kind").set_value("cars").run()
    assert chosen(test) == "cars"
    assert test.text_input(key="form").value == ""
    test.session_state["elsewhere"] = True
    assert chosen(test.run()) == "cars"
    test.session_state["elsewhere"] = False
    assert chosen(test.run()) == "cars"
    assert test.selectbox(key="kind").value == "cars"
