#!/bin/sh
# Guess: PyTorch's two exporters to ONNX differ in form; what the files compute is the same.
# Seen (torch 2.13.0, onnxruntime 1.32.0): the old one (dynamo=False, which many need for quantised networks) writes
#   x >> 1 of signed integers as a division that cuts off toward 0: -1 becomes 0 and -3 becomes -1, where a shift
#   gives -1 and -2, as hardware does. It also leaves out the threshold of Softplus. The new one has both right.
#   There is no message.
# What hlsexplore does: it reads no shifts of data; a Softplus whose threshold shows is refused.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxscript==0.7.2 \
    onnxruntime==1.32.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxruntime
import torch
from torch import nn


class Shift(nn.Module):
    """A rescaling of integers, as in a network of integers."""

    def forward(self, x):
        return x.to(torch.int32) >> 1


x = torch.tensor([-3.0, -2.0, -1.0, 0.0, 1.0, 3.0])
for kind, layer in (("shift", Shift()), ("softplus", nn.Softplus(beta=1, threshold=1))):
    found = {"PyTorch": layer(x).numpy()}
    for name, is_new in (("new", True), ("old", False)):
        torch.onnx.export(layer, (x,), "m.onnx", dynamo=is_new, input_names=["x"])
        found[name] = onnxruntime.InferenceSession("m.onnx").run(None, {"x": x.numpy()})[0]
    for name, values in found.items():
        print(f"{kind}, {name}:", *(f"{value:g}" for value in np.round(values, 2).astype(float)))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(shift|softplus),')
echo "$seen"
test "$seen" = "shift, PyTorch: -2 -1 -1 0 0 1
shift, new: -2 -1 -1 0 0 1
shift, old: -1 -1 0 0 0 1
softplus, PyTorch: 0.05 0.13 0.31 0.69 1.31 3
softplus, new: 0.05 0.13 0.31 0.69 1.31 3
softplus, old: 0.05 0.13 0.31 0.69 1.31 3.05"
