"""The sign-in page: plain HTML with one form, so that it works without any other part of the app.

Other pages of the web server have its frame. The web server draws them, not Streamlit, because only the web server can
set a cookie that no script can read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import escape
from string import Template
from urllib.parse import quote

import streamlit as st
from babel import negotiate_locale

from app.language import SOURCE, _, catalogue, languages

ADDRESS = "/sign-in"
CODE_ADDRESS = f"{ADDRESS}/code"
# Browsers run no script on this page, and show it in no frame.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_GO = (
    "<script>window.location.replace("
    f"'{ADDRESS}?ended=1&next=' + encodeURIComponent(location.pathname + location.search))</script>"
)
_PAGE = Template(
    """<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title · Callwise</title>
<style>
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: start center; padding: 12vh 1rem 2rem;
  background: #f3f6f8; color: #1d2733; font: 15px/1.5 "Source Sans", "Source Sans 3", system-ui, sans-serif }
main { width: 100%; max-width: 24rem; padding: 2rem; background: #fff; border: 1px solid #d9e0e6; border-radius: .5rem }
h1 { margin: 0; font-size: 1.75rem; font-weight: 650; color: #0f5c6e }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; font-weight: 650 }
main > p { margin: .25rem 0 1.5rem }
label { display: block; margin: 0 0 .25rem; font-weight: 600 }
input { width: 100%; margin: 0 0 1rem; padding: .6rem .75rem; border: 1px solid #75818c; border-radius: .5rem;
  font: inherit; color: inherit }
button, .other { display: block; width: 100%; padding: .7rem; border: 1px solid #0f5c6e; border-radius: .5rem;
  background: #0f5c6e; color: #fff; font: inherit; font-weight: 600; text-align: center; text-decoration: none;
  cursor: pointer }
.other { margin-top: 1rem; background: #fff; color: #0f5c6e }
button[data-passkey] { margin-bottom: 1.25rem }
[hidden] { display: none !important }
input:focus-visible, button:focus-visible, .other:focus-visible { outline: 3px solid #6cb6c6; outline-offset: 1px }
.said { margin: 0 0 1rem; padding: .6rem .75rem; border-radius: .5rem; background: #fdecea; color: #7a1c13 }
.told { background: #e6f1f4; color: #0b4250 }
.help, small { color: #4d5a66; font-size: .9rem }
.help { margin: 1.25rem 0 0 }
ul { margin: 0 0 1.5rem; padding: 0; list-style: none }
li { padding: .6rem 0; border-bottom: 1px solid #d9e0e6 }
small { display: block }
li form { margin: .5rem 0 0 }
li button { background: #fff; color: #0f5c6e; padding: .35rem }
pre { margin: 0 0 1rem; padding: .75rem; border-radius: .5rem; background: #f3f6f8;
  font: 15px/1.6 ui-monospace, monospace }
</style>
</head>
<body>
<main>
<h1>Callwise</h1>
<p>$purpose</p>
$said
$body
$help
</main>
</body>
</html>
"""
)

_PASSWORD_FIELDS = Template(
    """<label for="name">$name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="200" required
  value="$typed"$focus_name>
<label for="password">$password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024"
  required$focus_password>"""
)
Words = Callable[[str], str]


def words(accepted: str) -> tuple[str, Words]:
    """The best language for an Accept-Language header, and the function that translates into it."""
    tags = [part.split(";")[0].strip().replace("-", "_") for part in accepted.split(",") if part.strip()]
    language = negotiate_locale([*tags, *(tag.split("_")[0] for tag in tags)], languages()) or SOURCE
    return language, catalogue(language).gettext


def sign_in_html(
    language: str,
    *,
    onward: str,
    message: str = "",
    alarming: bool = True,
    typed: str = "",
    sso_title: str | None = None,
) -> str:
    """The page, with `message` above the form. `sso_title` is the title of the single sign-on, if any."""
    _ = catalogue(language).gettext
    fields = _PASSWORD_FIELDS.substitute(
        name=escape(_("Login name")),
        password=escape(_("Password")),
        typed=escape(typed),
        focus_name="" if typed else " autofocus",
        focus_password=" autofocus" if typed else "",
    )
    body = form(ADDRESS, fields, _("Sign in"), onward=onward)
    if sso_title:
        company = f"{ADDRESS}/company?next={quote(onward, safe='')}"
        body += link(company, _("Sign in with {provider}").format(provider=sso_title))
    return framed(
        language,
        title=_("Sign in"),
        purpose=_("Sign in to make calls and see what comes of them."),
        message=message,
        alarming=alarming,
        body=body,
        help=_("No account, or forgot the password? Ask the engineer who looks after Callwise."),
    )


def framed(
    language: str, *, title: str, purpose: str, body: str, message: str = "", alarming: bool = True, help: str = ""
) -> str:
    """A page in the frame of the sign-in page: plain texts, and `body`, which is HTML."""
    return _PAGE.substitute(
        language=language,
        title=escape(title),
        purpose=escape(purpose),
        said=_note(message, alarming=alarming),
        body=body,
        help=f'<p class="help">{escape(help)}</p>' if help else "",
    )


def form(address: str, fields: str, go: str, *, onward: str | None = None) -> str:
    """A form as HTML; `fields` is HTML, `go` the text of its button."""
    kept = f'<input type="hidden" name="next" value="{escape(onward)}">\n' if onward is not None else ""
    button = f'<button type="submit">{escape(go)}</button>'
    return f'<form method="post" action="{address}">\n{kept}{fields}\n{button}\n</form>'


def link(address: str, text: str) -> str:
    """A link as HTML that looks like a button beside another."""
    return f'<a class="other" href="{escape(address)}">{escape(text)}</a>'


def wait_message(wait: timedelta, gettext: Words) -> str:
    """The message that asks for a wait; empty without one."""
    seconds = int(wait.total_seconds())
    text = gettext("Too many attempts failed. Try again in {time}.")
    return text.format(time=f"{seconds} s" if seconds < 60 else f"{-(-seconds // 60)} min") if seconds else ""


def _note(message: str, *, alarming: bool) -> str:
    kind, role = ("said", "alert") if alarming else ("said told", "status")
    return f'<p class="{kind}" role="{role}">{escape(message)}</p>' if message else ""


def draw_signed_out() -> None:
    """Send the browser from a Streamlit page to the sign-in page. A link helps where no script runs."""
    with st.container(key="signed-out"):
        st.markdown(f"{_('You are signed out.')} [{_('Sign in')}]({ADDRESS})")
        st.html(_GO, unsafe_allow_javascript=True)


def local_address(address: str | None) -> str:
    """`address` if it is one inside this app, else the front page."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\", ADDRESS, "/sign-out")):
        return "/"
    return address if address.isprintable() and "\\" not in address else "/"
