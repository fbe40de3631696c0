"""Probes: does a service answer, with its own protocol?

A probe is built from templates such as `"{MLFLOW_TRACKING_URI}/health"` and called with the values that fill them. It
returns if the service is well, and else raises `Unavailable` with the reason. A launcher imports this module before it
becomes a service, so the import must be cheap: only the standard library, with each client library imported inside the
probe that needs it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from core.errors import Unavailable

TIMEOUT = 5.0
"""Seconds for one probe; a slower server counts as not well."""

# Never through a proxy: a corporate proxy cannot reach the appliance's own addresses.
_open = build_opener(ProxyHandler({})).open


class Probe(Protocol):
    """Checks whether one service is well."""

    def __call__(self, values: Mapping[str, str]) -> None:
        """Return if it is; else raise Unavailable with the reason."""


def _fetch(url: str, body: Mapping[str, Any] | None = None, secret: str = "") -> bytes:
    data = None if body is None else json.dumps(body).encode()
    login = {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"} if secret else {}
    request = Request(url, data=data, headers={"Content-Type": "application/json", **login})
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
        """Raise Unavailable unless it is well."""
        _fetch(self.url.format_map(values))


@dataclass(frozen=True)
class Mongo:
    """The server behind MONGODB_URI answers `ping`."""

    uri: str = "{MONGODB_URI}"

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it is well."""
        from pymongo.errors import PyMongoError  # noqa: PLC0415  only a process that needs it pays

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
    """The S3 server lists the buckets of our key: it is up, and it knows the key."""

    endpoint: str = "{S3_ENDPOINT_URL}"
    access_key: str = "{S3_ACCESS_KEY}"
    secret_key: str = "{S3_SECRET_KEY}"

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it is well."""
        import urllib3  # noqa: PLC0415  only a process that needs it pays
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
    """Prefect reports the worker `name` as ONLINE: its heartbeat came in time. Without `name`, any worker counts.

    A stopped worker stays ONLINE until its heartbeat is overdue, so a new one needs its own name.
    """

    pool: str
    name: str = ""
    api: str = "{PREFECT_API_URL}"
    secret: str = "{PREFECT_API_AUTH_STRING}"

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it is well."""
        url = f"{self.api.format_map(values)}/work_pools/{self.pool}/workers/filter"
        name, secret = self.name.format_map(values), self.secret.format_map(values)
        online = [worker["name"] for worker in json.loads(_fetch(url, {}, secret)) if worker["status"] == "ONLINE"]
        if not online or (name and name not in online):
            raise Unavailable(f"no worker {name} of the pool '{self.pool}' is online (those are: {online})")
