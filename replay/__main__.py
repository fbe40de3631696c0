"""`python -m replay --campaign FILE`: see `scripts/replay --help`."""

import sys
import warnings

warnings.filterwarnings("ignore")  # the libraries' own, to their developers; some warn as they are imported

from replay.main import main  # noqa: E402

sys.exit(main())
