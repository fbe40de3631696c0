"""`python -m replay --campaign FILE`: see `scripts/replay --help`."""

import sys
import warnings

warnings.filterwarnings("ignore")  # from libraries to their developers; some warn on import

from replay.main import main  # noqa: E402

sys.exit(main())
