#!/bin/sh
# Guess: the Pareto front of counts (look-up tables, cycles) is the same, whatever integer type holds them.
# Seen (paretoset 1.2.5): objectives to be maximised are negated in the type they come in, and minus 0 of an unsigned
#   type is 0, its best value: a design that does 0 inferences stays on the front beside one that does more and costs
#   less. With signed integers or floats it does not. moocore 0.3.2 has no such case.
# What hlsexplore does: fronts are computed from float64.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check paretoset==1.2.5 moocore==0.3.2 numpy==2.3.5 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import moocore
import numpy as np
from paretoset import paretoset

points = [[0, 200], [2, 3], [1, 100]]  # inferences in a time (more is better), cost
for kind in ("float64", "int64", "uint64", "uint16"):
    costs = np.array(points, dtype=kind)
    print(f"{kind}: paretoset", *np.flatnonzero(paretoset(costs, sense=["max", "min"])), end=", ")
    print("moocore", *np.flatnonzero(moocore.is_nondominated(costs, maximise=[True, False])))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^u?(int|float)[0-9]+:')
echo "$seen"
test "$seen" = "float64: paretoset 1, moocore 1
int64: paretoset 1, moocore 1
uint64: paretoset 0 1, moocore 1
uint16: paretoset 0 1, moocore 1"
