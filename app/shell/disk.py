"""The disk that files are made on while they come in or go out: small, and shared by everybody's sessions."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import InputError
from core.sentences import Sentence


@contextmanager
def room(kept: Sentence, what_next: Sentence) -> Iterator[None]:
    """Say what to do where the disk is full. Raises InputError."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise InputError(Sentence("The file does not fit on the app's disk"), kept=kept, next=what_next) from error
