"""`scripts/kind`: campaign kinds from the shell; a subcommand is a module with `define` and `run`."""

from __future__ import annotations

import argparse
import sys

from bootstrap.kinds import add, check, listing, propose, retire
from core.errors import CallwiseError

COMMANDS = {"propose": propose, "check": check, "add": add, "list": listing, "retire": retire}


def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 after an error, which is printed."""
    parser = argparse.ArgumentParser("scripts/kind", description="Campaign kinds: what an appliance calls about.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.define(commands.add_parser(name, help=module.HELP, description=module.HELP))
    options = parser.parse_args(argv)
    try:
        print(COMMANDS[options.command].run(options))
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
