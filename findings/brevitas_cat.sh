#!/bin/sh
# Guess: brevitas.nn.QuantCat concatenates two quantised tensors, as QuantEltwiseAdd adds them.
# Seen (brevitas 0.13.4, torch 2.13.0): AttributeError, since the class QuantTensor, which it calls, has no method
#   cat.
# What hlsexplore does: concatenations are read from torch.cat between quantizers, which the export writes as Concat.
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

one = qnn.QuantIdentity(bit_width=4, return_quant_tensor=True)(torch.randn(1, 4))
print("add:", tuple(qnn.QuantEltwiseAdd()(one, one).shape))
try:
    print("cat:", tuple(qnn.QuantCat()([one, one], dim=1).shape))
except AttributeError as error:
    print("cat:", str(error)[:60])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(add|cat):')
echo "$seen"
test "$seen" = "add: (1, 4)
cat: type object 'QuantTensor' has no attribute 'cat'"
