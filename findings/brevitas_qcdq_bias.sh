#!/bin/sh
# Guess: both exports of Brevitas take the same networks: a layer with a quantised bias is exported by
#   export_onnx_qcdq, too.
# Seen (brevitas 0.13.4, torch 2.13.0): RuntimeError; only export_qonnx takes it, or PyTorch's old exporter
#   (dynamo=False).
# What hlsexplore does: it reads the bias of either file; docs/importers.md names the way.
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
from brevitas.export import export_onnx_qcdq, export_qonnx
from brevitas.quant import Int16Bias

first = qnn.QuantIdentity(bit_width=8, return_quant_tensor=True)
net = torch.nn.Sequential(first, qnn.QuantLinear(16, 4, True, bias_quant=Int16Bias))
net(torch.randn(9, 16))
net.eval()


def attempt(export, **options):
    try:
        export(net, torch.randn(1, 16), "m.onnx", **options)
        return "written"
    except RuntimeError as error:
        return "RuntimeError", str(error)[-30:]


print("QONNX:", attempt(export_qonnx))
print("QCDQ:", *attempt(export_onnx_qcdq))
print("old:", attempt(export_onnx_qcdq, dynamo=False))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(QONNX|QCDQ|old):')
echo "$seen"
test "$seen" = "QONNX: written
QCDQ: RuntimeError es not support quantized bias.
old: written"
