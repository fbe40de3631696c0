"""Versions of a release before signatures are signed once; what comes without a signature later stays refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from bootstrap.setup.rotation import Settings as RotationSettings
from bootstrap.setup.rotation import on_trial
from bootstrap.setup.signing import Settings, renew, sign_again, sign_once, unsettled
from core.errors import ModelError, Unavailable
from core.models.registry import PROOF, ModelRegistry
from core.models.signature import Signer
from core.models.succession import Succession
from core.settings.loading import load
from core.stores.mongo import Db
from tests.scoring.processes import Registry
from tests.signing import SIGNING, VERIFYING

pytestmark = pytest.mark.mongo


def environment(db: Db, made: Registry, secret: str = SIGNING) -> dict[str, str]:
    env = {"MONGODB_URI": os.environ["MONGODB_URI"], "MONGODB_DATABASE": db.name, "MLFLOW_TRACKING_URI": made.uri}
    return {**env, "CALLWISE_SIGNING_KEY": secret}


def settings(db: Db, made: Registry, secret: str = SIGNING) -> Settings:
    return load(Settings, environment(db, made, secret))


def refused(made: Registry, number: str) -> str:
    with pytest.raises(ModelError) as error:
        made.registry.load(made.registry.version(number))
    return error.value.what


def test_what_is_there_is_signed_once_and_what_comes_later_is_not(db: Db, tmp_path: Path) -> None:
    made = Registry(tmp_path)
    earlier, unproven = made.add(seed=1, signed=False), made.add(seed=2, signed=False, proven=False)
    assert "has no signature" in refused(made, earlier)
    assert sign_once(db, settings(db, made)) == "1 versions of an earlier release"
    made.registry.load(made.registry.version(earlier))
    assert "has no signature" in refused(made, unproven), "it does not prove itself"
    [event] = db.events.find({"what": "models signed"})
    assert (event["who"], event["subject"]) == ("setup", f"prospect-scorer:{earlier}")

    later = made.add(seed=3, signed=False)
    assert sign_once(db, settings(db, made)) == "training signs its models"
    assert "has no signature" in refused(made, later)

    # The key is lost: another secret, and an engineer who says so.
    other = "another secret"
    made.registry._verifying_key = Signer(other).verifying_key
    assert "is not the trainer's" in refused(made, earlier)
    again = sign_again(db, settings(db, made, other), by="eve", why="the key was lost")
    assert again == [f"prospect-scorer:{later}", f"prospect-scorer:{earlier}"]
    made.registry.load(made.registry.version(earlier))
    assert [one["who"] for one in db.events.find({"what": "models signed"})] == ["setup", "eve"]
    made.registry._verifying_key = VERIFYING


def test_versions_that_are_broken_stay_unsigned_and_the_others_are_signed(
    db: Db, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = Registry(tmp_path)
    broken = {}
    for seed, inside in enumerate((f"extra_files/{PROOF}", "model.skops", "MLmodel")):
        broken[inside] = made.add(seed=seed, signed=False)
        file = made.file(broken[inside], inside)
        file.unlink() if PROOF in inside else file.write_bytes(b"\0: [")
    whole = made.add(seed=9, signed=False)
    assert sign_once(db, settings(db, made)) == "1 versions of an earlier release"
    made.registry.load(made.registry.version(whole))
    for number in broken.values():
        assert "has no signature" in refused(made, number)
        assert f"Version {number} of prospect-scorer is not signed" in caplog.text


def test_a_registry_that_is_away_signs_nothing_and_the_next_start_does(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Registry(tmp_path)
    version = made.add(seed=1, signed=False)

    def away(*_args: object, **_how: object) -> None:
        raise MlflowException("Connection refused")

    with monkeypatch.context() as down:
        down.setattr("mlflow.artifacts.download_artifacts", away)
        with pytest.raises(Unavailable):
            sign_once(db, settings(db, made))
    assert db.appliance.find_one({"_id": "signed"}) is None
    assert sign_once(db, settings(db, made)) == "1 versions of an earlier release"
    made.registry.load(made.registry.version(version))


def test_an_empty_appliance_signs_nothing_ever(db: Db, tmp_path: Path) -> None:
    made = Registry(tmp_path)
    assert sign_once(db, settings(db, made)) == "0 versions of an earlier release"
    version = made.add(seed=1, signed=False)
    assert sign_once(db, settings(db, made)) == "training signs its models"
    assert "has no signature" in refused(made, version)
    assert db.events.find_one({"what": "models signed"}) is None


def test_a_replaced_key_signs_again_what_the_former_one_signed_and_nothing_else(db: Db, tmp_path: Path) -> None:
    made, new = Registry(tmp_path), "a new secret"
    signed, unsigned = made.add(seed=1), made.add(seed=2, signed=False)
    replaced = made.add(seed=3)
    made.file(replaced, "model.skops").write_bytes(b"of somebody else")
    both = settings(db, made, f"{new},{SIGNING}")
    names = [f"prospect-scorer:{number}" for number in (signed, replaced)]
    assert unsettled(db, both) == sorted(names)
    made.registry._verifying_key = Signer(new).verifying_key
    assert "is not the trainer's" in refused(made, signed)

    assert renew(db, both) == "2 versions signed with the new key"
    made.registry.load(made.registry.version(signed))
    assert "has no signature" in refused(made, unsigned)
    assert "is not the file that was signed" in refused(made, replaced), "the digests stay those that were signed"
    assert unsettled(db, both) == []
    [event] = db.events.find({"what": "models signed"})
    assert (event["who"], set(event["subject"].split(", "))) == ("setup", set(names))

    assert renew(db, both) == renew(db, settings(db, made, new)) == "nothing to sign with a new key"
    made.registry._verifying_key = VERIFYING
    assert "is not the trainer's" in refused(made, signed), "the former key verifies nothing any more"


def test_what_a_former_key_signs_after_the_start_stays_refused(db: Db, tmp_path: Path) -> None:
    """Whoever left with the former key may still write to the registry, and every start would sign for them."""
    made, new = Registry(tmp_path), "a new secret"
    before = made.add(seed=1)
    both = settings(db, made, f"{new},{SIGNING}")
    assert renew(db, both) == "1 versions signed with the new key"
    later = made.add(seed=2)  # tests sign with the former key
    assert unsettled(db, both) == [], "no start would settle it"
    assert renew(db, both) == "nothing to sign with a new key"
    made.registry._verifying_key = Signer(new).verifying_key
    made.registry.load(made.registry.version(before))
    assert "is not the trainer's" in refused(made, later)

    # Put back as the present key, it is none of the former any more: the next rotation signs what it signed.
    assert renew(db, settings(db, made)) == "nothing to sign with a new key"
    assert renew(db, settings(db, made, f"a newer secret,{SIGNING},{new}")) == "2 versions signed with the new key"
    assert db.appliance.count_documents({"_id": "former signing keys", "keys": Signer(new).verifying_key}) == 1
    made.registry._verifying_key = VERIFYING


def test_killed_between_two_versions_the_next_start_signs_the_rest(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, new = Registry(tmp_path), "a new secret"
    made.add(seed=1), made.add(seed=2)
    both, tag, done = settings(db, made, f"{new},{SIGNING}"), ModelRegistry.tag, list[str]()

    def killed(self: ModelRegistry, version: str, key: str, value: str) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(version)
        tag(self, version, key, value)

    with monkeypatch.context() as once:
        once.setattr(ModelRegistry, "tag", killed)
        with pytest.raises(KeyboardInterrupt):
            renew(db, both)
    assert len(unsettled(db, both)) == 1
    assert renew(db, both) == "1 versions signed with the new key"
    assert unsettled(db, both) == []


def test_a_key_that_never_signed_verifies_nothing(db: Db, tmp_path: Path) -> None:
    made = Registry(tmp_path)
    version = made.add(seed=1)
    assert renew(db, settings(db, made, "a new secret,another that never signed")).startswith("nothing")
    made.registry.load(made.registry.version(version))


def test_whether_a_canary_is_on_trial(db: Db, tmp_path: Path) -> None:
    made = Registry(tmp_path)
    champion, canary = made.add(seed=1), made.add(seed=2)
    asked = load(RotationSettings, environment(db, made))
    assert on_trial(db, asked) == []
    line = Succession(db, made.registry.name, made.registry, by="tests")
    line.promote(champion, why="the first")
    assert on_trial(db, asked) == []
    line.start_trial(canary, why="as good")
    assert on_trial(db, asked) == [f"prospect-scorer:{canary}"]
