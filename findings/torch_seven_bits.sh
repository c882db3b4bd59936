#!/bin/sh
# Guess: the default 8-bit configurations of PyTorch's quantisation use the 256 integers of 8 bits for activations.
# Seen (torch 2.13.0): "x86" and "fbgemm", the default on most machines, use 0 to 127, in training, too
#   (reduce_range, for instructions without enough room for sums): a network trained so has activations of 7 bits, on
#   an FPGA as well. "qnnpack" and "onednn" have 8. Weights have 8 in all of them.
# What hlsexplore does: a clipped range of a file becomes the type that holds it, so ufixed with 7 bits is seen.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import torch
from torch.ao import quantization

x = torch.linspace(0, 1, 1000)
for name in ("x86", "fbgemm", "qnnpack", "onednn"):
    counts = []
    for make in (quantization.get_default_qconfig, quantization.get_default_qat_qconfig):
        observer = make(name).activation()
        observer(x)
        scale, zero = observer.calculate_qparams()
        low, high = int(observer.quant_min), int(observer.quant_max)
        levels = torch.fake_quantize_per_tensor_affine(x, float(scale), int(zero), low, high).unique()
        counts.append(f"{low} to {high}, {len(levels)} levels")
    print(f"{name}:", "; in training ".join(counts))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^[a-z0-9]+:')
echo "$seen"
test "$seen" = "x86: 0 to 127, 128 levels; in training 0 to 127, 128 levels
fbgemm: 0 to 127, 128 levels; in training 0 to 127, 128 levels
qnnpack: 0 to 255, 256 levels; in training 0 to 255, 256 levels
onednn: 0 to 255, 256 levels; in training 0 to 255, 256 levels"
