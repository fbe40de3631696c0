"""`python -m monitor` runs all jobs on their schedule; `python -m monitor drift [--kind NAME]` runs one, once."""

from __future__ import annotations

import argparse
import logging
import sys

from core.errors import exit_status
from monitor.main import JOBS, jobs, read_settings, serve


@exit_status
def main() -> None:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m monitor",
        description="Watches the appliance. Without a job, it runs all of them on their schedule, with a health page.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="jobs:\n" + "\n".join(f"  {name:<12} {about}" for name, about in JOBS.items()),
    )
    parser.add_argument("job", nargs="?", choices=list(JOBS), metavar="job", help="run this job once, now")
    parser.add_argument("--kind", metavar="NAME", help="of this campaign kind (default: the shipped one)")
    options = parser.parse_args()
    only = options.job
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stdout)
    # Not worth a line: a job that still runs when its next run is due, a request, a warning to a library's developers.
    logging.captureWarnings(True)
    for name in ("apscheduler", "httpx", "py.warnings", "sdmx", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    settings = read_settings()
    if only is None:
        serve(settings)
    for job in jobs(settings, kind=options.kind):
        if job.name.partition(" ")[0] == only:
            print(f"{job.name}: {job.run()}.")


if __name__ == "__main__":
    sys.exit(main())
