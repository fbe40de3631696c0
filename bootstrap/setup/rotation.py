"""Looks at replaced keys, for `scripts/init --rotate` and `--rotated`: `python -m bootstrap.setup.rotation WHAT`.

    trial      whether no canary is on trial, whose evidence another routing key would mix
    settled    whether nothing needs the former keys of models, second factors and contacts any more

Changes nothing. Exit status: 0 yes, 1 no or not to be seen; one line says why. A second factor that no key opens waits
for nothing; the line names whose it is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bootstrap.setup import signing
from core.accounts import second_factor
from core.accounts.one_time_codes import KeyRing
from core.calls.contact_keys import keys_of
from core.errors import CallwiseError
from core.kinds import registry
from core.kinds.kind import settings_of
from core.lists import contact_sealing
from core.models.registry import ModelRegistry
from core.models.succession import Succession
from core.schema import read_schema
from core.settings.key_list import key_list
from core.settings.loading import load
from core.settings.people import ContactSettings, SecondFactorSettings
from core.stores.mongo import Db, connect


class Settings(signing.Settings, SecondFactorSettings, ContactSettings):
    """Where kinds, models and accounts are, and the keys."""


def on_trial(home: Db, settings: Settings) -> list[str]:
    """The canaries on trial, of every kind. Raises Unavailable."""
    found = []
    for kind in registry.kinds(home, read_schema(settings.callwise_schema)):
        models = ModelRegistry(settings_of(settings, kind))
        canary = Succession(kind.database(home), models.name, models, by="setup").state().canary
        if canary is not None:
            found.append(f"{models.name}:{canary}")
    return found


def unsettled(home: Db, settings: Settings) -> list[str]:
    """What still needs a former key, in words. Raises Unavailable."""
    waiting = [f"only the former key verifies {version}" for version in signing.unsettled(home, settings)]
    if (key := settings.callwise_second_factor_key) is not None:
        keys = key_list(key.get_secret_value())
        lost = lost_factors(home, settings)
        former = [name for name in second_factor.sealed_otherwise(home, KeyRing(keys[0])) if name not in lost]
        if former:
            waiting.append(f"the second factors of {', '.join(former)} are not under the new key")
    if (contacts := keys_of(settings)) is not None:
        every = registry.kinds(home, read_schema(settings.callwise_schema), retired=True)
        late = [kind.name for kind in every if contact_sealing.needs_former(kind.database(home), contacts)]
        waiting += [f"names and numbers of {name} are not under the new key" for name in late]
    return waiting


def lost_factors(home: Db, settings: Settings) -> list[str]:
    """The accounts whose second factor none of the keys opens. Raises Unavailable."""
    key = settings.callwise_second_factor_key
    return [] if key is None else second_factor.sealed_otherwise(home, KeyRing(key.get_secret_value()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the answer; returns the exit status."""
    parser = argparse.ArgumentParser(description="Looks at replaced keys.")
    parser.add_argument("what", choices=("trial", "settled"))
    asked, lost = parser.parse_args(arguments).what, list[str]()
    try:
        settings = load(Settings)
        home = connect(settings, timeout_seconds=10.0)
        if asked == "trial":
            waiting = [f"on trial: {canary}" for canary in on_trial(home, settings)]
        else:
            waiting, lost = unsettled(home, settings), lost_factors(home, settings)
    except CallwiseError as error:
        waiting = [f"it cannot be seen: {error}"]
    said = waiting or ["no canary is on trial" if asked == "trial" else "nothing needs a former key"]
    if lost:
        said.append(f"no key opens the second factors of {', '.join(lost)}: scripts/accounts reset-factor NAME")
    print("; ".join(said))
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(main())
