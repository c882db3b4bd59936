"""Seconds and memory by layers, image, samples and trials, each point in a process of its own.

    python benchmarks/growth.py [--json] [--case layers] [--quick]

`layers`: a MobileNet of depthwise and 1x1 convolutions on 96x96 images as a stream, by its layers. `image`: the same
with 16 layers, by the side of the image. `samples`: the panel on the jet tagger
(`step_s`: until an edit returns). `trials`: a study of the jet tagger,
opened, with its front. Seconds are CPU time of the process, memory the most that it held.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from machine import machine, versions

CASES = {
    "layers": (4, 8, 16, 32, 64),
    "image": (24, 48, 96),
    "samples": (10_000, 100_000, 1_000_000),
    "trials": (1_000, 10_000, 100_000),
}
CHANNELS = 16
STEPS = 10


def mobilenet(layers: int, size: int) -> object:
    """Build a MobileNet: a 3x3 convolution, pairs of a depthwise and a 1x1 convolution, and a classifier."""
    from hlsexplore.graph import Graph, Node
    from hlsexplore.ops import Activation, Conv, Dense, DepthwiseConv, Function, Input, Op, Pool, Reshape, Softmax

    rng = np.random.default_rng(0)
    nodes = [Node(name="x", op=Input(), inputs=(), shape=(size, size, 3))]

    def add(op: Op, shape: tuple[int, ...], has_relu: bool = False) -> None:
        nodes.append(Node(name=f"n{len(nodes)}", op=op, inputs=(nodes[-1].name,), shape=shape))
        if has_relu:
            add(Activation(function=Function.RELU), shape)

    def kernel(*shape: int) -> np.ndarray:
        return rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)

    side = size // 2
    image, bias = (side, side, CHANNELS), np.zeros(CHANNELS)
    first = Conv(kernel=kernel(3, 3, 3, CHANNELS), bias=bias, stride=(2, 2), padding=((0, 1), (0, 1)))
    add(first, image, has_relu=True)
    for i in range(layers):
        if i % 2 == 0:
            add(DepthwiseConv(kernel=kernel(3, 3, CHANNELS, 1), bias=bias, padding=((1, 1), (1, 1))), image, True)
        else:
            add(Conv(kernel=kernel(1, 1, CHANNELS, CHANNELS), bias=bias), image, has_relu=True)
    add(Pool(average=True, size=(side, side), stride=(side, side), is_global=True), (1, 1, CHANNELS))
    add(Reshape(), (CHANNELS,))
    add(Dense(kernel=kernel(CHANNELS, 2), bias=np.zeros(2)), (2,))
    add(Softmax(), (2,))
    return Graph(name="mobilenet", nodes=tuple(nodes), outputs=(nodes[-1].name,))


def network(layers: int, size: int) -> dict[str, float]:
    """Measure opening, estimating, emulating and planning a network."""
    from hlsexplore.design import Design
    from hlsexplore.emulate import emulate
    from hlsexplore.estimate import estimate
    from hlsexplore.rtl_plan.stream.plan import stream_plan
    from hlsexplore.target import Target

    row, x = {}, np.random.default_rng(1).normal(0, 1, (16, size, size, 3))
    estimate(Design.default(mobilenet(2, 24)))
    start = process_time()
    design = Design.default(mobilenet(layers, size), target=Target(io="stream"), data=x)
    row["open_s"], start = process_time() - start, process_time()
    estimate(design)
    row["estimate_s"], start = process_time() - start, process_time()
    names = [node.name for node in design.graph if "weight" in design.layers[node.name].types]
    stream_plan(design.with_layers({name: {"weight": "fixed<6,1>", "bias": "fixed<12,4>"} for name in names}))
    row["plan_s"] = process_time() - start
    emulate(design, x)  # kernels are loaded, or compiled on a new machine
    start = process_time()
    emulate(design, x)
    row["emulate_s"] = process_time() - start
    return row


def samples(count: int) -> dict[str, float]:
    """Measure the panel on the jet tagger: until its first figures on all samples, and until an edit returns."""
    from hlsexplore.examples import load
    from hlsexplore_widgets import Explorer

    example = load("jets", "keras")
    rows = np.random.default_rng(0).integers(0, len(example.x), count)
    x, labels = example.x[rows], example.labels[rows]
    start = process_time()
    explorer = Explorer(example.graph, x, labels)
    open_s = process_time() - start
    state = explorer.state
    if not state.wait(300):
        raise TimeoutError("the first figures did not come within 300 s.")
    first_s, steps = process_time() - start, []
    layer = next(node.name for node in example.graph if "weight" in state.design.layers[node.name].types)
    for i in range(STEPS):
        start = process_time()
        state.edit({layer: {"weight": f"fixed<{8 + i % 2},2>"}}, gesture="drag")
        steps.append(process_time() - start)
        state.wait(300)
    explorer.close()
    return {"open_s": open_s, "first_s": first_s, "step_s": median(steps)}


def trials(count: int) -> dict[str, float]:
    """Measure opening a study and its front."""
    import many_trials

    from hlsexplore.examples import load
    from hlsexplore.study.study import Study

    example = load("jets", "keras")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        many_trials.write(path, example, count).close()
        start = process_time()
        with Study(path, example.graph, example.x[:1000], example.labels[:1000]) as study:
            row = {"open_s": process_time() - start}
            start = process_time()
            study.front(("accuracy", "lut"))
            row["front_s"] = process_time() - start
    return row


def measure(case: str, size: int) -> dict[str, object]:
    """Measure one point in a process of its own."""
    command = [sys.executable, __file__, "--point", case, str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    return {"case": case, "size": size, **json.loads(done.stdout.splitlines()[-1])}


def point(case: str, size: int) -> dict[str, float]:
    """Measure one point in this process."""
    if case == "layers":
        row = network(size, 96)
    elif case == "image":
        row = network(16, size)
    else:
        row = samples(size) if case == "samples" else trials(size)
    return row | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Print the table or the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--case", action="append", choices=CASES, help="run only this case; may be repeated")
    parser.add_argument("--quick", action="store_true", help="only the two smallest points of each case")
    parser.add_argument("--point", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.point:
        print(json.dumps(point(arguments.point[0], int(arguments.point[1]))))
        return
    rows = []
    for case in arguments.case or CASES:
        for size in CASES[case][: 2 if arguments.quick else None]:
            rows.append(measure(case, size))
            shown = "  ".join(f"{key} {value:.3f}" for key, value in list(rows[-1].items())[2:])
            print(f"{case:8} {size:9,}  {shown}", file=sys.stderr if arguments.json else sys.stdout, flush=True)
    if arguments.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions("hlsexplore", "numpy")}))


if __name__ == "__main__":
    main()
