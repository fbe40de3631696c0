"""How long the door's certificate is valid."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 5.0
LATE = timedelta(days=14)
SHARE = 6
"""A certificate that renews itself does so when a third of its time is left; at a sixth it is late, or at `LATE`."""


@dataclass(frozen=True)
class Certificate:
    """The door's certificate: from when and until when it is valid."""

    begins: datetime
    ends: datetime

    def late(self, at: datetime) -> bool:
        """Whether it should have been renewed by now."""
        return self.ends - at < min(LATE, (self.ends - self.begins) / SHARE)


def certificate_of(door: str, page: str) -> Certificate | None:
    """The certificate that `door` (HOST:PORT) shows for the host of `page`; None if it does not answer.

    Not verified, because the door's own authority is not known here.
    """
    from cryptography import x509  # noqa: PLC0415 - only where there is a door

    host, _, port = door.rpartition(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, int(port)), TIMEOUT_SECONDS) as wire,
            context.wrap_socket(wire, server_hostname=urlsplit(page).hostname or host) as encrypted,
        ):
            shown = encrypted.getpeercert(binary_form=True)
    except OSError:
        return None
    if shown is None:
        return None
    found = x509.load_der_x509_certificate(shown)
    return Certificate(found.not_valid_before_utc, found.not_valid_after_utc)
