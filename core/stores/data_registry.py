"""The data registry: every dataset that a model was trained on, by tag.

A git repository of its own records the datasets, one commit and one tag each; DVC stores their content on S3. Both are
used as libraries, so no git executable is needed. Credentials stay in memory: a commit names only the bucket.

A process may be killed at any moment, because the content reaches S3 before the commit, and the tag comes last. So a
tag always has its content. The next run tags a commit without a tag and adopts content without a commit. A file lock,
which ends with its process, keeps writers apart.

A dataset that held an erased person is retired (`trainer.privacy.datasets`), and so is an old one that no model in use
needs: its content is gone. Its tag stays, so every model's lineage can be followed, and names the dataset that replaces
it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pygit2
import yaml
from botocore.exceptions import BotoCoreError, ClientError
from dvc.exceptions import DvcException
from dvc.repo import Repo
from filelock import FileLock

from core.clock import Clock, now
from core.errors import Conflict, NotFound, Unavailable
from core.settings.addresses import S3Settings

BRANCH, REMOTE = "refs/heads/main", "s3"
DATA, POINTER, FACTS = "dataset.parquet", "dataset.parquet.dvc", "dataset.json"
RETIRED = "retired.json"
RETENTION = "retention"
"""What an old dataset that was cleared names in the place of an erasure's receipt (`trainer.retention.datasets`)."""
CONTENT = "files/md5"
"""The folder of DVC's content by md5 (`ab/cdef…`), in the remote and in the cache."""
FIRST = (".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore")

logging.getLogger("dvc").setLevel(logging.WARNING)  # at INFO, DVC tells people which git commands to type next


@dataclass(frozen=True)
class Snapshot:
    """One dataset: tag, sha256 of the file, number of rows, further facts; once retired, the tag of its `successor`."""

    tag: str
    sha256: str
    rows: int
    facts: Mapping[str, str]
    successor: str = ""

    def text(self) -> str:
        """The snapshot as the commit stores it."""
        return _json({name: value for name, value in asdict(self).items() if name != "successor"})


