"""Writes small PyTorch networks as .pt2 and .onnx files with their inputs and outputs, for tests/importers.

Run it in an environment of its own (torch 2.13, onnx 1.23, onnxscript 0.7, numpy 2):
    python scripts/make_torch_vectors.py tests/data/torch
Weights are random: the files test reading and arithmetic. Stack traces, example inputs (a pickle) and whatever else
holds paths of this machine are taken out.
"""

import argparse
import json
import logging
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional

SAMPLES = 24
OLD_OPSET = 11
ZIP_DATE = (2026, 1, 1, 0, 0, 0)

log = logging.getLogger("make_torch_vectors")
Forward = Callable[..., Any]


class Net(nn.Module):
    """A network whose forward pass is a function of its parts and inputs."""

    def __init__(self, forward: Forward, **parts: nn.Module) -> None:
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: torch.Tensor) -> Any:
        """Compute the outputs."""
        return self.run(self, x)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network to write.

    Attributes:
        make: Makes it.
        shape: Shape of its input without the batch axis.
        opset: Version of ONNX' ops that the old exporter writes.
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    opset: int = OLD_OPSET


def _mlp() -> nn.Module:
    parts = [nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 6), nn.Tanh()]
    return nn.Sequential(*parts, nn.Linear(6, 4), nn.Softmax(-1))


def _activations() -> nn.Module:
    functions = (nn.LeakyReLU(0.2), nn.ELU(), nn.Softplus(), nn.Hardtanh(), nn.ReLU6(), nn.PReLU(8), nn.SELU())
    more = (nn.Hardsigmoid(), nn.Hardswish(), nn.SiLU(), nn.Softsign(), nn.Hardtanh(-0.5, 2.0))
    return nn.Sequential(*(part for function in (*functions, *more) for part in (nn.Linear(8, 8), function)))


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 6, (3, 2), stride=(2, 1), padding=(1, 0), bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AvgPool2d(2, stride=1, padding=1),
        nn.Conv2d(6, 12, 3, padding=2, dilation=2, groups=6),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        nn.Conv2d(12, 4, 1, groups=2),
        nn.Flatten(),
        nn.Linear(4 * 4 * 4, 4),
    )


def _cnn1d() -> nn.Module:
    first = (nn.Conv1d(3, 6, 3, padding=1), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 8, 3, stride=2))
    return nn.Sequential(*first, nn.AvgPool1d(2), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(8, 4))


def _branches() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(x + net.conv(x))
        gate = torch.sigmoid(net.gate(functional.adaptive_avg_pool2d(y, 1)))
        joined = torch.cat([y * gate, torch.maximum(x, y)[:, 1:3], net.wide(x)], 1)
        return net.fc(joined.flatten(1)), joined.mean((2, 3))

    parts = {"conv": nn.Conv2d(4, 4, 3, padding=1), "gate": nn.Conv2d(4, 4, 1), "wide": nn.Conv2d(4, 2, 1)}
    return Net(forward, **parts, fc=nn.Linear(8 * 30, 3))


def _views() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(net.conv(x.view(-1, 2, 4, 7)))
        y = functional.interpolate(functional.pad(y, (0, 1, 1, 0)), scale_factor=2, mode="nearest")
        y = net.mix(y.permute(0, 2, 3, 1)).view(x.size(0), -1, 4).transpose(1, 2)
        return (y.amax(2) - 0.5) / 2.0

    return Net(forward, conv=nn.Conv2d(2, 3, 2), mix=nn.Linear(3, 4))


def _blocks() -> nn.Module:
    first = (nn.PixelUnshuffle(2), nn.Conv2d(8, 9, 2), nn.ReLU(), nn.PixelShuffle(3))
    return nn.Sequential(*first, nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(2 * 5 * 8, 3))


def _sequence() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        y = net.norm(net.embed(x))
        return net.head(torch.relu(net.conv(y.transpose(1, 2))).softmax(1).flatten(1))

    return Net(forward, embed=nn.Linear(3, 6), norm=nn.LayerNorm(6), conv=nn.Conv1d(6, 4, 3), head=nn.Linear(16, 3))


def _gru() -> nn.Module:
    return Net(lambda net, x: net.o(net.g(x)[0][:, -1]), g=nn.GRU(3, 5, batch_first=True), o=nn.Linear(5, 4))


def _gru_bidirectional() -> nn.Module:
    layer = nn.GRU(3, 4, num_layers=2, batch_first=True, bidirectional=True)
    return Net(lambda net, x: net.o(net.g(x)[0]), g=layer, o=nn.Linear(8, 4))


def _lstm() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        y, (h, _) = net.l(x)
        return net.o(torch.cat([y[:, -1], h[0]], 1))

    return Net(forward, l=nn.LSTM(3, 5, batch_first=True), o=nn.Linear(10, 4))


