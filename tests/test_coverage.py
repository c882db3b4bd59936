"""Every op, function and cell through every executor: an answer, or a row of the table of refusals; and the page of it."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from agreement.cases_modes import mode_case
from agreement.draws import DRAWS
from agreement.kit import single

import hlsexplore.coverage as coverage
from hlsexplore.coverage import PLACES, REFUSALS, Executor, Refusal
from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import NoModelError
from hlsexplore.estimate import estimate
from hlsexplore.estimate.coefficients import shipped
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.layers import MODELS, layer_cost
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import technology
from hlsexplore.fixed import Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import SoftmaxMode, knobs
from hlsexplore.op_facts import kind
from hlsexplore.ops import (
    Activation,
    Cell,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    Merge,
    MergeFunction,
    Op,
    Permute,
    PRelu,
    Quantize,
    Recurrent,
    tensor_keys,
)
from hlsexplore.reference.forward import float_forward
from hlsexplore.rtl_plan.plan import plan
from hlsexplore.rtl_plan.stream.plan import stream_plan
from hlsexplore_hls.cpp.generate import generate as generate_cpp
from hlsexplore_hls.hls4ml.limits import refusals
from hlsexplore_hls.xls.folded import MAX_LANES
from hlsexplore_hls.xls.layers import layer_text
from hlsexplore_hls.xls.products import MAX_PRODUCTS

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
SEEDS = range(6)
"""Draws of each op: an option that is refused must not hide that the op is answered."""
ESTIMATES = {
    Executor.VITIS_PARALLEL: ("vitis_hls", "parallel"),
    Executor.VITIS_STREAM: ("vitis_hls", "stream"),
    Executor.VIVADO_PARALLEL: ("vivado_hls", "parallel"),
    Executor.VIVADO_STREAM: ("vivado_hls", "stream"),
    Executor.YOSYS_PARALLEL: ("yosys", "parallel"),
    Executor.YOSYS_STREAM: ("yosys", "stream"),
}
ATTEMPTS: dict[Executor, tuple[str, Callable[[Design], object]]] = {
    Executor.CPP_PARALLEL: ("parallel", generate_cpp),
    Executor.CPP_STREAM: ("stream", generate_cpp),
    Executor.RTL_PARALLEL: ("parallel", plan),
    Executor.RTL_STREAM: ("stream", stream_plan),
    Executor.XLS: ("parallel", lambda design: layer_text(design, design.graph.layers[-1], "layer")),
}


def answer(executor: Executor, design: Design, x: object) -> str:
    """Return the sentence with which an executor refuses a design, or nothing if it has an answer."""
    if executor in ESTIMATES:
        tool, io = ESTIMATES[executor]
        report = estimate(design.with_target(tool=tool, io=io))
        figures = report.layers["layer"]
        names = ("lut", "ff", "dsp", "bram18", "latency_cycles_min", "latency_cycles_max", "ii_cycles")
        assert bool(report.missing) == any(getattr(figures, name) is None for name in names), report
        return report.missing[0].replace(f" ({design_kind(report.missing[0])})", "") if report.missing else ""
    if executor is Executor.HLS4ML:
        return next(iter(refusals(design)), "")
    try:
        if executor is Executor.EMULATOR:
            raw_outputs(design, x)
        elif executor is Executor.REFERENCE:
            float_forward(design.graph, x)
        else:
            io, attempt = ATTEMPTS[executor]
            attempt(design.with_target(io=io))
    except NoModelError as error:
        return str(error)
    return ""


def design_kind(sentence: str) -> str:
    found = re.search(r"\((\w+)\)", sentence)
    return found[1] if found else ""


def matches(refusal: Refusal, sentence: str) -> bool:
    """Whether a sentence is that of a refusal."""
    pattern = re.sub(r"\\{[^}]*\\}", ".*", re.escape(refusal.text))
    return re.fullmatch(rf"layer 'layer': {pattern}", sentence) is not None


def rows_of(executor: Executor) -> list[Refusal]:
    return [row for row in REFUSALS if executor in row.executors]


@lru_cache
def drawn(name: str, seed: int) -> tuple[Design, object]:
    """A layer with reuse 1, so that no option is in the way."""
    build = mode_case(name, DRAWS[name], "parallel", "latency", Rounding.RND, Overflow.SAT)
    design, x = build(np.random.default_rng(seed))
    return (design.with_layer("layer", reuse=1) if "reuse" in knobs(design.graph["layer"]) else design), x


@lru_cache
def candidates() -> dict[str, list[tuple[Design, object]]]:
    """Layers of each kind; of cells also plain ones of one type, as hls4ml wants them."""
    found: dict[str, list[tuple[Design, object]]] = {}
    for name in DRAWS:
        items = [drawn(name, seed) for seed in SEEDS]
        found.setdefault(items[0][0].graph["layer"].kind, []).extend(items)
    for kind_ in Cell:
        op = cell(kind_)
        types = dict.fromkeys(
            (key for key in tensor_keys(op) if "weight" not in key and "bias" not in key), "fixed<16,6>"
        )
        design = single(op, (4, 2), (3,), {"input": "fixed<16,6>", **types})
        found[kind_.value].append((design, np.zeros((2, 4, 2))))
    return found


def ops() -> dict[str, Op]:
    """The op of each draw."""
    return {name: drawn(name, 0)[0].graph["layer"].op for name in DRAWS}


def test_every_op_function_and_cell_has_a_layer_to_walk_with() -> None:
    found = list(ops().values())
    functions = {op.function for op in found if isinstance(op, Activation | Merge)}
    cells = {op.cell for op in found if isinstance(op, Recurrent)}
    modes = {name.removeprefix("softmax_") for name in DRAWS if name.startswith("softmax_")}
    wanted: list[tuple[str, bool]] = [
        (item.__name__, any(isinstance(op, item) for op in found)) for item in get_args(Op)
    ]
    for enum, there in ((Function, functions), (MergeFunction, functions), (Cell, cells), (SoftmaxMode, modes)):
        wanted += [(f"{enum.__name__}.{item.name}", item in there) for item in enum]
    missing = [name for name, is_there in wanted if not is_there and name != Input.__name__]
    places = "\n".join(
        f"  {place}" for place in dict.fromkeys(["tests/agreement/draws.py", *PLACES.values(), *MORE_PLACES])
    )
    assert not missing, f"nothing is known of {', '.join(missing)}. Places to fill (docs/adding.md):\n{places}"


MORE_PLACES = (
    "hlsexplore/shapes.py",
    "hlsexplore/defaults/layers.py",
    "hlsexplore/defaults/exact.py",
    "hlsexplore/defaults/demand.py",
    "hlsexplore/estimate/kinds.py",
    "hlsexplore/estimate/convert.py",
    "hlsexplore/importers/registry.py",
    "docs/ir.md",
)


@pytest.mark.parametrize("executor", Executor, ids=lambda executor: executor.name)
def test_every_op_has_an_answer_or_stands_in_the_table(executor: Executor) -> None:
    problems = []
    for name, designs in candidates().items():
        op = designs[0][0].graph["layer"].op
        covering = [row for row in rows_of(executor) if row.covers is not None and row.covers(op)]
        sentences = [answer(executor, *item) for item in designs]
        strange = [item for item in sentences if item and not any(matches(row, item) for row in rows_of(executor))]
        if strange:
            problems.append(f"{name}: fill {PLACES[executor]}, or add a row to REFUSALS: {strange[0]}")
        elif covering and not all(sentences):
            problems.append(f"{name}: the row '{covering[0].what}' says that it is refused, and it is not")
        elif not covering and all(sentences):
            problems.append(f"{name}: always refused, and no row of REFUSALS covers it: {sentences[0]}")
    assert not problems, f"{executor}:\n" + "\n".join(problems)


def layer(op: Op, shape: tuple[int, ...], out: tuple[int, ...], io: str = "parallel", **settings: object) -> Design:
    """A design of one layer named `layer`."""
    return single(op, shape, out, {"input": "fixed<8,4>"}, io=io, **settings)


def average_of(count: int) -> Design:
    nodes = [Node(name=f"x{i}", op=Input(), inputs=(), shape=(3,)) for i in range(count)]
    names = tuple(node.name for node in nodes)
    nodes.append(Node(name="layer", op=Merge(function=MergeFunction.AVERAGE), inputs=names, shape=(3,)))
    return Design.default(Graph(name="m", nodes=tuple(nodes), outputs=("layer",)))


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape)


def cell(kind_: Cell = Cell.SIMPLE_RNN, **options: object) -> Recurrent:
    size = {Cell.SIMPLE_RNN: 3, Cell.LSTM: 12, Cell.GRU: 9}[kind_]
    return Recurrent(
        cell=kind_,
        kernel=ones(2, size),
        recurrent_kernel=ones(3, size),
        bias=ones(size),
        recurrent_bias=ones(size),
        **options,
    )


OPTIONS: dict[str, Callable[[], Design]] = {
    coverage.AVERAGE_OF_MANY.what: lambda: average_of(5),
    coverage.MANY_AXES.what: lambda: layer(
        Permute(axes=(1, 0, 2, 3, 4, 5, 6)), (1, 2, 2, 2, 2, 1, 1), (2, 1, 2, 2, 2, 1, 1)
    ),
    coverage.CPP_PARALLEL_ON_STREAM.what: lambda: layer(
        Conv(kernel=ones(2, 2, 1, 1)), (3, 3, 1), (2, 2, 1), parallel=2
    ),
    coverage.PARTS_OF_ROWS.what: lambda: layer(Conv(kernel=ones(1, 1, 1, 1)), (4, 3, 1), (4, 3, 1), parallel=4),
    coverage.SHARED_CHANNELS.what: lambda: layer(
        DepthwiseConv(kernel=ones(1, 3, 2, 1), rank=1), (4, 2), (2, 2), reuse=6
    ),
    coverage.SHARED_CELLS.what: lambda: layer(
        cell(), (4, 2), (3,), reuse=2, strategy="resource", accum="fixed<8,2,TRN,SAT>"
    ),
    coverage.BACKWARD_STREAM.what: lambda: layer(cell(go_backwards=True), (4, 2), (3,)),
    coverage.SLOPES_BY_POSITION.what: lambda: layer(PRelu(kernel=np.arange(6.0).reshape(3, 2)), (3, 2), (3, 2)),
    coverage.TYPES_BY_POSITION.what: lambda: layer(
        Quantize(types=ElementTypes(signed=True, integer=np.arange(6).reshape(3, 2), fraction=1)), (3, 2), (3, 2)
    ),
    coverage.MANY_PRODUCTS.what: lambda: layer(Dense(kernel=ones(251, 200)), (251,), (200,)),
    coverage.UNEVEN_STEPS.what: lambda: layer(DepthwiseConv(kernel=ones(1, 3, 2, 1), rank=1), (4, 2), (2, 2), reuse=6),
    coverage.MANY_LANES.what: lambda: layer(Dense(kernel=ones(64, 66)), (64,), (66,), reuse=2),
    coverage.HLS4ML_JOINS.what: lambda: average_of(3),
    coverage.HLS4ML_DILATION.what: lambda: layer(Conv(kernel=ones(2, 2, 1, 1), dilation=(2, 1)), (4, 3, 1), (2, 2, 1)),
    coverage.HLS4ML_MULTIPLIER.what: lambda: layer(DepthwiseConv(kernel=ones(2, 2, 1, 2)), (3, 3, 1), (2, 2, 2)),
    coverage.HLS4ML_DEPTHWISE.what: lambda: layer(
        DepthwiseConv(kernel=ones(2, 2, 1, 1)), (3, 3, 1), (2, 2, 1), strategy="resource"
    ),
    coverage.HLS4ML_STRIDES.what: lambda: layer(
        Conv(kernel=ones(1, 1, 1, 1), stride=(2, 2)), (3, 3, 1), (2, 2, 1), io="stream"
    ),
    coverage.HLS4ML_RESET.what: lambda: layer(cell(Cell.GRU, reset_after=False), (4, 2), (3,)),
    coverage.HLS4ML_STATES.what: lambda: layer(cell(Cell.LSTM, go_backwards=True), (4, 2), (3,)),
    coverage.HLS4ML_FUNCTIONS.what: lambda: layer(cell(Cell.LSTM, activation=Function.SOFTSIGN), (4, 2), (3,)),
    coverage.HLS4ML_GATES.what: lambda: layer(cell(Cell.GRU), (4, 2), (3,), gate="fixed<9,2>"),
    coverage.HLS4ML_LSTM.what: lambda: layer(
        cell(Cell.LSTM), (4, 2), (3,), **dict.fromkeys(("accum", "activation", "gate"), "fixed<20,8>")
    ),
    coverage.HLS4ML_LIMIT.what: lambda: layer(Activation(function=Function.RELU, max_value=2.0), (3,), (3,)),
    "dense layers at several positions with reuse above 1": lambda: layer(
        Dense(kernel=ones(4, 2)), (3, 4), (3, 2), reuse=2
    ),
}


@pytest.mark.parametrize("row", [row for row in REFUSALS if row.covers is None], ids=lambda row: row.what)
def test_refused_option_is_refused_with_its_sentence(row: Refusal) -> None:
    design = OPTIONS[row.what]()
    x = tuple(np.zeros((2, *node.shape)) for node in design.graph.inputs)
    for executor in row.executors:
        assert matches(row, answer(executor, design, x if len(x) > 1 else x[0])), executor


def test_limits_in_the_words_of_the_table_are_the_limits() -> None:
    assert f"{MAX_PRODUCTS:,}" in coverage.MANY_PRODUCTS.what
    assert f"{MAX_LANES:,}" in coverage.MANY_LANES.what


@pytest.mark.parametrize("tool", ["vitis_hls", "vivado_hls", "yosys"])
@pytest.mark.parametrize("io", ["parallel", "stream", "dataflow"])
def test_an_op_without_a_formula_is_unknown_and_never_priced_as_another(
    tool: str, io: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, Kind.LAYER_NORM, MODELS[Kind.RELU])  # a row, but no formula of an element
    pricing = Pricing(tech=technology(tool, "", "virtexuplus"), io=io, budget_ns=4.0, table=shipped())
    for op in (Kind.LAYER_NORM, Kind.OTHER):
        cost = layer_cost(LayerRecord(name="layer", op=op, channels=4), pricing)
        assert (cost.lut, cost.ff, cost.dsp, cost.bram18, cost.latency_max, cost.ii) == (None,) * 6


HEAD = """# Which executor answers for which op

