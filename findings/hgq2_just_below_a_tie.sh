#!/bin/sh
# Guess: a quantizer with the rounding RND (nearest, ties up) maps a number below a tie to the lower neighbour.
# Seen (HGQ2 0.2.0, keras 3.15.1): it adds a half in float32, so that the largest number below the tie goes up: with
#   two fraction bits 0.12499999 becomes 0.25. Hardware, and ap_fixed, give 0.
# What hlsexplore does: weights are rounded as HGQ2 does; data is cast exactly, as the hardware does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from hgq.config import QuantizerConfig
from hgq.quantizer import Quantizer

options = {"q_type": "kif", "place": "datalane", "k0": 1, "i0": 2, "f0": 2, "homogeneous_axis": (0, 1)}
quantizer = Quantizer(QuantizerConfig(overflow_mode="SAT", round_mode="RND", **options))
quantizer.build((1, 1))
for name, value in (("lower", 0.1249), ("below", np.nextafter(np.float32(0.125), np.float32(0))), ("at", 0.125)):
    print(f"{name}:", float(np.array(quantizer(np.array([[value]], "float32")))[0, 0]))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(below|at|lower):')
echo "$seen"
test "$seen" = "lower: 0.0
below: 0.25
at: 0.25"
