"""Agreement cases of merges, normalisation and recurrent layers."""

from collections.abc import Callable

import numpy as np
from agreement.kit import Built, Case, random_type, single, uniform

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    Cell,
    Concatenate,
    Dot,
    Function,
    Input,
    LayerNorm,
    Merge,
    MergeFunction,
    Recurrent,
    tensor_keys,
)
from hlsexplore.reuse import legal_reuse
from hlsexplore.target import Target

RANGE = "hls4ml's table covers variances of 0 to 1 at most; ours the range of the accumulator"
ONE_TYPE = "hls4ml's LSTM compiles only where input, accumulator and result have one type"
UNSUPPORTED = "hls4ml has no such layer"


def pair_case(op: object, shape: tuple[int, ...], out_shape: tuple[int, ...], count: int = 2, io: str = "parallel"):
    """Make a layer that joins several inputs of random types."""

    def build(rng: np.random.Generator) -> Built:
        sources = [random_type(rng, (5, 12), (1, 5), overflow=Overflow.SAT) for _ in range(count)]
        names = [f"x{i}" for i in range(count)]
        nodes = [Node(name=name, op=Input(), inputs=(), shape=shape) for name in names]
        nodes.append(Node(name="layer", op=op, inputs=tuple(names), shape=out_shape))
        graph = Graph(name="case", nodes=tuple(nodes), outputs=("layer",))
        changes: dict = {name: {"result": type_} for name, type_ in zip(names, sources, strict=True)}
        changes["layer"] = {"result": random_type(rng, (5, 16), (2, 6))}
        if isinstance(op, Dot):
            changes["layer"]["accum"] = random_type(rng, (8, 16), (4, 7))
        design = Design.default(graph, target=Target(io=io)).with_layers(changes)
        return design, tuple(uniform(rng, type_, shape) for type_ in sources)

    return build


def layer_norm_case(integer: int) -> Callable[..., Built]:
    """Make a layer normalisation whose accumulator has some integer bits."""

    def build(rng: np.random.Generator) -> Built:
        accum = Fixed(int(rng.integers(16, 24)), integer, rounding=Rounding(str(rng.choice(["TRN", "RND"]))))
        source = Fixed(int(rng.integers(8, 12)), min(integer, 1))
        types = {
            "input": source,
            "weight": random_type(rng, (6, 10), (2, 3)),
            "bias": random_type(rng, (6, 10), (2, 3)),
            "accum": accum,
            "table": Fixed(18, 8, rounding=Rounding.TRN),
            "result": random_type(rng, (10, 16), (4, 6)),
        }
        op = LayerNorm(kernel=rng.normal(1, 0.5, 8), bias=rng.normal(0, 0.5, 8), epsilon=1e-3)
        return single(op, (3, 8), (3, 8), types), uniform(rng, source, (3, 8), 100) * 0.6

    return build


def recurrent_case(
    cell: Cell, io: str, is_sequence: bool, is_narrow: bool, is_uniform: bool = False, **options
) -> Callable[..., Built]:
    """Make a recurrent layer on random types."""

    def build(rng: np.random.Generator) -> Built:
        steps, n_in, units = int(rng.integers(3, 6)), int(rng.integers(2, 5)), int(rng.integers(2, 5))
        gates = {Cell.SIMPLE_RNN: 1, Cell.LSTM: 4, Cell.GRU: 3}[cell]
        source, result = random_type(rng, (6, 10), (1, 3)), random_type(rng, (8, 14), (2, 4), overflow=Overflow.SAT)
        types = {
            "input": source,
            "result": result,
            "state": result,
            "table": random_type(rng, (10, 18), (2, 4), overflow=Overflow.SAT),
            "accum": random_type(rng, (10, 14), (5, 6)) if is_narrow else Fixed(28, 10),
        }
        if is_uniform:
            types |= dict.fromkeys(("input", "result", "state", "accum"), Fixed(16, 6))
            source = Fixed(16, 6)
        types |= dict.fromkeys(("activation", "gate"), types["accum"])  # as in hls4ml
        types |= {key: random_type(rng, (5, 8), (1, 2)) for key in ("weight", "recurrent_weight")}
        types |= {key: random_type(rng, (5, 8), (1, 2)) for key in ("bias", "recurrent_bias")}
        op = Recurrent(
            cell=cell,
            kernel=rng.normal(0, 0.8, (n_in, gates * units)),
            recurrent_kernel=rng.normal(0, 0.8, (units, gates * units)),
            bias=rng.normal(0, 0.5, gates * units),
            recurrent_bias=rng.normal(0, 0.5, gates * units) * (cell is Cell.GRU),
            return_sequences=is_sequence,
            **options,
        )
        types = {key: type_ for key, type_ in types.items() if key in ("input", *tensor_keys(op))}
        shape = (steps, units) if is_sequence else (units,)
        return single(op, (steps, n_in), shape, types, io=io), uniform(rng, source, (steps, n_in), 100)

    return build


def cell_case(cell: Cell, io: str, function: Function, gate: Function, quantizes_state: bool, **options):
    """Make a recurrent layer whose functions and states have types of their own, as with the quantizers of QKeras."""

    def build(rng: np.random.Generator) -> Built:
        design, x = recurrent_case(
            cell,
            io,
            bool(rng.integers(2)),
            bool(rng.integers(2)),
            activation=function,
            recurrent_activation=gate,
            quantizes_state=quantizes_state,
            alpha=0.3,
            recurrent_alpha=0.5,
            **options,
        )(rng)
        own = {"activation", "gate", "state", "hidden", "memory"} & {*tensor_keys(design.graph["layer"].op)}
        changes: dict = {key: random_type(rng, (4, 9), (1, 3), is_signed=bool(rng.integers(4))) for key in sorted(own)}
        if rng.integers(2):
            changes |= {"strategy": "resource", "reuse": int(rng.choice(legal_reuse(design.graph["layer"])))}
        return design.with_layer("layer", **changes), x

    return build


