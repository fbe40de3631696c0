"""docs/security.md: each threat names tests that are there."""

import re

from core.settings.group import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ")
][1:]


def test_each_threat_is_tied_to_a_test() -> None:
    assert len(ROWS) > 10
    known = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    before: list[str] = []
    for who, holds, tests in ROWS:
        named = re.findall(r"`([^`]+)`", tests)
        assert who
        assert holds
        assert named or (tests.startswith("the same") and before), f"no test for: {who}"
        for one in named:
            assert (ROOT / one).is_file() if "/" in one else one in known, f"there is no {one}"
        before = named or before
