"""Whether the MongoDB of an image can open the data that are there.

MongoDB keeps in its data which release's features they use, the featureCompatibilityVersion (FCV). A server opens data
of its own release and of the one before; of an older or a newer one it ends at its start
(https://www.mongodb.com/docs/manual/reference/command/setFeatureCompatibilityVersion/).
"""

from __future__ import annotations

import re

from bootstrap.upgrade.refusals import Refusal

RULE = "database"
SET = 'db.adminCommand({{setFeatureCompatibilityVersion: "{version}", confirm: true}})'


def release(text: str) -> tuple[int, int]:
    """Major and minor number at the beginning of a version. Raises ValueError for another text."""
    found = re.match(r"v?(\d+)\.(\d+)", text.strip())
    if found is None:
        raise ValueError(f"'{text}' is no version")
    return int(found[1]), int(found[2])


def refusal(present: str, wanted: str, data: str) -> Refusal | None:
    """Why the image of version `wanted` cannot take over the `data` (their FCV) from `present`; None if it can."""
    try:
        image, stored, now = release(wanted), release(data), release(present)
    except ValueError as error:
        return Refusal(RULE, f"{error}, so nobody knows whether the new MongoDB opens the data", "look at MONGO_IMAGE")
    if image < stored:
        return Refusal(
            RULE,
            f"the image is MongoDB {wanted}, and the data are of {data}: they are too new for it",
            f"MONGO_IMAGE in .env: {data} or newer",
        )
    if image[0] > now[0] and stored < now:
        return Refusal(
            RULE,
            f"MongoDB {present} runs with data of {data}, and MongoDB {wanted} comes next: too new for these data",
            f"say that the data are of {now[0]}.{now[1]} first: {SET.format(version=f'{now[0]}.{now[1]}')}",
        )
    if image[0] > stored[0] + 1:
        return Refusal(
            RULE,
            f"the image is MongoDB {wanted}, and the data are of {data}: it is too new for them, a release is skipped",
            f"upgrade to an image of MongoDB {stored[0] + 1} first",
        )
    return None
