"""Versions of a git checkout: which one is meant, what speaks against it, and the change from one to the other."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bootstrap.upgrade.checkout import Checkout, Version
from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.halts import FILE
from bootstrap.upgrade.refusals import Refused, StepFailed


class Repository:
    """A git repository with one file `code`, and its commits by name."""

    def __init__(self, root: Path) -> None:
        self.root, self.commits = root, dict[str, str]()
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Tests")
        self.git("config", "user.email", "tests@example.org")
        self.checkout = Checkout(root, Commands(root, root.parent / "log"))

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, name: str, **files: str) -> Version:
        named = {key.replace("__", "/"): text for key, text in files.items()}
        for path, text in {"code": name, **named}.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", name)
        return Version(name, self.git("rev-parse", "HEAD"))

    def tag(self, name: str, **files: str) -> Version:
        version = self.commit(name, **files)
        self.git("tag", name)
        return version


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "here")


def rules(repository: Repository, present: Version, wanted: Version) -> list[str]:
    return [refusal.rule for refusal in repository.checkout.refusals(present, wanted)]


def test_without_a_name_the_newest_release_is_meant(repository: Repository) -> None:
    repository.commit("first")
    with pytest.raises(Refused, match="git has no tag"):
        repository.checkout.wanted(None)
    repository.tag("v1.9")
    newest = repository.tag("v1.10")
    repository.tag("trainer-v9.0")  # of one service alone
    candidate = repository.tag("v2.0-rc1")
    repository.tag("2.0rc2")
    assert repository.checkout.wanted(None) == newest
    assert repository.checkout.wanted("v2.0-rc1") == candidate
    with pytest.raises(Refused, match="git knows no version v7"):
        repository.checkout.wanted("v7")


def test_a_tag_a_branch_and_a_commit_are_versions(repository: Repository) -> None:
    first = repository.tag("v1")
    second = repository.commit("second")
    assert repository.checkout.wanted("v1").commit == first.commit
    assert repository.checkout.wanted("main").commit == second.commit
    assert repository.checkout.wanted(second.commit[:10]).commit == second.commit
    assert repository.checkout.present() == Version("main", second.commit)


def test_a_branch_is_that_of_the_remote_after_a_fetch(repository: Repository, tmp_path: Path) -> None:
    repository.commit("first")
    subprocess.run(["git", "clone", "--quiet", str(repository.root), str(tmp_path / "clone")], check=True)
    clone = Checkout(tmp_path / "clone", Commands(tmp_path / "clone", tmp_path / "log"))
    second = repository.tag("v2")
    assert clone.wanted("main").commit == second.commit
    assert clone.wanted(None) == second


def test_what_is_not_newer_is_refused(repository: Repository) -> None:
    first = repository.tag("v1")
    repository.git("checkout", "--quiet", "-b", "other")
    other = repository.commit("another way")
    repository.git("checkout", "--quiet", "main")
    second = repository.tag("v2")
    assert rules(repository, second, second) == ["newer"]
    assert rules(repository, second, first) == ["newer"]
    assert rules(repository, second, other) == ["newer"]
    assert rules(repository, first, second) == []


def test_changed_files_and_files_in_the_way_are_refused(repository: Repository) -> None:
    first = repository.tag("v1")
    second = repository.tag("v2", added="by git")
    repository.checkout.switch(first)
    (repository.root / "code").write_text("changed by hand")
    (repository.root / "added").write_text("a person's")
    (repository.root / "of-mine").write_text("nobody minds")
    found = repository.checkout.refusals(first, second)
    assert [refusal.rule for refusal in found] == ["checkout", "checkout"]
    assert "code" in found[0].what
    assert "added" in found[1].what


def test_a_git_that_fails_does_not_count_as_nothing_changed(repository: Repository) -> None:
    first = repository.tag("v1")
    second = repository.tag("v2")
    repository.checkout.switch(first)
    (repository.root / "code").write_text("changed by hand")
    (repository.root / ".git" / "index").write_text("broken")
    with pytest.raises(StepFailed, match="git status"):
        repository.checkout.refusals(first, second)


def test_a_version_that_may_not_be_skipped_is_named(repository: Repository) -> None:
    first = repository.tag("v1")
    second = repository.tag("v2")
    (repository.root / FILE).parent.mkdir()
    (repository.root / FILE).write_text("v2 it turns the keys\n")
    third = repository.tag("v3")
    repository.checkout.switch(first)
    [refusal] = repository.checkout.refusals(first, third)
    assert (refusal.rule, refusal.next) == ("steps", "scripts/upgrade v2 first")
    assert "it turns the keys" in refusal.what
    assert rules(repository, first, second) == []
    assert rules(repository, second, third) == []


def test_the_change_is_complete_after_half_of_it_and_leads_back(repository: Repository) -> None:
    first = repository.tag("v1")
    second = repository.tag("v2", added="new")
    third = repository.commit("third")
    repository.checkout.switch(first)
    (repository.root / "code").write_text("half")  # as a git that was killed leaves it
    (repository.root / ".git" / "index.lock").write_text("")
    repository.checkout.switch(second)
    assert ((repository.root / "code").read_text(), (repository.root / "added").read_text()) == ("v2", "new")
    assert repository.git("status", "--porcelain") == ""
    repository.checkout.switch(Version("main", third.commit))
    assert repository.checkout.present() == Version("main", third.commit)  # on its branch again


def test_the_wanted_version_lies_beside_while_it_is_prepared(repository: Repository, tmp_path: Path) -> None:
    first = repository.tag("v1")
    second = repository.tag("v2", requirements__core="pins")
    repository.checkout.switch(first)
    for _ in range(2):  # also over what a killed one left
        repository.checkout.unpack(second, tmp_path / "next")
        assert (tmp_path / "next" / "code").read_text() == "v2"
    assert repository.checkout.text(second, "code") == "v2"
    assert repository.checkout.text(second, "nowhere") == ""
    assert not repository.checkout.same_pins(first, second)
    assert repository.checkout.same_pins(second, second)
    repository.checkout.remove(tmp_path / "next")
    assert not (tmp_path / "next").exists()
    assert repository.checkout.exists
    assert not Checkout(tmp_path, Commands(tmp_path, tmp_path / "log")).exists


@pytest.mark.parametrize("left", ["locked", "locked without its folder", "a folder git does not know"])
def test_a_version_is_unpacked_over_what_a_killed_git_left(repository: Repository, tmp_path: Path, left: str) -> None:
    version, folder = repository.tag("v1"), tmp_path / "next"
    if left.startswith("locked"):
        repository.git("worktree", "add", "--quiet", "--detach", "--lock", "--reason", "initializing", str(folder))
    else:
        folder.mkdir()
        (folder / "code").write_text("half")
    if left == "locked without its folder":
        shutil.rmtree(folder)
    repository.checkout.unpack(version, folder)
    assert (folder / "code").read_text() == "v1"
    repository.checkout.remove(folder)
    assert not folder.exists()
    assert repository.git("worktree", "list").count("\n") == 0


def test_a_folder_that_stays_is_said(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.tag("v1")
    (tmp_path / "next").mkdir()
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # as where files belong to another user
    with pytest.raises(StepFailed, match="next cannot be removed"):
        repository.checkout.remove(tmp_path / "next")


def test_images_of_two_versions_have_two_tags() -> None:
    one, other = Version("main", "a" * 40), Version("main", "b" * 40)
    assert one.image_tag != other.image_tag
    assert Version("feature/x y", "c" * 40).image_tag == f"feature-x-y-{'c' * 12}"
