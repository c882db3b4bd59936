"""Every op in every io and strategy with every rounding and overflow mode, random shapes and types.

The modes are those of everything that is no weight: accumulators, tables, states, results. Ops with a matrix meet all 28
pairs of modes in each io and strategy; the others meet half of them in io_parallel and the other half in io_stream.
"""

from collections.abc import Iterator

import numpy as np
from agreement.draws import MATRICES, OTHERS, Draw
from agreement.kit import OVERFLOWS, ROUNDINGS, Built, Case, grid_op, random_type, uniform

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import knobs
from hlsexplore.op_facts import matmul_shape
from hlsexplore.ops import Input, LayerNorm, tensor_keys, weights
from hlsexplore.reuse import legal_reuse
from hlsexplore.target import Target

SAMPLES = 40


def mode_case(name: str, draw: Draw, io: str, strategy: str, rounding: Rounding, overflow: Overflow):
    """Make an op with one pair of modes."""

    def build(rng: np.random.Generator) -> Built:
        drawn = draw(rng)
        modes = {"rounding": rounding, "overflow": overflow}
        names = [f"x{i}" for i in range(len(drawn.shapes))]
        sources = [random_type(rng, (3, 10), (1, 4), is_signed=bool(rng.integers(2))) for _ in names]
        settings: dict[str, object] = {key: random_type(rng, (3, 8), (0, 3)) for key in weights(drawn.op)}
        for key in tensor_keys(drawn.op):
            if key not in settings:
                settings[key] = random_type(rng, (5, 14), (1, 5), is_signed=bool(rng.integers(4)), **modes)
        if isinstance(drawn.op, LayerNorm):
            settings["accum"] = Fixed(int(rng.integers(10, 18)), int(rng.integers(2, 7)), **modes)
        nodes = [
            Node(name=item, op=Input(), inputs=(), shape=shape) for item, shape in zip(names, drawn.shapes, strict=True)
        ]
        nodes.append(Node(name="layer", op=grid_op(drawn.op, settings), inputs=tuple(names), shape=drawn.out))
        graph = Graph(name="case", nodes=tuple(nodes), outputs=("layer",))
        node = graph["layer"]
        if "table_size" in knobs(node):
            settings["table_size"] = int(rng.choice([16, 64, 256]))
        if name.startswith("softmax"):
            settings["softmax"] = name.removeprefix("softmax_")
        if matmul_shape(drawn.op) is not None:
            settings |= {"strategy": strategy, "reuse": int(rng.choice(legal_reuse(node)))}
        changes: dict = {item: {"result": type_} for item, type_ in zip(names, sources, strict=True)}
        design = Design.default(graph, target=Target(io=io)).with_layers(changes | {"layer": settings})
        x = tuple(uniform(rng, type_, shape, SAMPLES) for type_, shape in zip(sources, drawn.shapes, strict=True))
        return design, x if len(x) > 1 else x[0]

    return build


def mode_cases() -> Iterator[Case]:
    """List the cases; a few of each op and io run by default."""
    pairs = [(i, j, rounding, overflow) for i, rounding in enumerate(ROUNDINGS) for j, overflow in enumerate(OVERFLOWS)]
    for number, (name, draw) in enumerate((MATRICES | OTHERS).items()):
        has_matrix = name in MATRICES
        for io in ("parallel", "stream"):
            for strategy in ("latency", "resource") if has_matrix else ("",):
                for i, j, rounding, overflow in pairs:
                    if not has_matrix and (i + j) % 2 != (io == "stream"):
                        continue
                    build = mode_case(name, draw, io, strategy or "latency", rounding, overflow)
                    words = [name, io, strategy, str(rounding), str(overflow)]
                    turn = (number + (io == "stream") + 2 * (strategy == "resource")) % len(pairs)
                    is_default = (number + (io == "stream")) % 4 == 0 and 4 * i + j - turn in (0, 1)
                    yield Case("_".join(word for word in words if word), build, is_slow=not is_default)


MODE_CASES = tuple(mode_cases())
