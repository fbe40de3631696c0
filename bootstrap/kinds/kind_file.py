"""A kind's YAML file as an argument of a command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.schema.checked_yaml import unusable_file


def define(parser: argparse.ArgumentParser) -> None:
    """Add the file, and the name that it has for people where it comes from standard input."""
    parser.add_argument("file", metavar="KIND.yaml", help="the kind's file; - reads standard input")
    parser.add_argument("--called", metavar="NAME", help=argparse.SUPPRESS)


def read(options: argparse.Namespace) -> tuple[str, str]:
    """The file's text, and what it is called in messages. Raises SchemaError."""
    what = f"campaign kind {options.called or options.file}"
    try:
        raw = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
        return raw.decode("utf-8"), what
    except OSError as error:
        raise unusable_file(f"The {what} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise unusable_file(f"The {what} cannot be read: it is not UTF-8 (byte {error.start + 1}).") from error
