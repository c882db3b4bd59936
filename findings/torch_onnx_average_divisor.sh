#!/bin/sh
# Guess: an option of a pooling that ONNX' AveragePool does not have becomes other operations, or an error of the
#   export.
# Seen (torch 2.13.0, onnxruntime 1.32.0): AvgPool2d(2, divisor_override=3) is exported as AveragePool by both
#   exporters, without a message: the file divides by 4. Every result is three quarters of what it was.
# What hlsexplore does: it refuses divisor_override in a .pt2 and in a live model; in such a file it can not be seen.
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

x = torch.arange(16.0).reshape(1, 1, 4, 4)
for divisor in (None, 3):
    layer = nn.AvgPool2d(2, divisor_override=divisor).eval()
    for name, is_new in (("new", True), ("old", False)):
        torch.onnx.export(layer, (x,), "m.onnx", dynamo=is_new, input_names=["x"])
        found = onnxruntime.InferenceSession("m.onnx").run(None, {"x": x.numpy()})[0]
        share = np.unique(np.round(found / layer(x).numpy(), 3)).tolist()
        print(f"divisor {divisor}, {name} exporter: exported over original", *share)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^divisor')
echo "$seen"
test "$seen" = "divisor None, new exporter: exported over original 1.0
divisor None, old exporter: exported over original 1.0
divisor 3, new exporter: exported over original 0.75
divisor 3, old exporter: exported over original 0.75"
