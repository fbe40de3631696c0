"""What a page needs so that a browser uses a passkey: a button, and the one script that may run there.

The script is in the page, and the page's policy has its hash. It fills the form that the button is in, and sends it.
Without scripts, or in a browser without passkeys, the button stays hidden and the rest of the form works.
"""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum
from html import escape
from pathlib import Path

from app.access import sign_in_page
from app.access.sign_in_page import Words

_SOURCE = Path(__file__).with_name("passkey.js").read_text(encoding="utf-8")
SCRIPT = f"<script>{_SOURCE}</script>"
POLICY = (
    f"{sign_in_page.POLICY}; script-src 'sha256-{base64.b64encode(hashlib.sha256(_SOURCE.encode()).digest()).decode()}'"
)
"""Browsers run this one script on the page, and no other."""
FIELD = "passkey"
"""The field of a form with the browser's answer."""


class Does(StrEnum):
    """What a button does with a passkey."""

    MAKE = "make"
    USE = "use"


def button(options: str, does: Does, title: str, gettext: Words) -> str:
    """The button, hidden until the script runs, with the field for the answer and a place for what failed; as HTML."""
    failed = gettext("The browser did not give a passkey. Try again.")
    return (
        f'<input type="hidden" name="{FIELD}" value="">\n'
        f'<p class="said" role="alert" data-failed="{escape(failed)}" hidden></p>\n'
        f'<button type="button" data-does="{does}" data-passkey="{escape(options)}" hidden>{escape(title)}</button>'
    )
