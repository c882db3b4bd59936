#!/bin/sh
# Guess: a GRU with a Linear layer behind it, the plainest recurrent classifier in PyTorch, is converted with some
#   value of channels_last_conversion.
# Seen (hls4ml 1.3.0, torch 2.13.0): with "full" (default) and "internal" the GRU reads a turned sequence; with "off"
#   the GRU is right and the Linear layer multiplies with its transposed matrix. The last holds for networks of
#   nothing but Linear layers, too. No value gives both, and there is no message.
# What hlsexplore does: it reads both from PyTorch; docs/ir.md, Recurrent.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import contextlib
import io

import hls4ml
import numpy as np
import torch


class Last(torch.nn.Module):
    """A GRU's last state, and a layer behind it."""

    def __init__(self, head):
        super().__init__()
        self.gru = torch.nn.GRU(3, 4, batch_first=True)
        self.head = head

    def forward(self, x):
        states, _ = self.gru(x)
        return self.head(states)


def error(model, shape, conversion):
    model.eval()
    x = torch.rand(8, *shape) * 2 - 1
    with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        wanted = model(x).numpy()
        config = hls4ml.utils.config_from_pytorch_model(
            model,
            input_shape=shape,
            default_precision="fixed<24,8>",
            backend="Vitis",
            channels_last_conversion=conversion,
        )
        made = hls4ml.converters.convert_from_pytorch_model(model, hls_config=config, output_dir="prj", backend="Vitis")
        made.compile()
        found = np.asarray(made.predict(x.numpy())).reshape(8, -1)
    return np.abs(found - (wanted[:, -1] if wanted.ndim == 3 else wanted)).max()


for conversion in ("full", "internal", "off"):
    torch.manual_seed(0)
    networks = {"GRU": Last(torch.nn.ReLU()), "GRU, Linear": Last(torch.nn.Linear(4, 4))}
    found = {name: error(network, (5, 3), conversion) for name, network in networks.items()}
    found["Linear"] = error(torch.nn.Sequential(torch.nn.Linear(4, 3)), (4,), conversion)
    print(f"{conversion}:", *(f"{name} {'right' if value < 0.03 else 'wrong'};" for name, value in found.items()))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(full|internal|off):')
echo "$seen"
test "$seen" = "full: GRU wrong; GRU, Linear wrong; Linear right;
internal: GRU wrong; GRU, Linear wrong; Linear right;
off: GRU right; GRU, Linear wrong; Linear wrong;"
