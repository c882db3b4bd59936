#!/bin/sh
# Guess: an option of a PyTorch layer or function that hls4ml does not know is refused, as groups and padding modes
#   are.
# Seen (hls4ml 1.3.0, torch 2.13.0): AvgPool2d divides by the window whatever divisor_override says, Threshold gives
#   0 in place of its value, and torch.add leaves out alpha. There is no message.
# What hlsexplore does: it computes these, or refuses them by name.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import contextlib
import io

import hls4ml
import numpy as np
import torch
from torch import nn


class Sum(nn.Module):
    """The sum of two layers, with a factor for the second."""

    def __init__(self, alpha):
        super().__init__()
        self.first, self.second, self.alpha = nn.Linear(4, 4), nn.Linear(4, 4), alpha

    def forward(self, x):
        return torch.add(self.first(x), self.second(x), alpha=self.alpha)


def error(model, shape):
    model.eval()
    x = torch.rand(8, *shape) * 2 - 1
    with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        wanted = model(x).numpy()
        config = hls4ml.utils.config_from_pytorch_model(
            model, input_shape=shape, default_precision="fixed<24,8>", backend="Vitis"
        )
        made = hls4ml.converters.convert_from_pytorch_model(model, hls_config=config, output_dir="prj", backend="Vitis")
        made.compile()
        wanted = np.moveaxis(wanted, 1, -1)  # channels last, as hls4ml gives them
        found = np.asarray(made.predict(x.numpy())).reshape(wanted.shape)
    return "right" if np.abs(found - wanted).max() < 0.01 else "wrong"


torch.manual_seed(0)
for name, layer in (
    ("divisor 4", nn.AvgPool2d(2)),
    ("divisor 3", nn.AvgPool2d(2, divisor_override=3)),
):
    print(f"{name}:", error(nn.Sequential(nn.Conv2d(2, 3, 3), layer), (2, 6, 6)))
for value in (0, 4):
    print(f"threshold 0.25, value {value}:", error(nn.Sequential(nn.Linear(4, 4), nn.Threshold(0.25, value)), (4,)))
for alpha in (1, 2):
    print(f"alpha {alpha}:", error(Sum(alpha), (4,)))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E ': (right|wrong)$')
echo "$seen"
test "$seen" = "divisor 4: right
divisor 3: wrong
threshold 0.25, value 0: right
threshold 0.25, value 4: wrong
alpha 1: right
alpha 2: wrong"
