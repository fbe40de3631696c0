"""S3 users, one for each service, each with its own policy, through MinIO's admin API.

Policies are IAM documents with the actions of
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio import MinioAdmin
from minio.credentials import StaticProvider
from minio.error import MinioAdminException

from bootstrap.setup.rights import DELETE, MAKE, READ, WRITE
from core.errors import Unavailable

OBJECT_ACTIONS = {
    READ: ("s3:GetObject",),
    WRITE: ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    DELETE: ("s3:DeleteObject",),
}
BUCKET_ACTIONS = ("s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads")
NO_SUCH_API = ("404", "405", "501")
SECONDS = 20.0


class S3Accounts:
    """Users and policies of one S3 server. `missing` says why the server has none, or is empty."""

    def __init__(self, endpoint: str, user: str, password: str, buckets: Mapping[str, str]) -> None:
        """Check for the admin API. Raises Unavailable if the server does not answer or refuses the administrator."""
        address = urlsplit(endpoint)
        self._root = (user, password)
        self._buckets = buckets
        self._admin = MinioAdmin(
            endpoint=address.netloc,
            credentials=StaticProvider(user, password),
            secure=address.scheme == "https",
            http_client=urllib3.PoolManager(timeout=SECONDS, retries=False),
        )
        self.missing = ""
        try:
            self._admin.policy_list()
        except MinioAdminException as error:
            if error._code not in NO_SUCH_API:
                raise Unavailable(
                    f"S3 at {address.netloc} refused its administrator: {error}.",
                    next="S3_ROOT_USER and S3_ROOT_PASSWORD in .env must be those of the server's start.",
                ) from error
            self.missing = (
                f"S3 at {address.netloc} has no admin API (answer {error._code}): all services share one key."
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"S3 at {address.netloc} does not answer: {error}.") from error

    def grant(self, service: str, secret: str, rights: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
        """Make or update the service's user and policy; returns access and secret key. Raises Unavailable."""
        if self.missing:
            return self._root
        name = f"callwise-{service}"
        try:
            self._admin.policy_add(name, policy=policy(rights, self._buckets))
            self._admin.user_add(name, secret)
            self._admin.policy_set(name, user=name)
        except (MinioAdminException, urllib3.exceptions.HTTPError) as error:
            raise Unavailable(f"S3 did not make the account of {service}: {error}.") from error
        return name, secret


def policy(rights: Mapping[str, tuple[str, ...]], buckets: Mapping[str, str]) -> dict[str, Any]:
    """`rights` as an IAM policy over the real names of `buckets`."""
    statements: list[dict[str, Any]] = []
    for place, allowed in rights.items():
        key, _, prefix = place.partition("/")
        bucket = f"arn:aws:s3:::{buckets[key]}"
        making = ("s3:CreateBucket",) if MAKE in allowed else ()
        statements.append({"Effect": "Allow", "Action": [*BUCKET_ACTIONS, *making], "Resource": [bucket]})
        objects = [action for right in allowed for action in OBJECT_ACTIONS.get(right, ())]
        statements.append({"Effect": "Allow", "Action": objects, "Resource": [f"{bucket}/{prefix}*"]})
    return {"Version": "2012-10-17", "Statement": statements}
