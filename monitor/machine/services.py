"""Whether each service answers, as the monitor reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from core.settings.addresses import PrefectSettings

TIMEOUT_SECONDS = 3.0
POOL = "callwise"


@dataclass(frozen=True)
class Seen:
    """One service: whether it answers, and why not."""

    name: str
    ok: bool
    why: str = ""


def look(addresses: Mapping[str, str], prefect: PrefectSettings) -> list[Seen]:
    """Ask every address for anything, and Prefect for its worker. Raises nothing."""
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        found = [_answers(client, name, address) for name, address in addresses.items()]
        return [*found, _worker(client, prefect)]


def _answers(client: httpx.Client, name: str, address: str) -> Seen:
    try:
        status = client.get(address).status_code
    except httpx.HTTPError as error:
        return Seen(name, ok=False, why=f"{type(error).__name__}: {error}".rstrip(": "))
    well = status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Seen(name, ok=well, why="" if well else f"it answers with status {status}")


def _worker(client: httpx.Client, prefect: PrefectSettings) -> Seen:
    name = "prefect-worker"
    try:
        secret = prefect.prefect_secret
        reply = client.post(
            f"{prefect.prefect_api_url.rstrip('/')}/work_pools/{POOL}/workers/filter",
            json={},
            auth=httpx.BasicAuth(*secret.split(":", 1)) if secret else httpx.USE_CLIENT_DEFAULT,
        )
        if not reply.is_success:
            return Seen(name, ok=False, why=f"Prefect answers with status {reply.status_code}, so nobody knows")
        workers: list[dict[str, Any]] = reply.json()
    except (httpx.HTTPError, ValueError):
        return Seen(name, ok=False, why="Prefect does not answer, so nobody knows")
    online = any(worker.get("status") == "ONLINE" for worker in workers)
    return Seen(name, ok=online, why="" if online else "it has not called Prefect lately")
