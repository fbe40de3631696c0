"""Probes: does a service answer, and answer as what it is?

A probe is built from templates such as `"{MLFLOW_TRACKING_URI}/health"` and called with the values that fill them. It
returns when the service is well and raises `Unavailable` with the reason when it is not. Whoever waits for a service
imports this module in a process that is about to become something else, so it stays cheap: the standard library, and
a client library only inside the probe that speaks its protocol.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from core.errors import Unavailable

TIMEOUT = 5.0
"""Seconds one probe may take; a server that needs longer to say that it is well, is not."""

# Never through a proxy: these are the appliance's own addresses, and a corporate proxy cannot reach them.
_open = build_opener(ProxyHandler({})).open


class Probe(Protocol):
    """Asks one service whether it is well."""

    def __call__(self, values: Mapping[str, str]) -> None:
        """Return if it is; raise Unavailable with the reason if it is not."""


def _fetch(url: str, body: Mapping[str, Any] | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with _open(request, timeout=TIMEOUT) as reply:
            return bytes(reply.read())
    except (URLError, OSError, HTTPException) as error:  # HTTPError (any status past 399) is a URLError
        raise Unavailable(f"{url} does not answer: {getattr(error, 'reason', error)}") from error


@dataclass(frozen=True)
class Http:
    """A GET of `url` answers with a status below 400."""

    url: str

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it does."""
        _fetch(self.url.format_map(values))


@dataclass(frozen=True)
class Mongo:
    """The server behind MONGODB_URI answers `ping`."""

    uri: str = "{MONGODB_URI}"

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it does."""
        from pymongo.errors import PyMongoError  # noqa: PLC0415  only the process that asks pays for it

        from core.stores.mongo_client import open_client  # noqa: PLC0415

        wait = int(TIMEOUT * 1000)
        client = open_client(
            self.uri.format_map(values), serverSelectionTimeoutMS=wait, connectTimeoutMS=wait, socketTimeoutMS=wait
        )
        try:
            client.admin.command("ping")
        except PyMongoError as error:
            raise Unavailable(f"MongoDB does not answer: {error}") from error
        finally:
            client.close()


@dataclass(frozen=True)
class S3:
    """The S3 server lists the buckets of our key: it is up, and the key is known to it."""

    endpoint: str = "{S3_ENDPOINT_URL}"
    access_key: str = "{S3_ACCESS_KEY}"
    secret_key: str = "{S3_SECRET_KEY}"

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it does."""
        import urllib3  # noqa: PLC0415  only the process that asks pays for it
        from minio import Minio  # noqa: PLC0415
        from minio.error import MinioException  # noqa: PLC0415

        address = urlsplit(self.endpoint.format_map(values))
        with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
            client = Minio(
                address.netloc,
                access_key=self.access_key.format_map(values),
                secret_key=self.secret_key.format_map(values),
                secure=address.scheme == "https",
                http_client=pool,
            )
            try:
                client.list_buckets()
            except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise Unavailable(f"S3 at {address.netloc} does not answer: {error}") from error


@dataclass(frozen=True)
class PrefectWorker:
    """The worker called `name` has sent its heartbeat in time: the server's own verdict, ONLINE.

    A worker that was stopped stays ONLINE until its heartbeat is overdue, so a new one needs a name of its own. Without
    a name, any worker of the pool will do.
    """

    pool: str
    name: str = ""
    api: str = "{PREFECT_API_URL}"

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it has."""
        url = f"{self.api.format_map(values)}/work_pools/{self.pool}/workers/filter"
        name = self.name.format_map(values)
        online = [worker["name"] for worker in json.loads(_fetch(url, {})) if worker["status"] == "ONLINE"]
        if not online or (name and name not in online):
            raise Unavailable(f"no worker {name} of the pool '{self.pool}' is online (those are: {online})")
