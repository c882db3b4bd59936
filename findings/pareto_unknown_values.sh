#!/bin/sh
# Guess: a point with an unknown value (not a number: a synthesis that failed, a figure that a report lacks) drops
#   out of a Pareto front, or is an error.
# Seen (paretoset 1.2.5, moocore 0.3.2, pymoo 0.6.2): no comparison with "not a number" holds, so what comes out
#   depends on the order of the points. Where the unknown one is not the last, it is the whole front of all three,
#   and both points of the true front are gone; as the last one it drops out, and in pymoo takes a good point with
#   it.
# What hlsexplore does: an unknown figure is None, never a number, and such a trial is in no front over that figure.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check paretoset==1.2.5 moocore==0.3.2 pymoo==0.6.2 \
    numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import moocore
import numpy as np
from paretoset import paretoset
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

unknown = [float("nan"), 2.0]
for where in (None, 0, 1, 2):
    points = [[1.0, 4.0], [2.0, 2.0]]
    if where is not None:
        points.insert(where, unknown)
    costs = np.array(points)
    print("unknown at", str(where) + ": paretoset", *np.flatnonzero(paretoset(costs)), end=", ")
    print("moocore", *np.flatnonzero(moocore.is_nondominated(costs)), end=", ")
    print("pymoo", *NonDominatedSorting().do(costs, only_non_dominated_front=True))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^unknown at')
echo "$seen"
test "$seen" = "unknown at None: paretoset 0 1, moocore 0 1, pymoo 0 1
unknown at 0: paretoset 0, moocore 0, pymoo 0
unknown at 1: paretoset 1, moocore 1, pymoo 1
unknown at 2: paretoset 0 1, moocore 0 1, pymoo 1"
