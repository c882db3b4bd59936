"""Format the C++ headers with clang-format and `.clang-format`, pragmas left alone.

clang-format writes spaces around the `=` of a pragma's options, which not every HLS compiler reads. So each pragma
travels through it as a comment.

    python scripts/format_cpp.py [--check]
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("hls/hlsexplore_hls/cpp/nnet", "hls/hlsexplore_hls/cpp/simulation_headers")
MARK = "//#pragma"


def formatted(file: Path) -> str:
    """Return the formatted text of a header."""
    masked = re.sub(r"^#pragma HLS", f"{MARK} HLS", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    command = ["clang-format", f"--assume-filename={file.name}", f"--style=file:{ROOT / '.clang-format'}"]
    program = str(Path(sys.executable).parent / command[0])
    found = subprocess.run([program, *command[1:]], input=masked, capture_output=True, text=True, check=True)
    return re.sub(rf"^[ ]*{MARK} HLS", "#pragma HLS", found.stdout, flags=re.MULTILINE)


def main() -> int:
    """Format the headers, or with --check only say which would change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a file would change")
    is_check = parser.parse_args().check
    changed = []
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).glob("*.h")):
            text = formatted(file)
            if text != file.read_text(encoding="utf-8"):
                changed.append(file)
                if not is_check:
                    file.write_text(text, encoding="utf-8")
    for file in changed:
        sys.stdout.write(f"{'would change' if is_check else 'formatted'} {file.relative_to(ROOT)}\n")
    return int(is_check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
