"""deploy/make-secrets: every secret is made once, kept in every case, and seen by its own services alone."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from core.settings.group import ROOT
from core.settings.group import UNSAFE_SECRETS as UNSAFE

Folders = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The program as a module; it has no ending, because it is a command in the images."""
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    spec = spec_from_loader("make_secrets", SourceFileLoader("make_secrets", str(ROOT / "deploy/make-secrets")))
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


@pytest.fixture
def root(tmp_path: Path, program: ModuleType) -> Path:
    """The volumes as the engine makes them: empty, without those of other compose files."""
    for name in {program.STORE, *program.GIVEN} - program.ELSEWHERE:
        (tmp_path / name).mkdir()
    return tmp_path


def content(root: Path) -> Folders:
    return {folder.name: {path.name: path.read_text() for path in folder.iterdir()} for folder in root.iterdir()}


def test_every_secret_of_the_example_is_made_here(program: ModuleType) -> None:
    first = (ROOT / ".env.example").read_text().partition("# === the services' settings")[0]
    assert set(re.findall(r"^([A-Z0-9_]+)=$", first, re.MULTILINE)) == set(program.LENGTHS)


def test_a_new_appliance_gets_secrets_of_its_own(
    program: ModuleType, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = program.hand_out({}, root)
    found = content(root)["store"]
    assert found.keys() == program.LENGTHS.keys()
    assert all(re.fullmatch(r"[A-Za-z0-9]{20,}", value) and value.lower() not in UNSAFE for value in found.values())
    assert len(set(found.values())) == len(found)
    assert not any(value in " ".join(said) for value in found.values()), "the log has names alone"
    other = tmp_path_factory.mktemp("other")
    for name in content(root):
        (other / name).mkdir()
    program.hand_out({}, other)
    assert not set(found.values()) & set(content(other)["store"].values())


def test_each_folder_has_the_secrets_of_its_service_and_no_other(program: ModuleType, root: Path) -> None:
    program.hand_out({}, root)
    folders = content(root)
    secrets = folders.pop("store")
    assert folders.pop("backup") == secrets, "it keeps all of them"
    for service, files in folders.items():
        assert files.keys() == program.GIVEN[service].keys()
        used = {name for name in secrets if any(f"{{{name}" in form for form in program.GIVEN[service].values())}
        text = "\n".join(files.values())
        assert {name for name, value in secrets.items() if value in text} == used
    assert folders["monitor"] == {"PREFECT_API_AUTH_STRING": f"callwise:{secrets['PREFECT_PASSWORD']}"}
    assert folders["mongo"] == {"MONGO_INITDB_ROOT_PASSWORD": secrets["MONGO_ROOT_PASSWORD"]}


def test_files_are_for_their_owner_and_its_group_and_nobody_writes_them(program: ModuleType, root: Path) -> None:
    program.hand_out({}, root)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in root.glob("*/*")}
    assert modes == {0o440}


def test_a_second_start_changes_nothing(program: ModuleType, root: Path) -> None:
    program.hand_out({}, root)
    before, inodes = content(root), {path: path.stat().st_ino for path in root.glob("*/*")}
    assert program.hand_out({}, root) == ["every service has its secrets"]
    assert content(root) == before
    assert {path: path.stat().st_ino for path in root.glob("*/*")} == inodes


def test_what_env_names_wins_and_the_rest_stays(program: ModuleType, root: Path) -> None:
    program.hand_out({}, root)
    before = content(root)["store"]
    said = program.hand_out({"CALLWISE_ERASURE_KEY": "new,former", "PREFECT_PASSWORD": "", "PATH": "/bin"}, root)
    after = content(root)
    kept = {name: text for name, text in after["store"].items() if ".before-" in name}
    assert after["store"] == before | kept | {"CALLWISE_ERASURE_KEY": "new,former"}
    assert list(kept.values()) == [before["CALLWISE_ERASURE_KEY"]], "it may be the only key of what is stored"
    assert after["app"]["CALLWISE_ERASURE_KEY"] == after["backup"]["CALLWISE_ERASURE_KEY"] == "new,former"
    assert said == [
        "replaced by .env: CALLWISE_ERASURE_KEY; the former are in the volume callwise_secrets",
        "new files for: bootstrap prefect-worker api app backup restore",
    ]
    longer = {"CALLWISE_ERASURE_KEY": "newest,new,former", "PREFECT_PASSWORD": "another"}
    assert len(program.hand_out(longer, root)) == 1, "the former is in the list, and a password opens nothing stored"
    program.hand_out({"CALLWISE_ERASURE_KEY": "new,former"}, root)
    after = content(root)
    program.hand_out({}, root)
    assert content(root) == after, "it stays when .env is lost"


