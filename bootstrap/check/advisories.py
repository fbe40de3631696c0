"""Lists the pins with a known advisory, without the network: `python -m bootstrap.check.advisories FILE`.

FILE is a JSON file of OSV records (one record, a list, or one a line), or a zip or a folder of such files, like the OSV
database for PyPI. Format and rules: https://ossf.github.io/osv-schema/.

Exit codes: 0 no pin has a known advisory; 1 some have; 2 FILE is wrong, or a record cannot be judged.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, Field, ValidationError

from core.errors import CallwiseError, InputError
from core.settings.group import ROOT

FOLDER = ROOT / "requirements"
BEGINNING = "0"
"""OSV's name for a version below all others."""


class Package(BaseModel):
    """The package that an advisory is about."""

    ecosystem: str
    name: str


class Range(BaseModel):
    """Versions between events; each event is one of introduced, fixed, last_affected and limit."""

    type: str
    events: list[Annotated[dict[str, str], Field(min_length=1, max_length=1)]]


class Severity(BaseModel):
    """A score, as a CVSS vector."""

    type: str
    score: str


class Affected(BaseModel):
    """One package and its affected versions."""

    package: Package | None = None
    ranges: list[Range] = []
    versions: list[str] = []
    severity: list[Severity] = []


class Record(BaseModel):
    """One advisory, with the fields that are read here."""

    id: str
    modified: str
    aliases: list[str] = []
    withdrawn: str | None = None
    severity: list[Severity] = []
    database_specific: dict[str, Any] = {}
    affected: list[Affected] = []


@dataclass(frozen=True)
class Finding:
    """One pin of one lock with one advisory. `severity` and `fixed` are empty if the record has none."""

    lock: str
    package: str
    version: str
    advisory: str
    aliases: tuple[str, ...]
    severity: str
    fixed: str

    def __str__(self) -> str:
        also = f" ({', '.join(self.aliases)})" if self.aliases else ""
        severity = f"; severity {self.severity}" if self.severity else ""
        fixed = f"fixed in {self.fixed}" if self.fixed else "no fixed version is known"
        return f"{self.lock}: {self.package} {self.version}: {self.advisory}{also}{severity}; {fixed}"


def pins(folder: Path) -> dict[str, dict[str, list[str]]]:
    """The locks in `folder` by package and version: `{"starlette": {"0.46.2": ["serving.txt"]}}`.

    Raises InputError if there is no lock, or if a line is neither a pin nor a hash of one.
    """
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            words = line.rstrip("\\").strip()
            if not words or words.startswith(("--hash=", "#")):
                continue
            try:
                pin = Requirement(words)
                (version,) = [clause.version for clause in pin.specifier if clause.operator == "=="]
            except (InvalidRequirement, ValueError) as error:
                raise InputError(f"{path.name}, line {number} is not a pin: {words}") from error
            found[canonicalize_name(pin.name)][version].append(path.name)
    if not found:
        raise InputError(f"There is no pin in {folder}.")
    return {name: dict(versions) for name, versions in found.items()}


def records(source: Path) -> Iterator[Record]:
    """All advisories in `source`. Raises InputError, naming the file, if one is not in the OSV format."""
    count = 0
    for name, text in _texts(source):
        for value in _values(name, text):
            try:
                yield Record.model_validate(value)
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"]) or "the record"
                raise InputError(f"{name} is not a record in the OSV format: {place}: {first['msg']}") from error
            count += 1
    if not count:
        raise InputError(f"{source} holds no advisory, so the pins were not checked.")


def _texts(source: Path) -> Iterator[tuple[str, str]]:
    """Name and content of each JSON file in a folder, in a zip, or of `source` itself."""
    try:
        if source.is_dir():
            for path in sorted(source.rglob("*.json")):
                yield str(path), path.read_text(encoding="utf-8")
        elif zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                for name in archive.namelist():
                    if name.endswith(".json"):
                        yield f"{source}: {name}", archive.read(name).decode("utf-8")
        else:
            yield str(source), source.read_text(encoding="utf-8")
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise InputError(f"{source} cannot be read: {error}") from error


