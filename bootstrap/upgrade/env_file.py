"""The .env that a new release starts with: that of the present one, with the images that the new one pins."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$")


def variables(text: str) -> dict[str, str]:
    """The variables that lines of `text` set."""
    return {found[1]: found[2] for found in map(_LINE.match, text.splitlines()) if found}


def moved_pins(env: str, before: str, wanted: str) -> dict[str, str]:
    """The images of `env` that follow the release: by name, what the `wanted` .env.example pins.

    An image that is not the one of the `before` release was chosen by a person, and stays.
    """
    own, former, new = variables(env), variables(before), variables(wanted)
    return {
        name: value
        for name, value in new.items()
        if name.endswith("_IMAGE") and own.get(name) == former.get(name) != value and name in own
    }


def with_values(env: str, values: Mapping[str, str]) -> str:
    """`env` with these variables in the place of their lines, or at the end."""
    left, lines = dict(values), []
    for line in env.splitlines():
        found = _LINE.match(line)
        if found and found[1] in values:
            if found[1] in left:
                lines.append(f"{found[1]}={left.pop(found[1])}")
        else:
            lines.append(line)
    return "\n".join([*lines, *(f"{name}={value}" for name, value in left.items())]) + "\n"
