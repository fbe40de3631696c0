"""The figures of `bench.serving` as a page for people: a table, a plot, and sentences that hold for any figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import figures_page

COMMAND = "serving"
HEADS = {"one_row": "1 row", "hundred_rows": "100 rows", "thousand_rows": "1,000 rows"}
NAMES = {
    "callwise": "**Callwise**",
    "mlserver-mlflow": "MLServer's MLflow runtime",
    "mlserver-sklearn": "MLServer's scikit-learn runtime",
    "mlflow models serve": "`mlflow models serve`",
    "fastapi": "FastAPI with scikit-learn",
    "bentoml": "BentoML with scikit-learn",
    "empty mlserver": "MLServer with a runtime that does nothing",
}
"""Who is measured, in the order of the table."""
OURS, STOCK = "callwise", "mlserver-mlflow"


def write(figures: Mapping[str, Any], page: Path, picture: Path) -> None:
    """Put the figures between the marks in `page`, and their plot into `picture`. Raises ValueError without marks."""
    image = f"![Answers a second, beside the peers](images/{picture.name})"
    figures_page.put(page, COMMAND, f"{table(figures)}\n\n{image}\n\n{sentences(figures)}")
    draw(figures, picture)


def table(figures: Mapping[str, Any]) -> str:
    """Answers a second and median times, a line for each who was measured."""
    lines = [f"| answers a second (median time) | {' | '.join(HEADS.values())} |", "|---|" + "---|" * len(HEADS)]
    for who, shown in NAMES.items():
        cells = [f"{figures['per_second'][size][who]:,} ({figures['p50_ms'][size][who]:.0f} ms)" for size in HEADS]
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    return "\n".join(lines)


def sentences(figures: Mapping[str, Any]) -> str:
    """What the figures say, as ratios."""
    versions, machine = figures["versions"], figures["machine"]
    peers = ", ".join(f"{name} {versions[name]}" for name in ("mlserver", "mlflow", "bentoml", "scikit-learn"))
    ratios = ", ".join(f"{figures[size][STOCK]:.2f} of {head}" for size, head in HEADS.items())
    return "\n".join(
        [
            f"- Beside MLServer's MLflow runtime Callwise answers, as a ratio: {ratios}.",
            f"- Of one row it answers {figures['of_empty_runtime']:.0%} of what a runtime does that does nothing.",
            f"- At half of the peak 99 of 100 requests of one row take less than "
            f"{figures['p99_half_load_over_stock_p50']:.2f} of the MLflow runtime's median.",
            f"- A canary on trial costs {figures['shadow_cost']:.0%} of the answers of a champion alone.",
            f"- After the peak {figures['backlog']:,} answers wait to be stored, for {figures['backlog_s']:.0f} s.",
            f"- {machine['processors']} processors ({machine['kind']}); {peers}.",
        ]
    )


def draw(figures: Mapping[str, Any], picture: Path) -> None:
    """The rows that each answers a second, by the length of a request, on a scale of powers of ten."""
    import matplotlib as mpl  # noqa: PLC0415 - only whoever draws needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    lengths = [1, 100, 1_000]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for who, shown in NAMES.items():
        rows = [figures["per_second"][size][who] * length for size, length in zip(HEADS, lengths, strict=True)]
        style: dict[str, Any] = {"linewidth": 2.5} if who == OURS else {"linewidth": 1.2, "linestyle": "--"}
        axes.plot(lengths, rows, marker="o", label=shown.strip("*`"), **style)
    axes.set(xscale="log", yscale="log", xlabel="rows in a request", ylabel="rows answered a second")
    axes.set_xticks(lengths, [f"{length:,}" for length in lengths])
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(picture, dpi=110)
    plt.close(figure)
