"""`python -m replay --campaign FILE`: see `scripts/replay --help`."""

import sys

from replay.main import main

sys.exit(main())
