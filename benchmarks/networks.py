"""Networks of the emulator's benchmark: the field's reference shapes with random Glorot weights on the grid."""

from dataclasses import dataclass

import numpy as np

from hlsexplore.design import Design
from hlsexplore.examples import load as load_example
from hlsexplore.fixed import Fixed, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Cell, Conv, Dense, Function, Input, Op, Pool, Recurrent, Reshape, Softmax
from hlsexplore.target import Target

SEED = 20


@dataclass(frozen=True)
class Bench:
    """A case: a design, its data, the layer that the slider moves and the type that it moves to."""

    name: str
    design: Design
    x: np.ndarray
    csim_samples: int
    slider: tuple[str, str, str]


class Builder:
    """Adds layers one after the other; weights are rounded to `weight`."""

    def __init__(self, shape: tuple[int, ...], weight: Fixed) -> None:
        self.rng = np.random.default_rng(SEED)
        self.weight = weight
        self.nodes = [Node(name="x", op=Input(), inputs=(), shape=shape)]

    def add(self, name: str, op: Op, shape: tuple[int, ...]) -> None:
        """Append a layer."""
        self.nodes.append(Node(name=name, op=op, inputs=(self.nodes[-1].name,), shape=shape))

    def glorot(self, *shape: int) -> np.ndarray:
        """Draw a kernel whose sums keep the variance of rectified inputs."""
        fan_in = int(np.prod(shape[:-1]))
        return to_real(quantize(self.rng.normal(0, np.sqrt(2 / fan_in), shape), self.weight), self.weight)

    def bias(self, count: int) -> np.ndarray:
        """Draw a bias."""
        return to_real(quantize(self.rng.normal(0, 0.1, count), self.weight), self.weight)

    def dense(self, name: str, count: int, is_last: bool = False) -> None:
        """Append a Dense layer, with a ReLU unless it is the last."""
        n_in = self.nodes[-1].shape[-1]
        self.add(name, Dense(kernel=self.glorot(n_in, count), bias=self.bias(count)), (count,))
        if is_last:
            self.add("softmax", Softmax(), (count,))
        else:
            self.add(f"{name}_relu", Activation(function=Function.RELU), (count,))

    def conv(self, name: str, filters: int) -> None:
        """Append a 3x3 convolution with ReLU and a 2x2 maximum pooling."""
        height, width, channels = self.nodes[-1].shape
        shape = (height - 2, width - 2, filters)
        self.add(name, Conv(kernel=self.glorot(3, 3, channels, filters), bias=self.bias(filters)), shape)
        self.add(f"{name}_relu", Activation(function=Function.RELU), shape)
        pooled = (shape[0] // 2, shape[1] // 2, filters)
        self.add(f"{name}_pool", Pool(average=False, size=(2, 2), stride=(2, 2)), pooled)

    def graph(self, name: str) -> Graph:
        """Finish."""
        return Graph(name=name, nodes=tuple(self.nodes), outputs=(self.nodes[-1].name,))


def _types(design: Design, weight: Fixed) -> Design:
    """Set the weights' type everywhere; accumulators stay exact."""
    names = [node.name for node in design.graph if isinstance(node.op, Dense | Conv)]
    return design.with_layers({name: {"weight": weight, "bias": weight} for name in names})


def jet(name: str, num_samples: int) -> Bench:
    """Build the jet tagger 16-64-32-32-5: `jet16`, `jet6` or `jet16_truncating`."""
    weight = Fixed(6, 1) if name == "jet6" else Fixed(16, 6)
    build = Builder((16,), weight)
    for i, count in enumerate((64, 32, 32)):
        build.dense(f"fc{i + 1}", count)
    build.dense("output", 5, is_last=True)
    design = _types(Design.default(build.graph(name)), weight)
    if name == "jet6":
        for i in (1, 2, 3):
            design = design.with_layers({f"fc{i}_relu": {"result": "ufixed<6,2,RND_CONV,SAT>"}})
    if name == "jet16_truncating":
        design = design.with_layers({layer: {"accum": "fixed<16,6>"} for layer in ("fc1", "fc2", "fc3", "output")})
    slider = ("output", "weight", "fixed<5,1>" if name == "jet6" else "fixed<12,4>")
    return Bench(name, design, _normal(num_samples, (16,)), num_samples, slider)


def tagger() -> Design:
    """Return the bundled jet tagger as HGQ2 trained it: casts of single elements, products that lose nothing.

    Its layers are `Quantize` (`node.op.types` holds sign, integer and fraction bits of every element, the sign counted
    among the integer bits), `Dense` and ReLU, without a softmax.
    """
    return Design.default(load_example("jets", "hgq2").graph, target=Target(tool="yosys"))


def cnn(name: str, num_samples: int) -> Bench:
    """Build a small CNN: `cnn8` on 8x8 images, `cnn28` on 28x28 images."""
    weight = Fixed(16, 6)
    size = 8 if name == "cnn8" else 28
    build = Builder((size, size, 1), weight)
    build.conv("conv1", 8)
    if size == 28:
        build.conv("conv2", 16)
    build.add("flatten", Reshape(), (int(np.prod(build.nodes[-1].shape)),))
    build.dense("fc1", 32)
    build.dense("output", 10, is_last=True)
    design = _types(Design.default(build.graph(name)), weight)
    csim = min(num_samples, 2000 if size == 8 else 200)
    return Bench(name, design, _normal(num_samples, (size, size, 1)), csim, ("output", "weight", "fixed<12,4>"))


def gru(num_samples: int) -> Bench:
    """Build a GRU of 16 units on 25 steps of 12 channels, every type fixed<16,6> as hls4ml's default."""
    weight = Fixed(16, 6)
    build = Builder((25, 12), weight)
    kernels = {"kernel": build.glorot(12, 48) * 0.5, "recurrent_kernel": build.glorot(16, 48) * 0.5}
    kernels = {key: to_real(quantize(values, weight), weight) for key, values in kernels.items()}
    op = Recurrent(cell=Cell.GRU, **kernels, bias=build.bias(48), recurrent_bias=build.bias(48))
    build.add("gru", op, (16,))
    build.dense("output", 9, is_last=True)
    design = _types(Design.default(build.graph("gru")), weight)
    keys = ("weight", "bias", "recurrent_weight", "recurrent_bias", "accum", "activation", "gate", "result")
    design = design.with_layer("gru", **dict.fromkeys(keys, "fixed<16,6>"))
    return Bench(
        "gru", design, _normal(num_samples, (25, 12)), min(num_samples, 1000), ("output", "weight", "fixed<12,4>")
    )


def _normal(num_samples: int, shape: tuple[int, ...]) -> np.ndarray:
    """Draw inputs that float32 holds exactly, so that both sides cast the same numbers."""
    values = np.random.default_rng(SEED + 1).normal(0, 1, (num_samples, *shape))
    return values.astype(np.float32).astype(np.float64)


CASES = ("jet16", "jet6", "jet16_truncating", "cnn8", "cnn28", "gru")


def make(name: str, num_samples: int) -> Bench:
    """Build a case by name."""
    if name.startswith("jet"):
        return jet(name, num_samples)
    return gru(num_samples) if name == "gru" else cnn(name, num_samples)
