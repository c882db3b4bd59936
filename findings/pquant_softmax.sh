#!/bin/sh
# Guess: the quantised softmax of PQuantML, made with a configuration that comes with the package, gives
#   probabilities: they sum up to about 1.
# Seen (pquant-ml 0.1.0, torch 2.13.0): with the default types, from 0 to just below 1, the sum of the exponentials,
#   which is 1 or more, saturates before it is inverted. So nothing is divided: three equal logits have 0.98 each.
#   With three integer bits it is right. There is no message.
# What hlsexplore does: the sum of its exponentials has a type of its own that holds it (docs/ir.md, Softmax).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pquant-ml==0.1.0 HGQ2==0.2.0 keras==3.15.1 \
    numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import os

os.environ["KERAS_BACKEND"] = "torch"

import torch
from pquant import pdp_config
from pquant.activations import PQSoftmax

for name, bits in (("default", None), ("three integer bits", 3.0)):
    config = pdp_config()
    if bits is not None:
        config.quantization_parameters.default_data_integer_bits = bits
    layer = PQSoftmax(config).eval()
    for logits in ([0.5, 0.5, 0.5], [0.9, 0.5, 0.1]):
        found = layer(torch.tensor([logits]))[0]
        print(f"{name}:", *[round(float(value), 2) for value in found], "sum", round(float(found.sum()), 1))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(default|three)')
echo "$seen"
test "$seen" = "default: 0.98 0.98 0.98 sum 3.0
default: 0.98 0.67 0.45 sum 2.1
three integer bits: 0.34 0.34 0.34 sum 1.0
three integer bits: 0.47 0.31 0.21 sum 1.0"