def _rnn() -> nn.Module:
    layer = nn.RNN(3, 5, batch_first=True, nonlinearity="relu")
    return Net(lambda net, x: net.o(net.r(x)[0].mean(1)), r=layer, o=nn.Linear(5, 4))


def _transformer() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        token = net.token.weight[None].expand(x.shape[0], -1, -1)
        h = torch.cat([token, net.e(x)], 1)
        a = net.n(h)
        h = h + net.a(a, a, a, need_weights=False)[0]
        return net.o(h[:, 0])

    parts = {"e": nn.Linear(3, 8), "token": nn.Linear(8, 1), "n": nn.LayerNorm(8), "o": nn.Linear(8, 4)}
    return Net(forward, a=nn.MultiheadAttention(8, 2, batch_first=True), **parts)


def _einsum() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        scores = torch.softmax(torch.einsum("bnc,bmc->bnm", net.q(x), net.k(x)), -1)
        return torch.einsum("bnm,bmc->bnc", scores, torch.einsum("bnc,dc->bnd", x, net.v.weight))

    return Net(forward, q=nn.Linear(3, 4), k=nn.Linear(3, 4), v=nn.Linear(3, 5))


CASES = {
    "mlp": Case(make=_mlp, shape=(8,)),
    "activations": Case(make=_activations, shape=(8,)),
    "cnn": Case(make=_cnn, shape=(3, 9, 7)),
    "cnn1d": Case(make=_cnn1d, shape=(3, 20)),
    "branches": Case(make=_branches, shape=(4, 5, 6)),
    "views": Case(make=_views, shape=(56,)),
    "blocks": Case(make=_blocks, shape=(2, 6, 8)),
    "sequence": Case(make=_sequence, shape=(6, 3)),
    "gru": Case(make=_gru, shape=(6, 3)),
    "gru_bidirectional": Case(make=_gru_bidirectional, shape=(6, 3)),
    "lstm": Case(make=_lstm, shape=(6, 3)),
    "rnn": Case(make=_rnn, shape=(6, 3)),
    "transformer": Case(make=_transformer, shape=(5, 3), opset=14),
    "einsum": Case(make=_einsum, shape=(5, 3), opset=12),
}


def randomize(net: nn.Module) -> None:
    """Give normalisations and slopes values that matter."""
    for part in net.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.5)
            part.running_var.uniform_(0.5, 2)
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm | nn.PReLU):
            nn.init.normal_(part.weight, 0.5, 0.5)


def write(name: str, case: Case, folder: Path) -> None:
    """Write one network in all forms."""
    torch.manual_seed(0)
    net = case.make()
    randomize(net)
    net.eval()
    x = np.random.default_rng(0).normal(0, 1, (SAMPLES, *case.shape)).astype(np.float32)
    data = torch.tensor(x)
    with torch.no_grad():
        found = net(data)
    outputs = found if isinstance(found, tuple) else (found,)
    arrays = {f"y{index}": item.numpy().astype(np.float64) for index, item in enumerate(outputs)}
    np.savez_compressed(folder / f"{name}.npz", x=x, **arrays)
    program = torch.export.export(net, (data[:2],), dynamic_shapes=({0: torch.export.Dim("batch")},))
    save(program, folder / f"{name}.pt2")
    save(program.run_decompositions(), folder / f"{name}_core.pt2")
    path = folder / f"{name}.onnx"
    torch.onnx.export(net, (data[:1],), path, dynamo=True, external_data=False, verbose=False)
    clean(path)
    names = {"input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}}
    old = folder / f"{name}_old.onnx"
    torch.onnx.export(net, (data[:1],), old, dynamo=False, opset_version=case.opset, verbose=False, **names)
    clean(old)


def save(program: torch.export.ExportedProgram, path: Path) -> None:
    """Write a program without its pickled example and without the texts that name files."""
    buffer = BytesIO()
    torch.export.save(program, buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            data = source.read(member)
            root, _, rest = member.partition("/")
            if rest.startswith(("data/sample_inputs", ".data")):
                continue
            if rest == "models/model.json":
                body = json.loads(data)
                for node in body["graph_module"]["graph"]["nodes"]:
                    node["metadata"] = {}
                body["guards_code"] = []
                data = json.dumps(body).encode()
            item = zipfile.ZipInfo(f"net/{rest}" if root else member, ZIP_DATE)
            target.writestr(item, data, zipfile.ZIP_DEFLATED)


def clean(path: Path) -> None:
    """Take the texts that name files out of an ONNX model."""
    model = onnx.load(path)
    for item in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input):
        item.doc_string = ""
        del item.metadata_props[:]
    onnx.save(model, path)


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
