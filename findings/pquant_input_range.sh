#!/bin/sh
# Guess: quantizers of 8 bits that PQuantML adds with a configuration of its own keep the outputs of a network near
#   what they were, for inputs of mean 0 and variance 1 as networks are trained with.
# Seen (pquant-ml 0.1.0, torch 2.13.0): the data type of every configuration in the package is unsigned with 0
#   integer bits, and the first layer's input has it. Negative inputs become 0 and those above 1 become 127/128,
#   without a message; the network sees the same for x and for x clipped to that range.
# What hlsexplore does: its default types hold what the data at hand needs, and it counts what overflows.
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

import pquant
import torch
from torch import nn

x = torch.tensor([[-1.0, -0.5, 0.5, 2.0], [1.5, -1.5, 0.25, -0.25]])
for name in ("ap", "autosparse", "cs", "dst", "fitcompress", "mdmm", "pdp", "wanda"):
    config = getattr(pquant, name + "_config")()
    options = config.quantization_parameters
    print(
        name + ":",
        options.default_data_keep_negatives,
        options.default_data_integer_bits,
        options.default_data_fractional_bits,
    )
config = pquant.pdp_config()
config.pruning_parameters.enable_pruning = False
torch.manual_seed(0)
network = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
before = network(x)
after = pquant.add_compression_layers(network, config, (2, 4)).eval()
print("off by more than half of the largest output:", bool((after(x) - before).abs().max() > before.abs().max() / 2))
print("equal for clipped inputs:", bool((after(x) == after(x.clamp(0, 127 / 128))).all()))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^[a-z ]+:')
echo "$seen"
test "$seen" = "ap: 0.0 0.0 7.0
autosparse: 0.0 0.0 7.0
cs: 0.0 0.0 7.0
dst: 0.0 0.0 7.0
fitcompress: 0.0 0.0 7.0
mdmm: 0.0 0.0 7.0
pdp: 0.0 0.0 7.0
wanda: 0.0 0.0 7.0
off by more than half of the largest output: True
equal for clipped inputs: True"
