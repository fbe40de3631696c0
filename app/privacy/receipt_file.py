"""The receipt of an erasure as a file: an HTML page for people, and JSON for programs.

A receipt identifies the person only by a keyed hash. The event log has the receipt's sha256, which proves it genuine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from app.language import _, formats, locale
from app.privacy import words as erasure_words
from app.privacy.words import ORDER, what_stays
from core.privacy.requests import seal

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #ccc}"
    "td,code{overflow-wrap:anywhere}td:first-child{min-width:9rem}"
)


def as_json(receipt: Mapping[str, Any]) -> str:
    """The receipt as it is stored."""
    return json.dumps(dict(receipt), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def as_page(receipt: Mapping[str, Any], zone: str | None) -> str:
    """The receipt as one HTML file that loads nothing from a server."""
    title = _("Receipt of an erasure, number {number}").format(number=receipt["number"])
    places = sorted(receipt["removed"], key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    removed = [(erasure_words.place(name), formats.count(receipt["removed"][name])) for name in places]
    left = sum(receipt["left"].values())
    parts = [
        f"<h1>{escape(title)}</h1>",
        _table((), _facts(receipt, zone)),
        f"<h2>{escape(_('Removed'))}</h2>",
        _table((_("Where"), _("Records")), removed),
        f"<h2>{escape(_('Checked once more, everywhere'))}</h2>",
        f"<p>{escape(_('{left} records were left.').format(left=formats.count(left)))}</p>",
        f"<h2>{escape(_('Replaced datasets'))}</h2>",
        _table((_("Before"), _("Now")), [(dataset["old"], dataset["new"]) for dataset in receipt["datasets"]]),
        f"<h2>{escape(_('Models that have learnt from these datasets, to be trained again'))}</h2>",
        _table(
            (_("Version"), _("At the time"), _("Dataset")),
            [(model["version"], erasure_words.role(model["role"]), model["dataset"]) for model in receipt["models"]],
        ),
        f"<h2>{escape(_('What stays, and why'))}</h2>",
        _table((_("What"), _("Why")), what_stays()),
        f"<p>sha256 <code>{seal(receipt)}</code></p>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!doctype html><html lang="{locale().language}"><head>{head}<style>{STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _facts(receipt: Mapping[str, Any], zone: str | None) -> list[tuple[str, str]]:
    return [
        (_("Who, as a keyed hash"), receipt["pseudonym"]),
        (_("Asked for by"), receipt["by"]),
        (_("Asked for"), formats.moment(datetime.fromisoformat(receipt["asked_at"]), zone)),
        (_("Done"), formats.moment(datetime.fromisoformat(receipt["done_at"]), zone)),
        (_("Passes"), formats.count(receipt["passes"])),
        (
            _("Kept out of later imports"),
            _("yes") if receipt["kept_out"] else _("no: a later file may import the person again"),
        ),
    ]


def _table(head: Iterable[str], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return f"<p>{escape(_('None.'))}</p>"
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{titles}</tr>' if titles else ''}{body}</table>"
