"""The disk for files in transit, at upload and export. It is small, and all sessions share it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import InputError
from core.sentences import Sentence


@contextmanager
def report_full_disk(kept: Sentence, what_next: Sentence) -> Iterator[None]:
    """Turns an error of a full disk into InputError, with what was kept and what to do next."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise InputError(Sentence("The file does not fit on the app's disk"), kept=kept, next=what_next) from error
