#!/bin/sh
# Guess: HGQ2 and qkeras-v3 can be installed side by side, since their names and modules (hgq, qkeras) differ.
# Seen (HGQ2 0.2.0, qkeras-v3 1.2.1): HGQ2's wheel has a package qkeras of its own. Installed second it replaces
#   qkeras/__init__.py, and its folder qkeras/quantizers hides qkeras/quantizers.py. pip says nothing, and finds no
#   conflict.
# What hlsexplore does: it reads HGQ2's files without HGQ2; docs/importers.md advises against installing it beside
#   QKeras.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps qkeras-v3==1.2.1 2>/dev/null
before=$(cksum < "$(echo "$folder"/venv/lib/python3*/site-packages/qkeras/__init__.py)")
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps HGQ2==0.2.0 2>/dev/null
after=$(cksum < "$(echo "$folder"/venv/lib/python3*/site-packages/qkeras/__init__.py)")
test "$before" != "$after"
cat > "$folder/try.py" <<'PY'
from importlib.metadata import files
from pathlib import Path
from sysconfig import get_path

both = {str(path) for path in files("HGQ2")} & {str(path) for path in files("qkeras-v3")}
print("owners: of qkeras/__init__.py", 2 if "qkeras/__init__.py" in both else 1)
folder = Path(get_path("purelib")) / "qkeras"
print("hidden: quantizers.py", (folder / "quantizers.py").is_file() and (folder / "quantizers").is_dir())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(owners|hidden):')
echo "$seen"
test "$seen" = "owners: of qkeras/__init__.py 2
hidden: quantizers.py True"
