"""The page of `scripts/bench serving`: a table, a plot and sentences, between the marks and nowhere else."""

from pathlib import Path
from typing import Any

import pytest

from bench import figures_page
from bench.serving import page


def figures(ours: int = 400) -> dict[str, Any]:
    speed = dict.fromkeys(page.NAMES, 100) | {"callwise": ours}
    return {
        **{size: {"mlserver-mlflow": ours / 100} for size in page.HEADS},
        "per_second": dict.fromkeys(page.HEADS, speed),
        "p50_ms": dict.fromkeys(page.HEADS, dict.fromkeys(page.NAMES, 12.3)),
        "of_empty_runtime": 0.178,
        "p99_half_load_over_stock_p50": 0.376,
        "shadow_cost": 0.315,
        "backlog": 0,
        "backlog_s": 0.0,
        "machine": {"processors": 2, "kind": "x86_64"},
        "versions": {"mlserver": "1.7.1", "mlflow": "3.17.2", "bentoml": "1.4.40", "scikit-learn": "1.5.2"},
    }


def test_the_figures_stand_between_the_marks_and_newer_ones_replace_them(tmp_path: Path) -> None:
    written, picture = tmp_path / "page.md", tmp_path / "serving.png"
    written.write_text(f"before\n{figures_page.begin(page.COMMAND)}\n{figures_page.END}\nafter\n", encoding="utf-8")
    page.write(figures(), written, picture)
    page.write(figures(500), written, picture)
    text = written.read_text(encoding="utf-8")
    assert "| **Callwise** | 500 (12 ms) | 500 (12 ms) | 500 (12 ms) |" in text
    assert "5.00 of 1 row" in text
    assert "400" not in text
    assert (text.startswith("before\n"), text.endswith("\nafter\n")) == (True, True)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_page_without_a_place_for_them_is_left_alone(tmp_path: Path) -> None:
    written = tmp_path / "page.md"
    written.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="has no place for the figures"):
        page.write(figures(), written, tmp_path / "serving.png")
    assert written.read_text(encoding="utf-8") == "nothing"
