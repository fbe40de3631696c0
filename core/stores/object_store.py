"""The S3 adapter: put, get and list objects in one bucket of any S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from core.errors import NotFound, Unavailable
from core.sentences import Sentence
from core.settings.addresses import S3Settings


class ObjectStore:
    """One bucket, or one folder of it: `callwise-datasets/kinds/car-loans`. Keys are those inside that folder.

    Keys are separated by slashes; `put` replaces an object, so it may be repeated.
    """

    def __init__(self, settings: S3Settings, bucket: str, *, timeout_seconds: float = 30.0) -> None:
        address = urlsplit(settings.s3_endpoint_url)
        self.bucket, _, folder = bucket.partition("/")
        self._folder = f"{folder}/" if folder else ""
        self._client = Minio(
            address.netloc,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key.get_secret_value(),
            secure=address.scheme == "https",
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(timeout_seconds), retries=urllib3.Retry(2, backoff_factor=0.2)
            ),
        )

    def ensure(self) -> None:
        """Create the bucket if it is missing."""
        with reachable(self.bucket):
            try:
                if not self._client.bucket_exists(self.bucket):
                    self._client.make_bucket(self.bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Write `content` under `key`."""
        with reachable(key):
            self._client.put_object(
                self.bucket, self._folder + key, BytesIO(content), len(content), content_type=content_type
            )

    def get(self, key: str) -> bytes:
        """The content under `key`. Raises NotFound."""
        with reachable(key):
            response = self._client.get_object(self.bucket, self._folder + key)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

    def remove(self, key: str) -> None:
        """Remove the object under `key`, if there is one."""
        with reachable(key):
            self._client.remove_object(self.bucket, self._folder + key)

    def keys(self, prefix: str = "") -> list[str]:
        """All keys that start with `prefix`, sorted."""
        with reachable(prefix or self.bucket):
            objects = self._client.list_objects(self.bucket, prefix=self._folder + prefix, recursive=True)
            return sorted(item.object_name.removeprefix(self._folder) for item in objects if item.object_name)


@contextmanager
def reachable(key: str) -> Iterator[None]:
    """Translate the client's errors: a missing key is NotFound, everything else Unavailable."""
    try:
        yield
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchBucket"):
            raise NotFound(Sentence("There is no object '{key}' in the object store.", key=key)) from error
        raise Unavailable(f"The object store refused '{key}': {error.message}.") from error
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise Unavailable(f"The object store did not answer for '{key}': {error}.") from error
