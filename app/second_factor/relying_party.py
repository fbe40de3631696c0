"""Where passkeys are possible: a browser has them for a name, on a page that came over https or from its own machine.

A passkey belongs to the name (the *RP ID*, Web Authentication, section 5.1.3), so the name is taken from the settings.
Without a door, as in the embedded appliance, only `localhost` has passkeys: any other name would be what the request
says.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from core.sentences import Sentence

LOCAL = "localhost"
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class RelyingParty:
    """The name to which passkeys belong, and the origin whose pages may use them."""

    id: str
    origin: str


def relying_party(app_page: str | None, asked: str) -> RelyingParty | Sentence:
    """To whom passkeys belong on a page at the address `asked`; or the reason why there are none.

    `app_page`: the address at which people open the app, if the settings have it.
    """
    try:
        here, home = urlsplit(asked), urlsplit(app_page or asked)
        origin, same = _origin(home), _host(here, home.scheme) == _host(home, home.scheme)
    except ValueError:
        return Sentence("The browser does not say at which address this page is open.")
    obstacle = _obstacle(home, settled=app_page is not None)
    if obstacle is None and not same:
        obstacle = Sentence("Passkeys belong to {address}. Open the app there.", address=origin)
    return obstacle or RelyingParty(home.hostname or "", origin)


def _obstacle(home: SplitResult, *, settled: bool) -> Sentence | None:
    """Why no passkey can belong to this address of the app, which the settings have (`settled`) or the request."""
    name = home.hostname or ""
    if name == LOCAL:
        return None
    if _is_address(name):
        if settled or not ip_address(name).is_loopback:
            return Sentence("A browser has passkeys only for a name, and this appliance is opened by an address.")
        port = f":{home.port}" if home.port else ""
        return Sentence("Passkeys belong to a name. Open the app at {address}.", address=f"http://{LOCAL}{port}")
    if not settled:
        return Sentence("A passkey belongs to the address of the app, and CALLWISE_APP_PAGE does not name it.")
    if home.scheme != "https":
        return Sentence("A browser has passkeys only for pages that come over https.")
    return None


def _origin(address: SplitResult) -> str:
    """As a browser writes it: without the usual port, in lower case. Raises ValueError for a port that is none."""
    name, port = _host(address, address.scheme)
    return f"{address.scheme}://{name}" + (f":{port}" if port != _PORTS.get(address.scheme) else "")


def _host(address: SplitResult, scheme: str) -> tuple[str, int | None]:
    """Name and port. The door ends https, so the scheme is not that of the request. Raises ValueError."""
    return address.hostname or "", address.port or _PORTS.get(scheme)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
