#!/bin/sh
# Guess: what "pip install brevitas qonnx onnx onnxscript" brings is enough for export_qonnx.
# Seen (brevitas 0.13.4, torch 2.13.0): the export stops for want of the package onnxoptimizer, which none of them
#   declares.
# What hlsexplore does: the document of importers names it beside the lines that export.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxscript==0.7.2 setuptools 2>/dev/null
cat > "$folder/try.py" <<'PY'
from importlib.util import find_spec

import brevitas.nn as qnn
import torch
from brevitas.export import export_qonnx

print("optimizer:", find_spec("onnxoptimizer"))
net = torch.nn.Sequential(qnn.QuantIdentity(bit_width=4)).eval()
try:
    export_qonnx(net, torch.randn(1, 8), "m.onnx")
    print("export: done")
except Exception as error:
    print("export:", type(error).__name__, "onnxoptimizer" in str(error))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(optimizer|export):')
echo "$seen"
test "$seen" = "optimizer: None
export: ModuleNotFoundError True"
