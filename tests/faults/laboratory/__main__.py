"""`scripts/test faults --json OUT`: an appliance under load, one fault after the other, and what came of it.

    --only WORD …   the faults whose names have one of these words
    --from NAME     begin with this fault, as after a run that was ended
    --short         those of each run of the suite
    --gone SECONDS  how long what is gone is gone (default: 60)
    --list          the names

The figures: `injected` faults, what was `acknowledged` meanwhile, and of it `lost` and `doubled`; people who were
`claimed_twice` or called `against_wish`; answers to the load that were `wrong`, as no fault may make them; and of each
fault the seconds from its end until all was well (`healed_s`). `findings` has all of them in words.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.faults.laboratory.course import BAD, Course, every_fault


def main(arguments: list[str] | None = None) -> int:
    """Run the faults; 1 if one did not heal, or if anything was lost, doubled, wrong or against the rules."""
    parser = argparse.ArgumentParser(
        "scripts/test faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--from", dest="first", default="")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--gone", type=float, default=60.0)
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args(arguments)
    chosen = [
        fault
        for fault in every_fault()
        if (fault.short or not asked.short) and (not asked.only or any(word in fault.name for word in asked.only))
    ]
    names = [fault.name for fault in chosen]
    if unknown := [word for word in asked.only if not any(word in fault.name for fault in every_fault())]:
        parser.error(f"no fault has {' or '.join(map(repr, unknown))} in its name; --list has all names")
    if not names:
        parser.error("--short has no fault with these words in its name; --short --list names them")
    if asked.first and asked.first not in names:
        parser.error(f"--from {asked.first!r} is none of the chosen faults; --list has their names")
    chosen = chosen[names.index(asked.first) if asked.first else 0 :]
    if asked.list:
        print("\n".join(fault.name for fault in chosen))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and end the appliance first
    with tempfile.TemporaryDirectory(prefix="callwise-faults-") as folder:
        course = Course(Path(folder), gone_seconds=asked.gone, short=asked.short, out=asked.json)
        figures = course.run(chosen)
    print(json.dumps({name: value for name, value in figures.items() if name not in ("faults", "findings")}))
    return int(any(figures[name] for name in BAD))


if __name__ == "__main__":
    sys.exit(main())
