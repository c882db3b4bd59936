"""Writes small Brevitas networks as QONNX and QCDQ files with their inputs and outputs, for tests/importers.

Run it in an environment of its own (brevitas 0.13, torch 2.13, onnx 1.23, onnxoptimizer, onnxruntime, qonnx 1.0):
    python scripts/make_brevitas_vectors.py tests/data/brevitas
`y` is Brevitas in evaluation mode; of NAME_qcdq it is ONNX Runtime without optimisations: with them it is off by whole
steps. The networks are trained for a moment, so that scales and statistics are no round numbers.
"""

import argparse
import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import onnx
import onnxruntime
import torch
from brevitas.export import export_onnx_qcdq, export_qonnx
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8BiasPerTensorFixedPointInternalScaling,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFixedPoint,
    Int16Bias,
    ShiftedUint8ActPerTensorFloat,
    ShiftedUint8WeightPerTensorFloat,
    SignedBinaryActPerTensorConst,
    SignedBinaryWeightPerTensorConst,
    SignedTernaryWeightPerTensorConst,
    Uint8ActPerTensorFixedPoint,
)
from torch import nn

STEPS, BATCH, SAMPLES = 32, 128, 40

log = logging.getLogger("make_brevitas_vectors")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network to write.

    Attributes:
        make: Makes it.
        shape: Shape of its input without the batch axis.
        has_qcdq: Whether it is also written as QCDQ.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, ...] = (8,)
    has_qcdq: bool = False


class Net(nn.Module):
    """A network whose forward pass is a function of its parts and input."""

    def __init__(self, forward: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: torch.Tensor) -> Any:
        """Compute the output."""
        return self.run(self, x)


def _linear(n_in: int, n_out: int, bits: int = 4, **options: Any) -> nn.Module:
    return qnn.QuantLinear(n_in, n_out, options.pop("bias", True), weight_bit_width=bits, **options)


def _conv(n_in: int, n_out: int, size: int, bits: int = 4, **options: Any) -> nn.Module:
    return qnn.QuantConv2d(n_in, n_out, size, weight_bit_width=bits, bias=options.pop("bias", False), **options)


PER_CHANNEL = {"weight_quant": Int8WeightPerChannelFloat}


def _mlp() -> nn.Module:
    first = (qnn.QuantIdentity(bit_width=8), _linear(8, 12), nn.BatchNorm1d(12), qnn.QuantReLU(bit_width=4))
    return nn.Sequential(*first, _linear(12, 6, **PER_CHANNEL), qnn.QuantReLU(bit_width=3), _linear(6, 4, 5))


def _powers() -> nn.Module:
    weight = {"weight_quant": Int8WeightPerTensorFixedPoint, "bias_quant": Int8BiasPerTensorFixedPointInternalScaling}
    act, relu = {"act_quant": Int8ActPerTensorFixedPoint}, {"act_quant": Uint8ActPerTensorFixedPoint}
    return nn.Sequential(
        qnn.QuantIdentity(bit_width=8, **act),
        _conv(2, 4, 3, 5, padding=1, bias=True, **weight),
        qnn.QuantReLU(bit_width=5, **relu),
        nn.AvgPool2d(2),
        qnn.QuantIdentity(bit_width=6, **act),
        nn.Flatten(),
        _linear(36, 4, 5, **weight),
        qnn.QuantIdentity(bit_width=8, **act),
    )


def _integer_bias() -> nn.Module:
    tensor = {"return_quant_tensor": True}
    first = (qnn.QuantIdentity(bit_width=8, **tensor), _linear(8, 10, bias_quant=Int16Bias, **tensor))
    return nn.Sequential(*first, qnn.QuantReLU(bit_width=4, **tensor), _linear(10, 4, bias_quant=Int16Bias))


def _binary() -> nn.Module:
    def sign() -> nn.Module:
        return qnn.QuantIdentity(
            act_quant=SignedBinaryActPerTensorConst, scaling_init=1.0, max_val=1.0, min_val=-1.0, bit_width=1
        )

    binary = {"weight_quant": SignedBinaryWeightPerTensorConst, "scaling_init": 1.0, "bias": False}
    ternary = {"weight_quant": SignedTernaryWeightPerTensorConst, "scaling_init": 0.5, "bias": False}
    parts = (sign(), qnn.QuantConv2d(1, 4, 3, **binary), nn.BatchNorm2d(4), sign(), nn.MaxPool2d(2), nn.Flatten())
    return nn.Sequential(*parts, qnn.QuantLinear(36, 4, **ternary), nn.BatchNorm1d(4))


def _zero_points() -> nn.Module:
    act, weight = {"act_quant": ShiftedUint8ActPerTensorFloat}, {"weight_quant": ShiftedUint8WeightPerTensorFloat}
    first = (qnn.QuantIdentity(bit_width=8, **act), _conv(2, 4, 3, padding=1, **weight), nn.BatchNorm2d(4))
    relu = qnn.QuantReLU(bit_width=5, **act)
    return nn.Sequential(*first, relu, nn.MaxPool2d(3), nn.Flatten(), _linear(16, 4, 6, **weight))


