"""Notifications through Apprise: mail, Slack, Teams, a webhook, or another of its services, each with a URL."""

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
    """Where messages go; `AppriseNotifier` is the real one."""

    def addresses(self) -> Mapping[str, str]:
        """The kind of service of each address, under a key that does not reveal the address."""
        ...

    def send(self, address: str, message: Message) -> bool:
        """Send to the address with this key; False if its service did not take the message."""
        ...


class AppriseNotifier:
    """The addresses in `urls`, space separated. Raises SettingsError for one that Apprise does not understand."""

    def __init__(self, urls: SecretStr | None) -> None:
        from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - a hundred plug-ins, only when needed

        # Apprise logs each failure with the address; the job logs it once, without.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        asset = AppriseAsset(app_id="Callwise", app_desc="Callwise", app_url="", secure_logging=True)
        self._services: dict[str, NotifyBase] = {}
        for place, url in enumerate(urls.get_secret_value().split() if urls else (), 1):
            service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
            if service is None:
                raise SettingsError(
                    f"CALLWISE_NOTIFY_URLS: Apprise does not understand address {place}.",
                    kept="No notifications are sent until it is right; everything else runs.",
                    next="Compare it with https://github.com/caronc/apprise/wiki; spaces inside it are written %20.",
                )
            self._services[hashlib.sha256(url.encode()).hexdigest()[:12]] = service

    def addresses(self) -> Mapping[str, str]:
        """The name of the service of each address, under a hash of the address."""
        return {key: str(service.service_name) for key, service in self._services.items()}

    def send(self, address: str, message: Message) -> bool:
        """Send to the address with this key; False if its service did not take the message."""
        from apprise import NotifyType  # noqa: PLC0415 - as above

        service = self._services[address]
        return bool(service.notify(body=message.body, title=message.title, notify_type=NotifyType(message.kind)))
