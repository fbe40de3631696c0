"""The foot of the page, run by Streamlit's own test runner."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app import language
from core.settings.group import ROOT


def page() -> None:
    import streamlit as st

    from app.language import _, formats
    from app.language.switch import draw_language_switch

    st.title(_("Results"))
    st.caption(formats.percent(0.342))
    draw_language_switch()


@pytest.fixture
def test() -> AppTest:
    language.catalogue.cache_clear()
    return AppTest.from_function(page, default_timeout=30).run()


def test_the_page_goes_on_in_the_language_that_is_chosen(test: AppTest) -> None:
    assert test.title[0].value == "Results"
    test.button_group(key=language.CHOSEN).set_value("de").run()
    assert not test.exception
    assert test.title[0].value == "Ergebnisse"
    assert test.caption[0].value == "34,2\u00a0%"
    assert test.button_group(key=language.CHOSEN).options[0] == "English"
    test.button_group(key=language.CHOSEN).set_value("en").run()
    assert test.title[0].value == "Results"


def test_every_language_has_a_name_of_its_own(test: AppTest) -> None:
    assert set(language.languages()) == {"en", "de"}
    assert list(test.button_group(key=language.CHOSEN).options) == ["English", "Deutsch"]


def test_the_catalogues_lie_in_the_folder_that_the_image_of_the_screens_is_made_of() -> None:
    assert language.FOLDER.is_relative_to(ROOT / "app")
    assert "COPY app app" in (ROOT / "Dockerfile").read_text()