Generated from the table of refusals in `hlsexplore/coverage.py` (`pytest tests/test_coverage.py --update-golden`), and
compared with it by that test, which sends a layer of each kind through every executor. "yes" is an answer, "no" a refusal
that names the layer; options that are refused stand below. An estimate that is refused leaves the figure out and
says so; for our RTL `estimate(design, level="plan")` has all figures of every layer that has RTL.

"""
NAMES = {
    Executor.EMULATOR: "emulator",
    Executor.REFERENCE: "float",
    Executor.CPP_PARALLEL: "C++",
    Executor.CPP_STREAM: "C++ stream",
    Executor.RTL_PARALLEL: "RTL",
    Executor.RTL_STREAM: "RTL stream",
    Executor.XLS: "XLS",
    Executor.HLS4ML: "hls4ml",
    Executor.VITIS_PARALLEL: "Vitis",
    Executor.VITIS_STREAM: "Vitis stream",
    Executor.VIVADO_PARALLEL: "Vivado",
    Executor.VIVADO_STREAM: "Vivado stream",
    Executor.YOSYS_PARALLEL: "our RTL",
    Executor.YOSYS_STREAM: "our RTL stream",
}


def page() -> str:
    """Write docs/coverage.md: a row for each kind of layer, a column for each executor, then all refusals."""
    kinds = {kind(op): op for op in ops().values()}
    lines = ["| layer | " + " | ".join(NAMES.values()) + " |", "|---" * (len(NAMES) + 1) + "|"]
    for name, op in kinds.items():
        cells = []
        for executor in NAMES:
            is_refused = any(row.covers is not None and row.covers(op) for row in rows_of(executor))
            cells.append("no" if is_refused else "yes")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "The last six columns are estimates.", "", "## Refusals", ""]
    lines += ["| what | by | sentence, behind the layer's name |", "|---|---|---|"]
    for row in REFUSALS:
        by = ", ".join(NAMES[item] + (" estimate" if item in ESTIMATES else "") for item in row.executors)
        text = re.sub(r"\{(\w+)[^}]*\}", r"<\1>", row.text)
        lines.append(f"| {row.what} | {by} | {text} |")
    return HEAD + "\n".join(lines) + "\n"


def test_page_is_that_of_the_table(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "docs/coverage.md is old: pytest tests/test_coverage.py --update-golden"
    )
