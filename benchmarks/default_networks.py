"""Networks of many kinds that nobody tuned, for `defaults.py`: random and trained weights, and samples."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hlsexplore.emulate import float_forward
from hlsexplore.graph import Graph, Node, Shape
from hlsexplore.ops import (
    Activation,
    Affine,
    Cell,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    LayerNorm,
    Merge,
    MergeFunction,
    Op,
    Pool,
    PRelu,
    Recurrent,
    Reshape,
    Softmax,
    Upsample,
)
from hlsexplore.passes import fuse_affine

SAMPLES = 1200


class Net:
    """Builds a network layer by layer while it watches the values on data, so that batch norms can be calibrated."""

    def __init__(self, rng: np.random.Generator, *inputs: np.ndarray) -> None:
        self.rng = rng
        self.nodes: list[Node] = []
        self.values: dict[str, np.ndarray] = {}
        self.inputs = inputs
        for index, x in enumerate(inputs):
            self._add(Node(name=f"x{index}", op=Input(), inputs=(), shape=x.shape[1:]), x)
        self.last = "x0"

    def add(self, op: Op, shape: Shape, *sources: str) -> str:
        """Add a layer that reads the last one, or the named ones."""
        node = Node(name=f"n{len(self.nodes)}", op=op, inputs=sources or (self.last,), shape=shape)
        graph = Graph(name="part", nodes=(*self.nodes, node), outputs=(node.name,))
        x = self.inputs[0] if len(self.inputs) == 1 else tuple(self.inputs)
        self._add(node, float_forward(graph, x))
        return self.last

    def _add(self, node: Node, values: np.ndarray) -> None:
        self.nodes.append(node)
        self.values[node.name] = values
        self.last = node.name

    def shape(self, name: str = "") -> Shape:
        return self.values[name or self.last].shape[1:]

    def dense(self, units: int, gain: float = 2.0, bias: float = 0.1, source: str = "") -> str:
        shape = self.shape(source)
        kernel = self.rng.normal(0, np.sqrt(gain / shape[-1]), (shape[-1], units))
        offset = self.rng.normal(0, bias, units) if bias else None
        return self.add(Dense(kernel=kernel, bias=offset), (*shape[:-1], units), *([source] if source else []))

    def conv(self, filters: int, size: int = 3, stride: int = 1, gain: float = 2.0) -> str:
        height, width, channels = self.shape()
        kernel = self.rng.normal(0, np.sqrt(gain / (size * size * channels)), (size, size, channels, filters))
        pad = (size - 1) // 2
        op = Conv(kernel=kernel, bias=self.rng.normal(0, 0.1, filters), stride=(stride,) * 2, padding=((pad, pad),) * 2)
        out = [(edge + 2 * pad - size) // stride + 1 for edge in (height, width)]
        return self.add(op, (*out, filters))

    def depthwise(self, size: int = 3) -> str:
        height, width, channels = self.shape()
        kernel = self.rng.normal(0, np.sqrt(2 / size**2), (size, size, channels, 1))
        return self.add(DepthwiseConv(kernel=kernel, padding=((size // 2, size // 2),) * 2), (height, width, channels))

    def act(self, function: str = "relu", alpha: float = 0.0) -> str:
        return self.add(Activation(function=Function(function), alpha=alpha), self.shape())

    def norm(self, spread: float = 0.3) -> str:
        """A batch normalisation with the statistics of the data."""
        values = self.values[self.last].reshape(-1, self.shape()[-1])
        gamma, beta = (self.rng.normal(centre, spread, values.shape[1]) for centre in (1.0, 0.0))
        kernel = gamma / np.sqrt(values.var(axis=0) + 1e-3)
        return self.add(Affine(kernel=kernel, bias=beta - kernel * values.mean(axis=0)), self.shape())

    def layer_norm(self) -> str:
        count = self.shape()[-1]
        op = LayerNorm(kernel=self.rng.normal(1, 0.3, count), bias=self.rng.normal(0, 0.3, count))
        return self.add(op, self.shape())

    def merge(self, function: str, *sources: str) -> str:
        return self.add(Merge(function=MergeFunction(function)), self.shape(sources[0]), *sources)

    def pool(self, size: int, average: bool) -> str:
        height, width, channels = self.shape()
        op = Pool(average=average, size=(size, size), stride=(size, size), is_global=size == height == width)
        return self.add(op, (height // size, width // size, channels))

    def flatten(self) -> str:
        return self.add(Reshape(), (int(np.prod(self.shape())),))

    def cell(self, cell: Cell, units: int, returns: bool = False, activation: str = "tanh") -> str:
        steps, count = self.shape()
        gates = {Cell.SIMPLE_RNN: 1, Cell.GRU: 3, Cell.LSTM: 4}[cell] * units
        op = Recurrent(
            cell=cell,
            kernel=self.rng.normal(0, np.sqrt(1 / count), (count, gates)),
            recurrent_kernel=self.rng.normal(0, np.sqrt(0.5 / units), (units, gates)),
            bias=self.rng.normal(0, 0.1, gates),
            recurrent_bias=self.rng.normal(0, 0.1, gates) if cell is Cell.GRU else np.zeros(gates),
            activation=Function(activation),
            return_sequences=returns,
        )
        return self.add(op, (steps, units) if returns else (units,))

    def scale(self, spread: float) -> str:
        """Scale the weights of the last dense layer so that its results have a spread."""
        node, values = self.nodes.pop(), self.values.pop(self.last)
        factor = spread / values.std()
        op = replace(
            node.op, kernel=node.op.kernel * factor, bias=None if node.op.bias is None else node.op.bias * factor
        )
        self._add(replace(node, op=op), values * factor)
        return self.last

    def softmax(self) -> str:
        return self.add(Softmax(), self.shape())

    def graph(self, is_fused: bool = True) -> Graph:
        graph = Graph(name="net", nodes=tuple(self.nodes), outputs=(self.last,))
        return fuse_affine(graph) if is_fused else graph


def _normal(rng: np.random.Generator, *shape: int, scale: float = 1.0, offset: float = 0.0) -> np.ndarray:
    return rng.normal(offset, scale, (SAMPLES, *shape))


def _images(rng: np.random.Generator, *shape: int, top: float = 1.0) -> np.ndarray:
    """Smooth images from 0 to a top value, whole numbers where that is 255."""
    coarse = rng.uniform(0, 1, (SAMPLES, (shape[0] + 3) // 4, (shape[1] + 3) // 4, shape[2]))
    smooth = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, : shape[0], : shape[1]]
    values = np.clip(smooth + rng.normal(0, 0.1, smooth.shape), 0, 1)
    return np.round(values * top) if top > 1 else values


def _mlp(scale: float, spread: float, classes: int = 5, depth: int = 2, bias: float = 0.1) -> Callable[..., Net]:
    """A classifier of inputs of a scale, whose logits have a spread."""

    def build(rng: np.random.Generator) -> Net:
        net = Net(rng, _normal(rng, 16, scale=scale))
        for _ in range(depth):
            net.dense(32, bias=bias * scale)
            net.act()
        net.dense(classes, bias=bias * scale)
        net.scale(spread)
        net.softmax()
        return net

    return build


def _uniform_mlp(rng: np.random.Generator) -> Net:
    net = Net(rng, rng.uniform(-30, 30, (SAMPLES, 24)))
    for _ in range(2):
        net.dense(32)
        net.act()
    net.dense(5)
    net.softmax()
    return net


def _regression(
    scale: float, outputs: tuple[float, ...], offset: float = 0.0, function: str = "relu"
) -> Callable[..., Net]:
    """A regression of inputs of a scale, whose outputs have spreads and an offset."""

    def build(rng: np.random.Generator) -> Net:
        net = Net(rng, _normal(rng, 12, scale=scale))
        net.dense(32, gain=2.0 if function == "relu" else 1 / scale**2)
        net.act(function, 1.0)
        net.dense(24, gain=2.0 if function == "relu" else 1.0)
        net.act(function, 1.0)
        net.dense(len(outputs), bias=0)
        values = net.values[net.last]
        factor = np.array(outputs) / values.std(axis=0)
        node = net.nodes.pop()
        op = replace(node.op, kernel=node.op.kernel * factor, bias=np.full(len(outputs), offset))
        net._add(replace(node, op=op), values * factor + offset)
        return net

    return build


def _deep(is_norm: bool, depth: int = 10) -> Callable[..., Net]:
    def build(rng: np.random.Generator) -> Net:
        net = Net(rng, _normal(rng, 20))
        for _ in range(depth):
            net.dense(24)
            if is_norm:
                net.norm()
            net.act()
        net.dense(4)
        net.softmax()
        return net

    return build


def _norm_behind(rng: np.random.Generator) -> Net:
    """Batch norms that cannot be folded: behind the activations, and first on features of many scales."""
    x = rng.normal(0, 1, (SAMPLES, 12)) * 10.0 ** rng.uniform(-2, 3, 12) + 10.0 ** rng.uniform(-1, 3, 12)
    net = Net(rng, x)
    net.norm()
    for _ in range(3):
        net.dense(24)
        net.act()
        net.norm()
    net.dense(3)
    net.softmax()
    return net


def _residual_mlp(rng: np.random.Generator) -> Net:
    net = Net(rng, _normal(rng, 24, scale=2.0))
    before = net.dense(24)
    for _ in range(6):
        net.dense(24, source=before)
        net.norm()
        net.act()
        net.dense(24)
        before = net.merge("add", before, net.last)
    net.dense(2)
    return net


def _cnn(top: float, average: bool, is_norm: bool = True) -> Callable[..., Net]:
    def build(rng: np.random.Generator) -> Net:
        net = Net(rng, _images(rng, 8, 8, 3, top=top))
        for filters in (6, 8):
            net.conv(filters)
            if is_norm:
                net.norm()
            net.act()
            net.pool(2, average)
        net.flatten()
        net.dense(5)
        net.softmax()
        return net

    return build


def _resnet(rng: np.random.Generator) -> Net:
    net = Net(rng, _images(rng, 8, 8, 3))
    net.conv(8)
    net.norm()
    before = net.act()
    for _ in range(3):
        net.conv(8)
        net.norm()
        net.act()
        net.conv(8)
        net.norm()
        net.merge("add", before, net.last)
        before = net.act()
    net.pool(8, True)
    net.flatten()
    net.dense(10)
    net.softmax()
    return net


def _mobile(rng: np.random.Generator) -> Net:
    net = Net(rng, _images(rng, 8, 8, 3, top=255.0))
    net.add(Affine(kernel=np.full(3, 1 / 127.5), bias=np.full(3, -1.0)), net.shape())
    net.conv(8, stride=2)
    net.norm()
    net.act()
    for _ in range(3):
        net.depthwise()
        net.norm()
        net.act()
        net.conv(8, size=1)
        net.norm()
        net.act()
    net.pool(4, True)
    net.flatten()
    net.dense(4)
    net.softmax()
    return net


def _autoencoder(rng: np.random.Generator) -> Net:
    """Correlated features around -28 and outputs like them, as of spectra in decibels."""
    basis = rng.normal(0, 3, (4, 64))
    x = rng.normal(0, 1, (SAMPLES, 4)) @ basis + rng.normal(0, 1, (SAMPLES, 64)) - np.linspace(10, 45, 64)
    net = Net(rng, x)
    for units in (32, 32, 8, 32, 32):
        net.dense(units)
        net.norm()
        net.act()
    features = np.hstack([net.values[net.last], np.ones((SAMPLES, 1))])
    fitted = np.linalg.lstsq(features, x, rcond=None)[0]
    net.add(Dense(kernel=fitted[:-1], bias=fitted[-1]), (64,))
    return net


def _upsampler(rng: np.random.Generator) -> Net:
    net = Net(rng, _images(rng, 8, 8, 2))
    net.conv(6)
    net.act()
    net.pool(2, False)
    net.conv(4)
    net.act("leaky_relu", 0.1)
    net.add(Upsample(size=(2, 2)), (8, 8, 4))
    net.conv(2)
    return net


def _recurrent(cell: Cell, activation: str = "tanh", scale: float = 1.0) -> Callable[..., Net]:
    def build(rng: np.random.Generator) -> Net:
        net = Net(rng, _normal(rng, 10, 4, scale=scale))
        net.cell(cell, 8, returns=True, activation=activation)
        net.cell(cell, 8, activation=activation)
        net.dense(3)
        return net

    return build


def _recurrent_classes(rng: np.random.Generator) -> Net:
    net = Net(rng, _normal(rng, 10, 4))
    net.cell(Cell.GRU, 12)
    net.dense(4)
    net.softmax()
    return net


def _layer_norms(rng: np.random.Generator) -> Net:
    net = Net(rng, _normal(rng, 16, scale=5.0, offset=3.0))
    net.dense(32)
    net.layer_norm()
    net.act()
    net.dense(24, gain=0.01)
    net.layer_norm()
    net.dense(4)
    net.softmax()
    return net


def _slopes(rng: np.random.Generator) -> Net:
    net = Net(rng, _normal(rng, 16, scale=3.0))
    for _ in range(3):
        net.dense(24)
        net.add(PRelu(kernel=rng.uniform(-0.5, 1.5, 24)), (24,))
    net.dense(2)
    return net


def _several_inputs(rng: np.random.Generator) -> Net:
    net = Net(rng, _normal(rng, 6, scale=1000.0), _normal(rng, 6, scale=0.01, offset=0.05), _normal(rng, 6))
    parts = []
    for name, gain in (("x0", 1e-6), ("x1", 1e4), ("x2", 1.0)):
        net.dense(8, gain=2 * gain, source=name)
        parts.append(net.act())
    both = net.merge("multiply", parts[0], parts[1])
    net.add(Concatenate(axis=0), (16,), both, parts[2])
    net.dense(3)
    return net


def _dots(rng: np.random.Generator) -> Net:
    net = Net(rng, _normal(rng, 8), _normal(rng, 8, scale=4.0))
    left, right = net.dense(12, source="x0"), net.dense(12, source="x1")
    net.add(Dot(), (1,), left, right)
    return net


def _gate(rng: np.random.Generator) -> Net:
    """One sigmoid that decides, of small logits."""
    net = Net(rng, _normal(rng, 12))
    net.dense(16)
    net.act()
    net.dense(1, bias=0)
    net.scale(0.2)
    net.act("sigmoid")
    return net


def _trained(name: str, is_raw: bool) -> Callable[..., Net]:
    """A perceptron that scikit-learn trained, on standardised features or with the standardisation as first layer."""

    def build(rng: np.random.Generator) -> Net:
        from sklearn import datasets
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        is_class = name != "diabetes"
        centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-3 * x.std()
        z = (x - centre) / spread
        kind = MLPClassifier if is_class else MLPRegressor
        model = kind(hidden_layer_sizes=(32, 16), max_iter=400, random_state=0, tol=1e-3).fit(z, y)
        order = rng.permutation(len(x))[:SAMPLES]
        net = Net(rng, (x if is_raw else z)[order])
        if is_raw:
            net.add(Affine(kernel=1 / spread, bias=-centre / spread), net.shape())
        for index, (kernel, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
            net.add(Dense(kernel=kernel, bias=bias), (kernel.shape[1],))
            if index < len(model.coefs_) - 1:
                net.act()
        if is_class:
            net.act("sigmoid") if kernel.shape[1] == 1 else net.softmax()
        return net

    return build


CASES: dict[str, Callable[[np.random.Generator], Net]] = {
    "mlp": _mlp(1.0, 3.0),
    "mlp_flat": _mlp(1.0, 0.3),
    "mlp_very_flat": _mlp(1.0, 0.05),
    "mlp_peaked": _mlp(1.0, 40.0),
    "mlp_100_classes": _mlp(1.0, 1.0, classes=100),
    "mlp_2_classes": _mlp(1.0, 0.5, classes=2),
    "mlp_tiny_inputs": _mlp(0.01, 1.0),
    "mlp_inputs_of_8": _mlp(8.0, 5.0),
    "mlp_inputs_of_1000": _mlp(1000.0, 2.0, bias=1.0),
    "mlp_large_biases": _mlp(1.0, 2.0, bias=20.0),
    "mlp_uniform": _uniform_mlp,
    "deep": _deep(False),
    "deep_norm": _deep(True),
    "norm_behind": _norm_behind,
    "regression": _regression(1.0, (1.0, 1.0, 1.0)),
    "regression_kelvin": _regression(8.0, (12.0,), offset=273.15),
    "regression_small": _regression(0.05, (0.002, 0.003)),
    "regression_large": _regression(300.0, (5000.0, 20000.0), offset=1e5),
    "regression_mixed": _regression(1.0, (0.01, 1.0, 100.0)),
    "regression_tanh": _regression(1.0, (1.0,), function="tanh"),
    "regression_small_tanh": _regression(0.05, (0.1,), function="tanh"),
    "regression_sigmoid": _regression(2.0, (4.0,), function="sigmoid"),
    "regression_elu": _regression(1.0, (1.0,), function="elu"),
    "regression_selu": _regression(1.0, (1.0,), function="selu"),
    "regression_softplus": _regression(1.0, (1.0,), function="softplus"),
    "residual_mlp": _residual_mlp,
    "cnn_max": _cnn(1.0, False),
    "cnn_average": _cnn(1.0, True),
    "cnn_pixels": _cnn(255.0, False, is_norm=False),
    "resnet": _resnet,
    "mobile": _mobile,
    "autoencoder": _autoencoder,
    "upsampler": _upsampler,
    "lstm": _recurrent(Cell.LSTM),
    "gru": _recurrent(Cell.GRU),
    "simple_rnn_relu": _recurrent(Cell.SIMPLE_RNN, "relu"),
    "lstm_relu": _recurrent(Cell.LSTM, "relu", scale=5.0),
    "gru_classes": _recurrent_classes,
    "layer_norm": _layer_norms,
    "prelu": _slopes,
    "several_inputs": _several_inputs,
    "dot": _dots,
    "gate": _gate,
    "trained_digits": _trained("digits", True),
    "trained_breast_cancer": _trained("breast_cancer", True),
    "trained_wine": _trained("wine", False),
    "trained_diabetes": _trained("diabetes", True),
}
