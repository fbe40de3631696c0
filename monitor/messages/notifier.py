"""Notifications through Apprise: mail, Slack, Teams, a webhook, or any other of its services, each named by a URL."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from core.errors import SettingsError
from monitor.messages.message import Message

if TYPE_CHECKING:
    from apprise import NotifyBase


class Notifier(Protocol):
    """Who is told; `AppriseNotifier` is the real one."""

    def addresses(self) -> Mapping[str, str]:
        """Each address by a key that gives nothing away, with what kind of service it is."""
        ...

    def send(self, address: str, message: Message) -> bool:
        """Send to the address with this key; False if it was not taken."""
        ...


class AppriseNotifier:
    """The addresses in `urls`, space separated. Raises SettingsError for one that Apprise does not understand."""

    def __init__(self, urls: SecretStr | None) -> None:
        from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - a hundred plug-ins, only when needed

        # It logs each failure, with the address; the job that sends says it once, without.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        asset = AppriseAsset(app_id="Callwise", app_desc="Callwise", app_url="", secure_logging=True)
        self._services: dict[str, NotifyBase] = {}
        for place, url in enumerate(urls.get_secret_value().split() if urls else (), 1):
            service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
            if service is None:
                raise SettingsError(
                    f"CALLWISE_NOTIFY_URLS: address {place} is none that Apprise understands.",
                    kept="Nobody is told anything until it is right; the appliance goes on.",
                    next="Compare it with https://github.com/caronc/apprise/wiki; spaces inside it are written %20.",
                )
            self._services[hashlib.sha256(url.encode()).hexdigest()[:12]] = service

    def addresses(self) -> Mapping[str, str]:
        """Each address by a hash of it, with the name of its service."""
        return {key: str(service.service_name) for key, service in self._services.items()}

    def send(self, address: str, message: Message) -> bool:
        """Send to the address with this key; False if it was not taken."""
        from apprise import NotifyType  # noqa: PLC0415 - as above

        service = self._services[address]
        return bool(service.notify(body=message.body, title=message.title, notify_type=NotifyType(message.kind)))
