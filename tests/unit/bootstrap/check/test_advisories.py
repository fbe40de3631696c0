"""Pins with known advisories are found in OSV records as they are published, and in nothing else."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bootstrap.check.advisories import main, pins, records, search
from core.errors import InputError
from core.settings.group import ROOT

HASH = "    --hash=sha256:" + 64 * "0"


def starlette(
    id: str, alias: str, introduced: str, fixed: str, severity: str, impact: str, versions: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "schema_version": "1.7.3",
        "id": id,
        "modified": "2026-01-02T03:04:05Z",
        "aliases": [alias],
        "severity": [{"type": "CVSS_V3", "score": f"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:{impact}"}],
        "affected": [
            {
                "package": {"name": "starlette", "ecosystem": "PyPI", "purl": "pkg:pypi/starlette"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": introduced}, {"fixed": fixed}]}],
                "versions": list(versions),
            }
        ],
        "database_specific": {"severity": severity, "cwe_ids": ["CWE-407"]},
    }


RANGE_HEADER = starlette("GHSA-7f5h-v6xp-fcq8", "CVE-2025-62727", "0.39.0", "0.49.1", "HIGH", "H")
LARGE_FORM = starlette("GHSA-2c2j-9gv5-cj73", "CVE-2025-54121", "0", "0.47.2", "MODERATE", "L")
ELSEWHERE = {
    "id": "GHSA-0000-0000-0000", "modified": "2026-01-02T03:04:05Z",
    "affected": [{"package": {"name": "starlette", "ecosystem": "npm"}, "versions": ["0.46.2", "0.49.1"]}],
}  # fmt: skip


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "serving.txt").write_text(
        f"starlette==0.46.2 \\\n{HASH}\nzope-event==6.2 ; os_name == 'posix' \\\n{HASH}\n"
    )
    (folder / "middle.txt").write_text(f"starlette==0.48.0 \\\n{HASH}\n")
    (folder / "app.txt").write_text(f"starlette==0.49.1 \\\n{HASH}\n")
    return folder


def found(tmp_path: Path, locks: Path, *given: dict[str, Any]) -> list[tuple[str, str]]:
    path = tmp_path / "given.json"
    path.write_text(json.dumps(list(given)))
    return [(one.lock, one.advisory) for one in search(records(path), pins(locks))]


def test_a_pin_is_found_until_the_version_that_mends_it(tmp_path: Path, locks: Path) -> None:
    assert found(tmp_path, locks, RANGE_HEADER, LARGE_FORM, ELSEWHERE) == [
        ("middle.txt", "GHSA-7f5h-v6xp-fcq8"),
        ("serving.txt", "GHSA-2c2j-9gv5-cj73"),
        ("serving.txt", "GHSA-7f5h-v6xp-fcq8"),
    ]


def test_it_says_all_that_is_given_and_ends_with_1(
    tmp_path: Path, locks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(LARGE_FORM))
    assert main([str(path)], locks) == 1
    assert capsys.readouterr().out == (
        "serving.txt: starlette 0.46.2: GHSA-2c2j-9gv5-cj73 (CVE-2025-54121); "
        "severity moderate CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L; fixed in 0.47.2\n"
    )


def test_nothing_found_ends_with_0(tmp_path: Path, locks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({**RANGE_HEADER, "withdrawn": "2026-01-03T00:00:00Z"}))
    assert main([str(path)], locks) == 0
    assert "No advisory" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["list", "lines", "zip", "folder"])
def test_every_form_in_which_records_are_published(form: str, tmp_path: Path, locks: Path) -> None:
    both = {one["id"]: json.dumps(one) for one in (RANGE_HEADER, LARGE_FORM)}
    path = tmp_path / form
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in both.items():
                archive.writestr(f"PyPI/{name}.json", text)
    elif form == "folder":
        (path / "PyPI").mkdir(parents=True)
        for name, text in both.items():
            (path / "PyPI" / f"{name}.json").write_text(text)
    else:
        path.write_text(f"[{','.join(both.values())}]" if form == "list" else "\n".join(both.values()) + "\n")
    assert {one.advisory for one in search(records(path), pins(locks))} == both.keys()


@pytest.mark.parametrize(
    ("events", "hit"),
    [
        ([{"introduced": "0"}], True),
        ([{"introduced": "0.47"}], False),
        ([{"introduced": "0.46.2"}, {"fixed": "0.46.3"}], True),
        ([{"fixed": "0.46.2"}, {"introduced": "0"}], False),  # in any order
        ([{"introduced": "0"}, {"last_affected": "0.46.2"}], True),
        ([{"introduced": "0"}, {"last_affected": "0.46.1"}], False),
        ([{"introduced": "0"}, {"fixed": "0.40"}, {"introduced": "0.46.0"}, {"fixed": "0.47.2"}], True),
        ([{"introduced": "0"}, {"fixed": "0.40"}, {"introduced": "0.47"}], False),
        ([{"introduced": "0"}, {"limit": "0.46.2"}], False),
        ([{"introduced": "0"}, {"limit": "*"}], True),
    ],
)
def test_the_last_event_that_the_version_has_reached_decides(
    events: list[dict[str, str]], hit: bool, tmp_path: Path, locks: Path
) -> None:
    affected = [{**RANGE_HEADER["affected"][0], "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    assert (
        ("serving.txt", RANGE_HEADER["id"]) in found(tmp_path, locks, {**RANGE_HEADER, "affected": affected})
    ) == hit


def test_names_and_versions_are_compared_as_pypi_compares_them(tmp_path: Path, locks: Path) -> None:
    # "2004d" was a version once, and is none today.
    listed = [{"package": {"name": "Zope.Event", "ecosystem": "PyPI"}, "versions": ["2004d", "6.2.0"]}]
    assert found(tmp_path, locks, {**RANGE_HEADER, "affected": listed}) == [("serving.txt", RANGE_HEADER["id"])]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no advisory"),
        ("[]", "holds no advisory"),
        ("not json", "line 1 is not JSON"),
        ('{"vulns": []}', "is not a record in the OSV format: id"),
        ('[{"id": "A", "modified": "now"}, 3]', "is not a record in the OSV format: the record"),
        (json.dumps({**RANGE_HEADER, "affected": "all"}), "is not a record in the OSV format: affected"),
        (json.dumps(RANGE_HEADER).replace("0.39.0", "first"), "GHSA-7f5h-v6xp-fcq8 cannot be judged for starlette"),
    ],
)
def test_a_wrong_file_ends_with_2_and_says_what_is_wrong(
    text: str, said: str, tmp_path: Path, locks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text)
    assert main([str(path)], locks) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert not printed.out


def test_a_file_that_is_not_there_ends_with_2(tmp_path: Path, locks: Path) -> None:
    assert main([str(tmp_path / "none.json")], locks) == 2
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")], locks) == 2


def test_a_lock_that_is_none_is_said(tmp_path: Path, locks: Path) -> None:
    (locks / "app.txt").write_text("starlette>=0.40\n")
    with pytest.raises(InputError, match=r"app\.txt, line 1 is not a pin"):
        pins(locks)


def test_the_command_reads_the_real_locks(tmp_path: Path) -> None:
    path = tmp_path / "both.json"
    path.write_text(json.dumps([RANGE_HEADER, LARGE_FORM]))
    ran = subprocess.run([ROOT / "scripts" / "advisories", path], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "")
    # What MLServer holds back, and nothing else.
    assert {line.split(":")[0] for line in ran.stdout.splitlines()} == {"serving.txt", "serving-dev.txt"}
