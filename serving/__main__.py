"""`python -m serving FOLDER`: the scoring service, with the files that `serving.config` wrote into FOLDER."""

import sys

from serving.server import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
