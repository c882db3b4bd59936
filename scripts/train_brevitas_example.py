"""Trains the bundled Brevitas network and writes it as QONNX, with fixed seeds.

    python scripts/train_brevitas_example.py

Run it from a checkout with the extra `examples` installed. Brevitas and PyTorch go into an environment of their own,
which the script makes (about 1 GB, some minutes) and leaves in build/brevitas; `--python` names one that has them.
It writes hlsexplore/examples/models/shuttle_brevitas.onnx: real scales as Brevitas trains them by default, 4 bits for
weights and activations.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import venv
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = (
    "brevitas==0.13.4",
    "torch==2.13.0",
    "onnx==1.23.2",
    "onnxscript==0.7.2",
    "onnxoptimizer==0.4.2",
    "setuptools",
)
"""What makes the file; onnxoptimizer is needed by Brevitas' export, which does not say so."""
ROOT = Path(__file__).parents[1]
TARGET = ROOT / "hlsexplore" / "examples" / "models" / "shuttle_brevitas.onnx"
SEED, EPOCHS, BATCH, RATE = 7, 15, 256, 4e-3

log = logging.getLogger("train_brevitas_example")


def network() -> Any:
    """Build an MLP of 9-32-16-2 with batch normalisation."""
    import brevitas.nn as qnn
    from brevitas.quant import Int8WeightPerChannelFloat
    from torch import nn

    per_channel = {"weight_quant": Int8WeightPerChannelFloat, "weight_bit_width": 4}
    return nn.Sequential(
        OrderedDict(
            quantizer=qnn.QuantIdentity(bit_width=8),
            fc1=qnn.QuantLinear(9, 32, bias=False, **per_channel),
            norm1=nn.BatchNorm1d(32),
            relu1=qnn.QuantReLU(bit_width=4),
            fc2=qnn.QuantLinear(32, 16, bias=False, **per_channel),
            norm2=nn.BatchNorm1d(16),
            relu2=qnn.QuantReLU(bit_width=4),
            output=qnn.QuantLinear(16, 2, bias=True, weight_bit_width=4),
        )
    )


def train(data: Path) -> None:
    """Train on stored data, and write the file.

    Args:
        data: An `.npz` with `x_train`, `y_train`, `x` and `labels`.
    """
    import torch
    from brevitas.export import export_qonnx

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    with np.load(data, allow_pickle=False) as stored:
        x, labels = (torch.tensor(stored[name]) for name in ("x_train", "y_train"))
        x_test, labels_test = torch.tensor(stored["x"]), stored["labels"]
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), RATE)
    steps = EPOCHS * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(x[rows]), labels[rows]).backward()
            optimizer.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        accuracy = float((net(x_test).argmax(1).numpy() == labels_test).mean())
    export_qonnx(net, x_test[:1], str(TARGET))
    clean(TARGET)
    log.info("%s", json.dumps({"accuracy": accuracy, "samples": len(labels_test), "bytes": TARGET.stat().st_size}))


def clean(path: Path) -> None:
    """Take the texts that name files out of an ONNX model, and what the exporter left beside it."""
    import onnx

    model = onnx.load(path)
    for item in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input):
        item.doc_string = ""
        kept = [prop for prop in item.metadata_props if prop.key == "pkg.torch.onnx.name_scopes"]
        del item.metadata_props[:]
        item.metadata_props.extend(kept)
    model.graph.name = "shuttle_brevitas"
    onnx.save(model, path)
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)


def environment(folder: Path) -> Path:
    """Make an environment with Brevitas, if it is not there yet, and return its Python."""
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def main() -> None:
    """Write the data for the other environment, and train there."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="Python of an environment that has Brevitas")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.train is not None:
        train(args.train)
        return
    from hlsexplore.examples.packaged import shuttle

    found = shuttle()
    python = args.python or environment(ROOT / "build" / "brevitas")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        x_train, x = (values.astype(np.float32) for values in (found.x_train, found.x))
        np.savez(path, x_train=x_train, y_train=found.y_train, x=x, labels=found.labels)
        subprocess.run([python, Path(__file__).resolve(), "--train", path], check=True)


if __name__ == "__main__":
    main()