def _values(name: str, text: str) -> Iterator[object]:
    """The records of one file: one, a list, or one a line."""
    try:
        whole = json.loads(text)
    except ValueError:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise InputError(f"{name}, line {number} is not JSON: {error}") from error
    else:
        yield from whole if isinstance(whole, list) else [whole]


def search(known: Iterator[Record], pinned: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Finding]:
    """The advisories for the pins, in the order of locks and packages.

    Raises InputError if an advisory for a pinned package has a version that cannot be compared.
    """
    found: set[Finding] = set()
    for record in known:
        if record.withdrawn:
            continue
        for affected in record.affected:
            if affected.package is None or affected.package.ecosystem.split(":")[0] != "PyPI":
                continue
            name = canonicalize_name(affected.package.name)
            for version, locks in pinned.get(name, {}).items():
                try:
                    hit, fixed = _judge(affected, Version(version))
                except InvalidVersion as error:
                    raise InputError(f"{record.id} cannot be judged for {name} {version}: {error}") from error
                if hit:
                    severity = _severity(record, affected)
                    aliases = tuple(record.aliases)
                    found |= {Finding(lock, name, version, record.id, aliases, severity, fixed) for lock in locks}
    return sorted(found, key=lambda finding: (finding.lock, finding.package, finding.advisory))


def _judge(affected: Affected, version: Version) -> tuple[bool, str]:
    """Whether `version` is affected, and the first fixed version after it, or an empty string."""
    ranges = [span for span in affected.ranges if span.type in {"ECOSYSTEM", "SEMVER"}]
    hit = any(_within(span, version) for span in ranges) or _listed(affected.versions, version)
    fixes = (Version(event["fixed"]) for span in ranges for event in span.events if "fixed" in event)
    return hit, str(min((fix for fix in fixes if fix > version), default=""))


def _within(span: Range, version: Version) -> bool:
    """The rule of the OSV schema (section "Evaluation"): the last event that `version` has reached decides."""
    limits = [event["limit"] for event in span.events if "limit" in event]
    if limits and not any(limit == "*" or version < Version(limit) for limit in limits):
        return False
    affected = False
    for event in sorted((event for event in span.events if "limit" not in event), key=_order):
        ((kind, value),) = event.items()
        if kind == "introduced" and (value == BEGINNING or version >= Version(value)):
            affected = True
        elif (kind == "fixed" and version >= Version(value)) or (kind == "last_affected" and version > Version(value)):
            affected = False
    return affected


def _order(event: Mapping[str, str]) -> tuple[bool, Version]:
    """Sort by version; "0" comes before all others, also before 0.dev1."""
    (value,) = event.values()
    return value != BEGINNING, Version(value)


def _listed(versions: Sequence[str], version: Version) -> bool:
    """Whether `version` is one of `versions`. Old ones may be invalid by today's rules, and then match no pin."""
    for text in versions:
        try:
            if Version(text) == version:
                return True
        except InvalidVersion:
            continue
    return False


def _severity(record: Record, affected: Affected) -> str:
    """The database's own word and the vectors, if the record has them."""
    word = record.database_specific.get("severity")
    vectors = [severity.score for severity in (record.severity or affected.severity)]
    return " ".join([*([str(word).lower()] if word else []), *vectors])


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Print the findings; returns the exit code."""
    parser = argparse.ArgumentParser("scripts/advisories", description="Lists the pins with a known advisory.")
    parser.add_argument("file", type=Path, metavar="FILE", help="OSV records: JSON, JSON lines, or a zip or folder")
    source: Path = parser.parse_args(arguments).file
    try:
        pinned = pins(folder)
        found = search(records(source), pinned)
    except CallwiseError as error:
        print(f"scripts/advisories: {error.what}", file=sys.stderr)
        return 2
    for finding in found:
        print(finding)
    if not found:
        print(f"No advisory in {source} is about one of the {len(pinned)} pinned packages' versions.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