CELL_FUNCTIONS = (
    ("tanh", "sigmoid"),
    ("hard_tanh", "hard_sigmoid"),
    ("linear", "hard_sigmoid"),
    ("relu", "linear"),
    ("binary_tanh", "ternary_tanh"),
    ("leaky_relu", "thresholded_relu"),
    ("softsign", "relu"),
    ("elu", "sigmoid"),
    ("selu", "softplus"),
)


def cell_cases() -> list[Case]:
    """List the cases of cells with types of their own: every cell and io, with every function when slow."""
    cases = []
    for io in ("parallel", "stream"):
        for i, (function, gate) in enumerate(CELL_FUNCTIONS):
            for cell, options in (
                (Cell.SIMPLE_RNN, {}),
                (Cell.LSTM, {}),
                (Cell.GRU, {"reset_after": True}),
                (Cell.GRU, {"reset_after": False}),
            ):
                suffix = "_reset_first" if options.get("reset_after") is False else ""
                build = cell_case(cell, io, Function(function), Function(gate), i % 3 != 2, **options)
                is_slow = function != ("hard_tanh" if io == "parallel" else "binary_tanh")
                cases.append(
                    Case(f"{cell}{suffix}_{io}_{function}_{gate}", build, differs=UNSUPPORTED, is_slow=is_slow)
                )
    return cases


def join_cases() -> list[Case]:
    """List the cases."""
    cases = [
        Case(f"{function}_{i}", pair_case(Merge(function=function), (7,), (7,)))
        for function in MergeFunction
        for i in (0, 1)
    ]
    cases += [
        Case("add_image", pair_case(Merge(function=MergeFunction.ADD), (3, 2, 2), (3, 2, 2))),
        Case("concatenate_1d", pair_case(Concatenate(axis=0), (5,), (10,))),
        Case("concatenate_2d_0", pair_case(Concatenate(axis=0), (3, 4), (6, 4))),
        Case("concatenate_2d_1", pair_case(Concatenate(axis=1), (3, 4), (3, 8))),
        Case("concatenate_3d_2", pair_case(Concatenate(axis=2), (3, 2, 2), (3, 2, 4))),
        *(Case(f"dot_{i}", pair_case(Dot(), (6,), (1,))) for i in range(4)),
        *(
            Case(f"{function}_of_three", pair_case(Merge(function=function), (7,), (7,), count=3), differs=UNSUPPORTED)
            for function in MergeFunction
        ),
        *(
            Case(f"{function}_of_six", pair_case(Merge(function=function), (5,), (5,), count=6), differs=UNSUPPORTED)
            for function in MergeFunction
            if function is not MergeFunction.AVERAGE
        ),
        *(
            Case(
                f"concatenate_of_seven_{axis}_{io}",
                pair_case(Concatenate(axis=axis), (2, 3), out, count=7, io=io),
                differs=UNSUPPORTED,
            )
            for axis, out in enumerate(((14, 3), (2, 21)))
            for io in ("parallel", "stream")
        ),
        *(Case(f"layer_norm_{i}", layer_norm_case(1)) for i in range(3)),
        Case("layer_norm_wide", layer_norm_case(4), differs=RANGE),
    ]
    return cases + _recurrent_cases() + cell_cases()


def _recurrent_cases() -> list[Case]:
    cases = []
    for io in ("parallel", "stream"):
        cases += [
            Case(f"gru_{io}_last", recurrent_case(Cell.GRU, io, False, False)),
            Case(f"gru_{io}_sequence_narrow", recurrent_case(Cell.GRU, io, True, True)),
            Case(f"lstm_{io}_last", recurrent_case(Cell.LSTM, io, False, False, is_uniform=True)),
            Case(f"lstm_{io}_sequence", recurrent_case(Cell.LSTM, io, True, False, is_uniform=True)),
            Case(f"lstm_{io}_mixed", recurrent_case(Cell.LSTM, io, True, False), differs=ONE_TYPE),
            Case(f"lstm_{io}_mixed_narrow", recurrent_case(Cell.LSTM, io, False, True), differs=ONE_TYPE),
        ]
    relu = {"activation": Function.RELU}
    cases += [
        Case("lstm_relu", recurrent_case(Cell.LSTM, "parallel", False, False, is_uniform=True, **relu)),
        Case(
            "gru_reset_first",
            recurrent_case(Cell.GRU, "parallel", False, False, reset_after=False),
            differs=UNSUPPORTED,
        ),
        Case("simple_rnn", recurrent_case(Cell.SIMPLE_RNN, "parallel", True, True), differs=UNSUPPORTED),
        Case(
            "gru_backwards", recurrent_case(Cell.GRU, "parallel", True, False, go_backwards=True), differs=UNSUPPORTED
        ),
        Case(
            "lstm_hard_sigmoid",
            recurrent_case(
                Cell.LSTM, "parallel", False, True, recurrent_activation=Function.HARD_SIGMOID, recurrent_alpha=0.2
            ),
            differs=UNSUPPORTED,
        ),
    ]
    return cases
