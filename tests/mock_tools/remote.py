"""Pretends to be ssh: `remote.py OPTIONS... HOST LINE` gives one line to a shell that is somewhere else."""

import os
import sys
from pathlib import Path

assert sys.argv[1:-1] == ["-tt", "build01"], sys.argv
line = sys.argv[-1]
Path(os.environ["MOCK_REMOTE_LOG"]).write_text(line)
os.chdir("/")
os.execvp("sh", ["sh", "-c", line])