class DataRegistry:
    """The repository at `path`, its content in the bucket for datasets. Several processes may use it at a time."""

    def __init__(self, path: Path, s3: S3Settings, *, lock_seconds: float = 300.0) -> None:
        self._path = path
        self._url = f"s3://{s3.s3_bucket_datasets}/dvc"
        self._remote = {
            "url": self._url,
            "endpointurl": s3.s3_endpoint_url,
            "access_key_id": s3.s3_access_key,
            "secret_access_key": s3.s3_secret_key.get_secret_value(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(path.with_name(path.name + ".lock"), timeout=lock_seconds)

    def ensure(self) -> None:
        """Create the repository if it is missing, and complete one whose creation was interrupted."""
        with self.writing():
            git = pygit2.init_repository(str(self._path), initial_head="main")
            if not git.head_is_unborn:
                return
            Repo.init(str(self._path), force=True).close()
            with Repo(str(self._path)) as dvc, dvc.config.edit(level="repo") as config:
                config["core"]["remote"] = REMOTE
                config["core"]["analytics"] = False
                config["remote"][REMOTE] = {"url": self._url}
            (self._path / ".gitignore").write_text(f"/{DATA}\n", encoding="utf-8")
            self._commit(git, "Start the data registry", now(), FIRST)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer. So git's own lock files in the repository are a killed writer's, and are removed."""
        with self._lock:
            for stale in (self._path / ".git").rglob("*.lock"):
                stale.unlink(missing_ok=True)
            yield

    def add(self, data: Path, *, rows: int, facts: Mapping[str, str] | None = None, clock: Clock = now) -> Snapshot:
        """Store the parquet file `data`, or find the snapshot with its content. Repeatable. Raises Unavailable."""
        self.ensure()
        digest = sha256(data)
        with self.writing():
            git = pygit2.Repository(str(self._path))
            self._tag_untagged(git)
            for snapshot in self.snapshots():
                if snapshot.sha256 == digest and not snapshot.successor:
                    return snapshot
            at = clock()
            snapshot = Snapshot(f"snapshot-{at:%Y%m%dT%H%M%SZ}-{digest[:8]}", digest, rows, dict(facts or {}))
            with reachable(), self._dvc() as dvc:
                shutil.copyfile(data, self._path / DATA)
                dvc.add(str(self._path / DATA))
                dvc.push(targets=[str(self._path / DATA)], remote=REMOTE)
            (self._path / FACTS).write_text(snapshot.text(), encoding="utf-8")
            self._commit(git, f"Keep {snapshot.tag}, {rows} rows", at, [POINTER, FACTS])
            self._tag_untagged(git)
            return snapshot

    def snapshots(self) -> list[Snapshot]:
        """All snapshots, the oldest first."""
        git = pygit2.Repository(str(self._path))
        prefix = "refs/tags/"
        tags = sorted(name.removeprefix(prefix) for name in git.references if name.startswith(prefix))
        return [self._at(git, tag) for tag in tags]

    def contents(self, *, receipt: str = "") -> dict[str, list[Snapshot]]:
        """The md5 of each content in DVC, with the snapshots that have it: unretired, or retired for `receipt`."""
        git, retired = pygit2.Repository(str(self._path)), self.retired()
        by_md5: dict[str, list[Snapshot]] = {}
        for snapshot in self.snapshots():
            if retired.get(snapshot.tag, {}).get("receipt", "") == receipt:
                pointer = yaml.safe_load((_commit_of(git, snapshot.tag).tree / POINTER).data)
                by_md5.setdefault(pointer["outs"][0]["md5"], []).append(snapshot)
        return by_md5

    def retire(self, successors: Mapping[str, str], *, receipt: str, clock: Clock = now) -> None:
        """Note the successor of each of these tags, for `receipt`. Safe to repeat."""
        with self.writing():
            git = pygit2.Repository(str(self._path))
            known = self.retired()
            at = clock()
            new = {
                tag: {"successor": successor, "receipt": receipt, "at": at.isoformat()}
                for tag, successor in successors.items()
                if tag not in known
            }
            if new:
                (self._path / RETIRED).write_text(_json(known | new), encoding="utf-8")
                self._commit(git, f"Retire {', '.join(sorted(new))}, for {receipt}", at, [RETIRED])

    def retired(self) -> dict[str, dict[str, str]]:
        """Every retired tag, with its `successor`, the `receipt` it was retired for, and the time `at` (ISO 8601)."""
        git = pygit2.Repository(str(self._path))
        if git.head_is_unborn or RETIRED not in (tree := git.head.peel(pygit2.Commit).tree):
            return {}
        known: dict[str, dict[str, str]] = json.loads((tree / RETIRED).data)
        return known

    def local(self) -> list[Path]:
        """The files on this machine that hold content: DVC's cache, and the dataset that was added last."""
        cache = (self._path / ".dvc" / "cache" / CONTENT).glob("*/*")
        return [path for path in (*cache, self._path / DATA) if path.is_file()]

    def checkout(self, tag: str, to: Path) -> Snapshot:
        """Write the dataset of `tag` to the file `to`, from S3 where this machine does not have it.

        Raises NotFound for an unknown or retired tag, Conflict when the content has changed, Unavailable.
        """
        git = pygit2.Repository(str(self._path))
        snapshot = self._at(git, tag)
        if snapshot.successor:
            if self.retired()[tag]["receipt"] == RETENTION:
                raise NotFound(
                    f"The dataset {tag} is old, and no model in use was made from it, so its content was removed.",
                    kept="Its tag and its figures; the outcomes are in the database.",
                    next=f"The next dataset that is kept is {snapshot.successor}.",
                )
            raise NotFound(
                f"The dataset {tag} held a person who was erased, so its content was removed.",
                kept="Its tag, its figures, and everybody else's rows.",
                next=f"These rows are in {snapshot.successor}.",
            )
        part = to.with_name(to.name + ".part")
        part.unlink(missing_ok=True)
        with reachable():
            Repo.get(str(self._path), DATA, out=str(part), rev=tag, remote=REMOTE, remote_config=self._remote)
        digest = sha256(part)
        if digest != snapshot.sha256:
            part.unlink()
            raise Conflict(
                f"The dataset {tag} has the sha256 {digest}, but {snapshot.sha256} was stored.",
                kept="Nothing was written.",
                next="Its object on S3 was changed; restore the bucket from a backup.",
            )
        part.replace(to)
        return snapshot

    def _dvc(self) -> Repo:
        config = {
            "remote": {REMOTE: self._remote},
            "core": {"site_cache_dir": str(self._path / ".dvc" / "tmp" / "site")},
        }
        return Repo(str(self._path), config=config)

    def _commit(self, git: pygit2.Repository, message: str, at: datetime, paths: Sequence[str]) -> None:
        git.index.read()
        for path in paths:
            git.index.add(path)
        git.index.write()
        parents = [] if git.head_is_unborn else [git.head.target]
        git.create_commit(BRANCH, _author(at), _author(at), message, git.index.write_tree(), parents)

    def _tag_untagged(self, git: pygit2.Repository) -> None:
        if git.head_is_unborn or FACTS not in git.head.peel(pygit2.Commit).tree:
            return
        commit = git.head.peel(pygit2.Commit)
        snapshot = _snapshot(commit)
        if f"refs/tags/{snapshot.tag}" not in git.references:
            at = datetime.fromtimestamp(commit.commit_time, UTC)
            git.create_tag(
                snapshot.tag, commit.id, pygit2.enums.ObjectType.COMMIT, _author(at), f"sha256 {snapshot.sha256}\n"
            )

    def _at(self, git: pygit2.Repository, tag: str) -> Snapshot:
        retired = self.retired().get(tag, {})
        return replace(_snapshot(_commit_of(git, tag)), successor=retired.get("successor", ""))


def sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _commit_of(git: pygit2.Repository, tag: str) -> pygit2.Commit:
    try:
        return git.references[f"refs/tags/{tag}"].peel(pygit2.Commit)
    except (KeyError, pygit2.InvalidSpecError):
        raise NotFound(f"The data registry has no dataset '{tag}'.", next="List its tags.") from None


def _snapshot(commit: pygit2.Commit) -> Snapshot:
    return Snapshot(**json.loads((commit.tree / FACTS).data))


def _author(at: datetime) -> pygit2.Signature:
    return pygit2.Signature("Callwise", "callwise@localhost", int(at.timestamp()), 0)


@contextmanager
def reachable() -> Iterator[None]:
    """Translate the errors of DVC and S3 into Unavailable."""
    try:
        yield
    except (DvcException, BotoCoreError, ClientError, OSError) as error:
        raise Unavailable(
            f"The dataset's content did not get through to or from S3: {error}.",
            kept="Every recorded snapshot is complete.",
            next="Run it again; it continues from there.",
        ) from error
