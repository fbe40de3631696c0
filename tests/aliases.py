"""A registry's aliases in a dictionary, for whatever decides about models and lets the aliases follow."""

from __future__ import annotations


class Aliases(dict[str, str]):
    """See `core.models.succession.Aliases`."""

    def aliases(self) -> dict[str, str]:
        return dict(self)

    def point(self, alias: str, version: str) -> None:
        self[alias] = version

    def unpoint(self, alias: str) -> None:
        self.pop(alias, None)
