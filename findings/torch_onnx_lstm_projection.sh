#!/bin/sh
# Guess: a layer that ONNX has no operator for, such as an LSTM with projections, is an error of the export.
# Seen (torch 2.13.0, onnxruntime 1.32.0): the new exporter writes an LSTM all the same, whose weights have the
#   projection's size; the file is saved and checked without a message, and ONNX Runtime fails when it runs it. The
#   old exporter (dynamo=False) says that projections are not supported.
# What hlsexplore does: it refuses projections by name, and files whose initial states do not fit the weights.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxscript==0.7.2 \
    onnxruntime==1.32.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import onnx
import onnxruntime
import torch
from torch import nn

x = torch.zeros(2, 5, 3)
for size in (0, 2):
    layer = nn.LSTM(3, 4, proj_size=size, batch_first=True).eval()
    for name, is_new in (("new", True), ("old", False)):
        try:
            torch.onnx.export(layer, (x,), "m.onnx", dynamo=is_new, input_names=["x"])
        except Exception as error:
            print(f"projection {size}, {name} exporter:", type(error).__name__)
            continue
        onnx.checker.check_model("m.onnx")
        try:
            onnxruntime.InferenceSession("m.onnx").run(None, {"x": x.numpy()})
            state = "runs"
        except Exception:
            state = "does not run"
        print(f"projection {size}, {name} exporter: written, checked,", state)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^projection')
echo "$seen"
test "$seen" = "projection 0, new exporter: written, checked, runs
projection 0, old exporter: written, checked, runs
projection 2, new exporter: written, checked, does not run
projection 2, old exporter: SymbolicValueError"
