"""`python -m api` serves the API until SIGTERM or SIGINT."""

from __future__ import annotations

import sys

from api.main import serve
from core.errors import exit_status


@exit_status
def main() -> None:
    """Serve; returns the exit status."""
    serve()


if __name__ == "__main__":
    sys.exit(main())
