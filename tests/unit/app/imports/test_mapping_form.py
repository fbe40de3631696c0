"""The form that matches columns draws every kind of column that a schema can have."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from core.settings.group import ROOT


@pytest.mark.parametrize("more", [{}, {"customer": "K-1"}, {"customer": "K-1", "called_at": "2026-07-11"}])
def test_a_reference_and_the_time_of_a_call_are_columns_like_others(
    tmp_path: Path, person: dict[str, Any], monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    written = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    written["reference"] = "customer" if "customer" in more else None
    written["outcome"]["at"] = "called_at" if "called_at" in more else None
    (tmp_path / "schema.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*person, *more])
        writer.writeheader()
        writer.writerow(person | more)
    monkeypatch.chdir(tmp_path)

    def script() -> None:
        from pathlib import Path
        from tempfile import TemporaryDirectory
        from types import SimpleNamespace
        from typing import Any, cast

        import streamlit as st

        from app.imports import mapping_form
        from app.imports.chosen_file import ChosenFile
        from app.matching.column_matching import Sample, propose
        from core.files.campaign_file import CampaignFile
        from core.schema import read_schema

        schema = read_schema(Path("schema.yaml"))
        file = CampaignFile.open(Path("people.csv"))
        sample = Sample.from_rows(file)
        chosen = ChosenFile("a file", TemporaryDirectory(), file, sample, propose(schema, sample), None)
        house = cast(Any, SimpleNamespace(schema=schema))
        st.session_state["mapped"] = dict(mapping_form.draw_mapping_form(house, chosen).columns)

    test = AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception
    assert {name: test.session_state["mapped"].get(name) for name in more} == {name: name for name in more}