def test_a_password_is_written_so_that_an_address_can_have_it(program: ModuleType, root: Path) -> None:
    program.hand_out({"MONGO_ROOT_PASSWORD": "a/b@c:d"}, root)
    files = content(root)
    assert files["restore"]["MONGODB_URI"] == "mongodb://root:a%2Fb%40c%3Ad@mongo:27017/?authSource=admin"
    assert files["mongo"]["MONGO_INITDB_ROOT_PASSWORD"] == "a/b@c:d"


@pytest.mark.parametrize("lost", ["store", "backup", "app"])
def test_a_volume_that_was_lost_is_filled_again_with_the_same(program: ModuleType, root: Path, lost: str) -> None:
    program.hand_out({}, root)
    before = content(root)
    for path in (root / lost).iterdir():
        path.unlink()
    program.hand_out({}, root)
    assert content(root) == before


def test_what_an_earlier_release_gave_a_service_goes_and_no_secret_of_a_later_one(
    program: ModuleType, root: Path
) -> None:
    program.hand_out({}, root)
    (root / "monitor" / "CALLWISE_ERASURE_KEY").write_text("of an earlier release")
    (root / "store" / "CALLWISE_LATER_KEY").write_text("of a later release, which was taken back")
    program.hand_out({}, root)
    assert content(root)["monitor"].keys() == program.GIVEN["monitor"].keys()
    assert "CALLWISE_LATER_KEY" in content(root)["store"]


def stops(after: int, real: Callable[..., None]) -> Callable[..., None]:
    """A rename that is never reached the `after`th time, as if the process had been killed."""
    left = [after]

    def replace(*words: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        real(*words)

    return replace


@pytest.mark.parametrize("at", [0, 1, 6, 12, 13, 20, 35])
def test_killed_at_any_place_the_next_start_goes_on(
    program: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", stops(at, os.replace))
        with pytest.raises(KeyboardInterrupt):
            program.hand_out({}, root)
    half = {name: value for name, value in content(root)["store"].items() if not name.startswith(".")}
    seen = {folder: files for folder, files in content(root).items() if folder != "store"}
    program.hand_out({}, root)
    whole = content(root)
    assert half.items() <= whole["store"].items(), "a secret that is there is never made again"
    for folder, files in seen.items():
        assert {k: v for k, v in files.items() if not k.startswith(".")}.items() <= whole[folder].items()
    assert not list(root.glob("*/.new-*"))


def test_a_folder_of_somebody_else_s_is_named(program: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "app").rmdir()
    monkeypatch.setattr(program, "ROOT", root)
    monkeypatch.setattr(program.hand_out, "__defaults__", (root,))
    fault = program.main([])
    assert str(root / "app") in fault
    assert "must belong to user 10001" in fault
    assert program.main(["show"]) == "there is no command 'show': make-secrets [password]"


def test_the_first_password_is_printed_by_one_command(
    program: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "ROOT", root)
    assert "there are no secrets yet" in program.main(["password"])
    program.hand_out({}, root)
    assert program.main(["password"]) is None
    assert capsys.readouterr().out == content(root)["store"]["ADMIN_PASSWORD"] + "\n"


# --- who reads them ------------------------------------------------------------------------------------------------


def become(folder: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "deploy/with-account", *command], capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "SECRETS_FOLDER": str(folder), **env},
    )  # fmt: skip


def test_a_service_finds_its_files_as_variables(tmp_path: Path) -> None:
    values = {"CALLWISE_KEY": "a b'c\"$d\\", "MONGODB_URI": "mongodb://root:a%2Fb@mongo/?x=1&y=2"}
    for name, value in values.items():
        (tmp_path / name).write_text(value)
    (tmp_path / ".new-abc").write_text("of a run that was killed")
    done = become(tmp_path, "sh", "-c", 'printf "%s\n%s" "$CALLWISE_KEY" "$MONGODB_URI"')
    assert done.stdout.split("\n") == list(values.values())


def test_a_service_without_its_files_does_not_start_and_says_what_makes_them(tmp_path: Path) -> None:
    done = become(tmp_path, "true")
    assert done.returncode == 1
    assert "docker compose up secrets" in done.stderr
    assert become(tmp_path, "true", SECRETS_FOLDER="").returncode == 0
