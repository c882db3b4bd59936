#!/bin/sh
# Guess: what Brevitas exports as QONNX, qonnx executes.
# Seen (brevitas 0.13.4, qonnx 1.0.0, torch 2.13.0): QuantReLU(float_to_int_impl_type="round_to_zero") is exported with the
#   rounding mode round_to_zero, which qonnx does not know (ValueError); the specification's name is DOWN.
# What hlsexplore does: it reads the name as rounding toward zero.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxoptimizer==0.4.2 onnxscript setuptools 2>/dev/null
cat > "$folder/try.py" <<'PY'
import brevitas.nn as qnn
import onnx
import torch
from brevitas.export import export_qonnx
from qonnx.custom_op.general.quant import resolve_rounding_mode

net = torch.nn.Sequential(qnn.QuantReLU(bit_width=4, float_to_int_impl_type="round_to_zero")).eval()
export_qonnx(net, torch.randn(1, 8), "m.onnx")
modes = [a.s.decode() for n in onnx.load("m.onnx").graph.node for a in n.attribute if a.name == "rounding_mode"]
print("exported:", *modes)
try:
    resolve_rounding_mode(modes[-1])
    print("known")
except ValueError as error:
    print("ValueError:", str(error)[:44])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(exported|known|ValueError)')
echo "$seen"
test "$seen" = "exported: round_to_zero
ValueError: Could not resolve rounding mode called: ROUN"
