"""`python -m hlsexplore` is the command line."""

import sys

from hlsexplore.cli import main

sys.exit(main())
