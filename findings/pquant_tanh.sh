#!/bin/sh
# Guess: a Tanh of a PyTorch network becomes a quantised tanh, odd as it was, when PQuantML adds its quantizers.
# Seen (pquant-ml 0.1.0, torch 2.13.0): its input gets an unsigned type whatever the configuration says of negative
#   numbers, so that every negative value becomes 0; and it is a hard tanh (clipping at -1 and 1) unless
#   use_real_tanh is set. There is no message. A ReLU's type is made in the same place, where unsigned is right.
# What hlsexplore does: tanh is read with the type of its input (docs/ir.md, Activations).
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
from pquant import add_compression_layers, pdp_config
from torch import nn

for real in (False, True):
    config = pdp_config()
    config.pruning_parameters.enable_pruning = False
    options = config.quantization_parameters
    options.default_data_keep_negatives, options.default_data_integer_bits, options.use_real_tanh = 1.0, 3.0, real
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    made = add_compression_layers(nn.Sequential(layer, nn.Tanh()), config, (1, 1)).eval()
    found = [round(float(made(torch.tensor([[value]]))), 2) for value in (-2.0, -0.5, 0.5, 2.0)]
    print("real" if real else "default", *found)
print("tanh", *[round(float(torch.tanh(torch.tensor(value))), 2) for value in (-2.0, -0.5, 0.5, 2.0)])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(real|default|tanh)')
echo "$seen"
test "$seen" = "default 0.0 0.0 0.5 1.0
real 0.0 0.0 0.46 0.96
tanh -0.96 -0.46 0.46 0.96"
