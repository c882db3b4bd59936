#!/bin/sh
# Guess: QuantLinear(weight_bit_width=1) has weights of -scale and scale, or is refused.
# Seen (brevitas 0.13.4, torch 2.13.0): the default weight quantizer is narrow, its largest integer of one bit is 0,
#   so the scale is a division by 0: infinite, and every output is not a number. There is no message. (Binary weights
#   are another quantizer.)
# What hlsexplore does: it refuses the exported file by name, since a scale is not finite.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxoptimizer==0.4.2 onnxscript==0.7.2 setuptools 2>/dev/null
cat > "$folder/try.py" <<'PY'
import brevitas.nn as qnn
import torch

torch.manual_seed(0)
net = qnn.QuantLinear(8, 4, False, weight_bit_width=1).eval()
print("scale:", float(net.weight_quant.scale()))
print("outputs: are no numbers", bool(torch.isnan(net(torch.randn(3, 8))).all()))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(scale|outputs):')
echo "$seen"
test "$seen" = "scale: inf
outputs: are no numbers True"
