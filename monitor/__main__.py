"""`python -m monitor` runs all jobs on their schedule; `python -m monitor drift` runs that one once, now."""

from __future__ import annotations

import argparse
import logging
import sys

from core.errors import CallwiseError
from monitor.main import JOBS, jobs, read_settings, serve


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor",
        description="Watches the appliance. Without a job, it runs all of them on their schedule, with a health page.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="jobs:\n" + "\n".join(f"  {name:<12} {about}" for name, about in JOBS.items()),
    )
    parser.add_argument("job", nargs="?", choices=list(JOBS), metavar="job", help="run this job once, now")
    only = parser.parse_args().job
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stdout)
    # Not worth a line: a job that still runs when its next run is due, a request, a warning to a library's developers.
    logging.captureWarnings(True)
    for name in ("apscheduler", "httpx", "py.warnings", "sdmx", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        settings = read_settings()
        if only is None:
            serve(settings)
        for job in jobs(settings):
            if job.name == only:
                print(f"{job.name}: {job.run()}.")
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
