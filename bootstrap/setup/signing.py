"""Signs versions that training did not: `python -m bootstrap.setup.signing --by NAME --why WHY`.

A version without a signature is refused. The first set-up that knows signatures signs the versions that it finds,
because they were in service until then, and notes that it did. From then on the trainer alone signs. After the key was
replaced, the set-up signs the same digests with the new one, where the former one had signed them. It does so once and
notes that, too: what the former key signs later is somebody else's. The command signs again what does not verify any
more, after the signing key was lost.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator

from core.clock import now
from core.errors import CallwiseError, ModelError, NotFound, Unavailable
from core.kinds import registry
from core.kinds.chosen import KindSettings
from core.kinds.kind import settings_of
from core.models.registry import ModelRegistry, ModelVersion, read_model
from core.models.signature import SIGNATURE, Signer, Verifier, digests
from core.schema import read_schema
from core.settings.addresses import RegistrySettings
from core.settings.loading import load
from core.settings.loop import SigningSettings
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, connect, reachable

log = logging.getLogger(__name__)
NOTE = "signed"
FORMER = "former signing keys"
"""The document of `appliance` with the `keys` that verify what former ones signed, all of which is signed again."""


class Settings(KindSettings, RegistrySettings, SigningSettings):
    """Where the kinds and their models are, and what signs them."""


def sign_once(home: Db, settings: Settings) -> str:
    """Sign what an earlier release left, unless that was done; returns it in words. Raises Unavailable."""
    with reachable():
        if home.appliance.find_one({"_id": NOTE}):
            return "training signs its models"
    signed = _sign(home, settings, by="setup", why="made by a release before signatures")
    with reachable():
        home.appliance.replace_one({"_id": NOTE}, {"_id": NOTE, "at": now(), "versions": signed}, upsert=True)
    return f"{len(signed)} versions of an earlier release"


def renew(home: Db, settings: Settings) -> str:
    """Sign with the present key what a former one signed, once for each; returns it in words. Raises Unavailable.

    The signed digests stay, so no file is opened and nothing else becomes valid. Safe to repeat and to kill.
    """
    signer, renewed = Signer(settings.signing_keys[0]), list[str]()
    formers = _formers(home, settings)
    for models, version in _registered(home, settings, signer.verifying_key) if formers else ():
        if _verifies(models, version):
            continue
        for former in formers:
            try:
                files = Verifier(former).files(version.name, version.version, version.run_id, version.tags)
            except ModelError:
                continue
            models.tag(version.version, SIGNATURE, signer.tag(version.name, version.run_id, files))
            renewed.append(f"{version.name}:{version.version}")
            break
    if renewed:
        why = "the signing key was replaced"
        event_log.append(home, who="setup", what=Event.MODELS_SIGNED, subject=", ".join(renewed), why=why)
    _note_formers(home, formers, present=signer.verifying_key)
    return f"{len(renewed)} versions signed with the new key" if renewed else "nothing to sign with a new key"


def unsettled(home: Db, settings: Settings) -> list[str]:
    """The versions that only a former key verifies and that `renew` will sign. Raises Unavailable."""
    present = _verified(home, settings, Signer(settings.signing_keys[0]).verifying_key)
    former = {name for key in _formers(home, settings) for name in _verified(home, settings, key)}
    return sorted(former - present)


def sign_again(home: Db, settings: Settings, *, by: str, why: str) -> list[str]:
    """Sign every version that does not verify; returns them. Raises Unavailable."""
    return _sign(home, settings, by=by, why=why)


def _sign(home: Db, settings: Settings, *, by: str, why: str) -> list[str]:
    signer, signed = Signer(settings.signing_keys[0]), list[str]()
    for models, version in _registered(home, settings, signer.verifying_key):
        if _sign_version(models, version, signer):
            signed.append(f"{version.name}:{version.version}")
    if signed:
        event_log.append(home, who=by, what=Event.MODELS_SIGNED, subject=", ".join(signed), why=why)
    return signed


def _registered(home: Db, settings: Settings, verifying: str) -> Iterator[tuple[ModelRegistry, ModelVersion]]:
    """Every version of every kind, with its registry, which verifies with the key `verifying`."""
    verified = settings.model_copy(update={"callwise_verifying_key": verifying})
    for kind in registry.kinds(home, read_schema(settings.callwise_schema), retired=True):
        models = ModelRegistry(settings_of(verified, kind))
        yield from ((models, version) for version in _versions(models))


def _verified(home: Db, settings: Settings, verifying: str) -> set[str]:
    return {f"{v.name}:{v.version}" for m, v in _registered(home, settings, verifying) if _verifies(m, v)}


def _formers(home: Db, settings: Settings) -> list[str]:
    """The keys that verify what the former ones signed, without those that `renew` is done with."""
    with reachable():
        noted = home.appliance.find_one({"_id": FORMER}) or {"keys": []}
    keys = [Signer(secret).verifying_key for secret in settings.signing_keys[1:]]
    return [key for key in keys if key not in noted["keys"]]


def _note_formers(home: Db, formers: list[str], *, present: str) -> None:
    """Note that `renew` is done with `formers`. The `present` key, which may have been put back, is none any more."""
    with reachable():
        home.appliance.update_one({"_id": FORMER}, {"$addToSet": {"keys": {"$each": formers}}}, upsert=True)
        home.appliance.update_one({"_id": FORMER}, {"$pull": {"keys": present}})


def _verifies(models: ModelRegistry, version: ModelVersion) -> bool:
    try:
        models.signed(version)
    except ModelError:
        return False
    return True


def _versions(models: ModelRegistry) -> list[ModelVersion]:
    try:
        return models.versions()
    except NotFound:  # a kind without a model
        return []


def _sign_version(models: ModelRegistry, version: ModelVersion, signer: Signer) -> bool:
    """Sign `version`, if it is not signed and opens; whether that was done. Raises Unavailable."""
    if _verifies(models, version):
        return False
    try:
        with models.files(version) as folder:
            read_model(folder, f"{version.name} version {version.version}")
            files = digests(folder)
    except Unavailable:  # a later start tries again
        raise
    except Exception as error:  # noqa: BLE001 - archived, not what it says, or broken: the others are signed all the same
        why = error if isinstance(error, CallwiseError) else f"{type(error).__name__}: {error}"
        log.warning("Version %s of %s is not signed: %s", version.version, version.name, why)
        return False
    models.tag(version.version, SIGNATURE, signer.tag(version.name, version.run_id, files))
    return True


def main() -> int:
    """Sign again, and print the versions; 1 after an error, which is printed."""
    parser = argparse.ArgumentParser(description="Signs every version that does not verify, after a lost key.")
    parser.add_argument("--by", required=True, metavar="NAME", help="who asks for it, for the event log")
    parser.add_argument("--why", required=True, metavar="WHY", help="the reason, for the event log")
    asked = parser.parse_args()
    try:
        settings = load(Settings)
        signed = sign_again(connect(settings), settings, by=asked.by, why=asked.why)
    except CallwiseError as error:
        print(f"signing: {error}", file=sys.stderr)
        return 1
    print(f"signing: {', '.join(signed) or 'every version verifies'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
