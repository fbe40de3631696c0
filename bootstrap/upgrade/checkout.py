"""The code of the appliance as a git checkout: which version it is, which is wanted, and the change between them."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from bootstrap.upgrade import halts
from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.refusals import Refusal, StepFailed, refuse

RELEASE = re.compile(r"v?\d+(\.\d+)*")
"""A tag of the whole appliance. Those of single services begin with their name; a candidate's is to be named."""
PINS = "requirements"

_ALSO_LOCKED = ("--force", "--force")
"""A `git worktree add` that was killed leaves its folder locked."""


@dataclass(frozen=True)
class Version:
    """A version: its name for people, and its commit."""

    name: str
    commit: str

    @property
    def image_tag(self) -> str:
        """The tag of its images: another one for each commit, so that those of before stay."""
        return re.sub(r"[^A-Za-z0-9_.-]", "-", f"{self.name[:40].lstrip('.-')}-{self.commit[:12]}").lstrip("-")


class Checkout:
    """The git checkout in the folder `root`."""

    def __init__(self, root: Path, commands: Commands) -> None:
        self.root, self._commands = root, commands

    @property
    def exists(self) -> bool:
        """Whether `root` itself is a checkout."""
        status, top = self._git("rev-parse", "--show-toplevel")
        return status == 0 and Path(top.strip()).resolve() == self.root.resolve()

    def present(self) -> Version:
        """The version that is checked out."""
        commit = self._must("rev-parse", "HEAD").strip()
        status, branch = self._git("symbolic-ref", "--short", "-q", "HEAD")
        return Version(branch.strip() if status == 0 else self._described(commit), commit)

    def wanted(self, name: str | None) -> Version:
        """The version `name` (a tag, a branch, a commit); without a name, the newest tag, after a fetch.

        A branch is that of the remote, if that has one: the local one may be behind. Raises Refused.
        """
        if self._git("remote")[1].strip():
            self._commands.ask("git", "fetch", "--tags", "--quiet")  # without a network, what is here counts
        if name is None:
            tags = [tag for tag in self._git("tag", "--list", "--sort=-version:refname")[1].split() if _is_release(tag)]
            if not tags:
                raise refuse("version", "there is no release to upgrade to: git has no tag", "scripts/upgrade VERSION")
            name = tags[0]
        for form in (f"refs/tags/{name}", f"refs/remotes/origin/{name}", name):
            status, commit = self._git("rev-parse", "--verify", "--quiet", f"{form}^{{commit}}")
            if status == 0:
                return Version(name, commit.strip())
        raise refuse("version", f"git knows no version {name}", "name a tag, a branch or a commit; git tag lists tags")

    def refusals(self, present: Version, wanted: Version) -> list[Refusal]:
        """What speaks against changing from `present` to `wanted`. Raises StepFailed if git does not say it."""
        if present.commit == wanted.commit:
            return [Refusal("newer", f"{wanted.name} is here already", "nothing is to be done")]
        found = []
        if not self.has(present.commit, wanted.commit):
            found.append(
                Refusal(
                    "newer",
                    f"{wanted.name} does not follow on what is here ({present.name}, {present.commit[:12]})",
                    "name a newer version; for an older one, restore a backup of it",
                )
            )
        found += self.in_the_way(present, wanted)
        status, text = self._git("show", f"{wanted.commit}:{halts.FILE}")
        halt = halts.refusal(
            halts.read(text) if status == 0 else [],
            reached=lambda version: self.has(version, present.commit),
            passed=lambda version: self.has(version, wanted.commit) and self._commit(version) != wanted.commit,
        )
        return [*found, *([halt] if halt else [])]

    def in_the_way(self, present: Version, wanted: Version) -> list[Refusal]:
        """The work of a person that a switch from `present` to `wanted` would overwrite. Raises StepFailed."""
        found = []
        if changed := self._must("status", "--porcelain", "--untracked-files=no").rstrip().splitlines():
            names = ", ".join(line[3:] for line in changed[:5])
            found.append(Refusal("checkout", f"files are changed here: {names}", "git stash, or commit them"))
        added = self._must("diff", "--name-only", "--diff-filter=A", present.commit, wanted.commit).splitlines()
        if lying := [name for name in added if (self.root / name).exists()]:
            found.append(Refusal("checkout", f"in the way of new files: {', '.join(lying[:5])}", "move them away"))
        return found

    def has(self, earlier: str, later: str) -> bool:
        """Whether the commit `earlier` is in the past of `later`, or is that."""
        return self._git("merge-base", "--is-ancestor", earlier, later)[0] == 0

    def same_pins(self, one: Version, other: Version) -> bool:
        """Whether both versions need the same packages."""
        return self._git("diff", "--quiet", one.commit, other.commit, "--", PINS, "scripts/install")[0] == 0

    def text(self, version: Version, name: str) -> str:
        """The file `name` of a version; "" if it has none."""
        status, text = self._git("show", f"{version.commit}:{name}")
        return text if status == 0 else ""

    def unpack(self, version: Version, folder: Path) -> None:
        """Check `version` out into `folder` as well, beside what is here. Raises StepFailed."""
        self.remove(folder)
        self._commands.run("git", "worktree", "add", *_ALSO_LOCKED, "--detach", str(folder), version.commit)

    def remove(self, folder: Path) -> None:
        """Remove what `unpack` made, or a part of it. Raises StepFailed if it stays."""
        self._commands.ask("git", "worktree", "remove", *_ALSO_LOCKED, str(folder))
        shutil.rmtree(folder, ignore_errors=True)  # git leaves what it does not know as a worktree
        if folder.exists():
            raise StepFailed(f"{folder} cannot be removed: remove it by hand")
        self._commands.ask("git", "worktree", "prune")

    def switch(self, version: Version) -> None:
        """Check `version` out here, also over half of a switch that was killed. Raises StepFailed."""
        lock = self._must("rev-parse", "--git-path", "index.lock").strip()
        (self.root / lock).unlink(missing_ok=True)  # of the git that was killed with us; the upgrade has its own lock
        branch = ["checkout", "--force", "--quiet", version.name]
        status, commit = self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{version.name}^{{commit}}")
        if not (status == 0 and commit.strip() == version.commit):
            branch = ["checkout", "--force", "--quiet", "--detach", version.commit]
        self._commands.run("git", *branch)

    def _described(self, commit: str) -> str:
        status, name = self._git("describe", "--tags", "--exact-match", commit)
        return name.strip() if status == 0 else commit[:12]

    def _commit(self, version: str) -> str:
        return self._git("rev-parse", "--verify", "--quiet", f"{version}^{{commit}}")[1].strip()

    def _git(self, *words: str) -> tuple[int, str]:
        return self._commands.output("git", *words)

    def _must(self, *words: str) -> str:
        status, text = self._git(*words)
        if status:
            raise StepFailed(f"git {' '.join(words)} ended with status {status}")
        return text


def _is_release(tag: str) -> bool:
    return RELEASE.fullmatch(tag) is not None
