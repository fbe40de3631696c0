"""A disk that is full is said so, and no other trouble is."""

from __future__ import annotations

import errno

import pytest

from core.errors import InputError
from core.files import disk
from core.sentences import Sentence


def test_a_full_disk_says_what_is_kept_and_what_to_do() -> None:
    with (
        pytest.raises(InputError, match="does not fit on the app's disk") as told,
        disk.report_full_disk(Sentence("Nothing was imported."), Sentence("Import it in parts.")),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (str(told.value.kept), str(told.value.next)) == ("Nothing was imported.", "Import it in parts.")


def test_what_else_a_disk_may_have_is_not_called_full() -> None:
    with (
        pytest.raises(PermissionError),
        disk.report_full_disk(Sentence("Nothing was imported."), Sentence("Import it in parts.")),
    ):
        raise PermissionError(errno.EACCES, "Permission denied")
