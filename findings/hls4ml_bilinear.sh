#!/bin/sh
# Guess: Upsample(mode="bilinear") interpolates, or is refused, as the interpolation "bilinear" is one of the two
#   that hls4ml's Resize layer lists.
# Seen (hls4ml 1.3.0, torch 2.13.0): with a configuration by name the result is that of "nearest", without a message:
#   the configuration gets Algorithm: nearest, its default, for every such layer, which replaces what the network
#   says. With a configuration by model the C++ does not compile, since no such function is there.
# What hlsexplore does: it interpolates as the framework does, or refuses by name what it can not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import hls4ml
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
front = nn.Conv2d(2, 3, 3)
bilinear = nn.Sequential(front, nn.Upsample(scale_factor=2, mode="bilinear")).eval()
nearest = nn.Sequential(front, nn.Upsample(scale_factor=2)).eval()
x = torch.rand(8, 2, 6, 6) * 2 - 1
for granularity in ("name", "model"):
    config = hls4ml.utils.config_from_pytorch_model(
        bilinear, input_shape=(2, 6, 6), granularity=granularity, default_precision="fixed<24,8>", backend="Vitis"
    )
    print(
        f"{granularity}: algorithm",
        *(layer["Algorithm"] for layer in config.get("LayerName", {}).values() if "Algorithm" in layer),
    )
    made = hls4ml.converters.convert_from_pytorch_model(
        bilinear, hls_config=config, output_dir=f"prj_{granularity}", backend="Vitis"
    )
    try:
        made.compile()
    except Exception as error:
        print(f"{granularity}:", str(error).split(" project")[0])
        continue
    found = np.asarray(made.predict(x.numpy())).reshape(8, 8, 8, 3)
    for name, network in (("bilinear", bilinear), ("nearest", nearest)):
        with torch.no_grad():
            wanted = np.moveaxis(network(x).numpy(), 1, -1)
        print(f"{granularity}: equals {name}", bool(np.abs(found - wanted).max() < 0.01))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(name|model):')
echo "$seen"
test "$seen" = "name: algorithm nearest
name: equals bilinear False
name: equals nearest True
model: algorithm
model: Failed to compile"