def _mobile() -> nn.Module:
    return nn.Sequential(
        qnn.QuantIdentity(bit_width=8),
        _conv(2, 6, 3, 8, stride=2, padding=1, **PER_CHANNEL),
        nn.BatchNorm2d(6),
        qnn.QuantReLU(bit_width=4),
        _conv(6, 6, 3, padding=1, groups=6, **PER_CHANNEL),
        nn.BatchNorm2d(6),
        qnn.QuantReLU(bit_width=4),
        _conv(6, 4, 1, groups=2, bias=True),
        qnn.QuantReLU(bit_width=4),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        qnn.QuantIdentity(bit_width=6),
        _linear(4, 3),
    )


def _truncated() -> nn.Module:
    tensor = {"return_quant_tensor": True}
    first = (qnn.QuantIdentity(bit_width=8, **tensor), _conv(2, 4, 3, **tensor), qnn.QuantReLU(bit_width=4, **tensor))
    pool = qnn.TruncAvgPool2d(2, bit_width=4, float_to_int_impl_type="floor", **tensor)
    rounded = qnn.TruncAvgPool2d(2, bit_width=4, float_to_int_impl_type="round")
    return nn.Sequential(*first, pool, rounded, nn.Flatten(), _linear(4, 4))


def _joined() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.first(2.0 * x - 1.0)
        y = net.share(x) + net.share(net.relu(net.norm(net.conv(x))))
        y = torch.flatten(y.value if hasattr(y, "value") else y, 1)
        return net.last(net.cat(torch.cat([y, torch.flatten(net.wide(net.other(x)), 1)], 1)))

    return Net(
        forward,
        first=qnn.QuantIdentity(bit_width=6),
        conv=_conv(2, 2, 3, padding=1),
        norm=nn.BatchNorm2d(2),
        relu=qnn.QuantReLU(bit_width=4),
        share=qnn.QuantIdentity(bit_width=6, return_quant_tensor=True),
        other=_conv(2, 3, 2, stride=2, bias=True),
        wide=qnn.QuantReLU(bit_width=3),
        cat=qnn.QuantIdentity(bit_width=5),
        last=_linear(72 + 27, 4),
    )


CASES = {
    "mlp": Case(make=_mlp, has_qcdq=True),
    "powers": Case(make=_powers, shape=(2, 6, 6)),
    "integer_bias": Case(make=_integer_bias),
    "binary": Case(make=_binary, shape=(1, 8, 8)),
    "zero_points": Case(make=_zero_points, shape=(2, 6, 6), has_qcdq=True),
    "mobile": Case(make=_mobile, shape=(2, 8, 8), has_qcdq=True),
    "truncated": Case(make=_truncated, shape=(2, 6, 6)),
    "joined": Case(make=_joined, shape=(2, 6, 6), has_qcdq=True),
}


def train(net: nn.Module, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    """Train for a moment, and give some normalisations negative factors."""
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    net.train()
    for _ in range(STEPS):
        x = rng.normal(0, 1, (BATCH, *shape)).astype(np.float32)
        labels = torch.tensor(x.reshape(BATCH, -1)[:, :3].argmax(1))
        optimizer.zero_grad()
        nn.functional.cross_entropy(plain(net(torch.tensor(x))), labels).backward()
        optimizer.step()
    for part in net.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.weight.data[::3] *= -1
    net.eval()


def plain(y: Any) -> torch.Tensor:
    """Return a tensor, also of Brevitas' own kind."""
    return y.value if hasattr(y, "value") else y


def write(name: str, case: Case, folder: Path) -> None:
    """Write one network in all forms."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = case.make()
    train(net, case.shape, rng)
    usual, wide = (rng.normal(0, spread, (SAMPLES, *case.shape)) for spread in (1, 3))
    grid = rng.integers(-256, 256, (SAMPLES, *case.shape)) / 64.0
    x = np.concatenate([usual, wide, grid]).astype(np.float32)
    with torch.no_grad():
        y = plain(net(torch.tensor(x))).numpy()
    path = folder / f"{name}.onnx"
    with contextlib.redirect_stdout(io.StringIO()):
        export_qonnx(net, torch.tensor(x[:1]), str(path))
    clean(path)
    np.savez_compressed(folder / f"{name}.npz", x=x, y=y.astype(np.float64))
    if case.has_qcdq:
        path = folder / f"{name}_qcdq.onnx"
        with contextlib.redirect_stdout(io.StringIO()):
            export_onnx_qcdq(net, torch.tensor(x[:1]), str(path))
        clean(path)
        np.savez_compressed(folder / f"{name}_qcdq.npz", x=x, y=run(path, x).astype(np.float64))


def run(path: Path, x: np.ndarray) -> np.ndarray:
    """Run a file in ONNX Runtime without optimisations, sample by sample."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options)
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: x[index : index + 1]})[0] for index in range(len(x))])


def clean(path: Path) -> None:
    """Take the texts that name files out of an ONNX model, and what an exporter left beside it."""
    model = onnx.load(path)
    for item in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input):
        item.doc_string = ""
        del item.metadata_props[:]
    onnx.save(model, path)
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)


def main() -> None:
    """Write all networks, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(CASES))
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in args.names:
        write(name, CASES[name], args.folder)
        log.info(name)


if __name__ == "__main__":
    main()
