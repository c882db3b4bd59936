"""The command that fits a design's types to the values of data."""

from argparse import Namespace
from pathlib import Path

from hlsexplore.commands.model import (
    changed_target,
    check_output,
    input_notes,
    load_design,
    quality,
    quality_text,
    read,
    write_design,
)
from hlsexplore.commands.outcome import Outcome, Session
from hlsexplore.data import Samples, load_data
from hlsexplore.design import Design
from hlsexplore.foreign_design import has_design
from hlsexplore.graph import Graph
from hlsexplore.merit import as_outputs, task_text
from hlsexplore.ops import MOVES
from hlsexplore.target import Target
from hlsexplore.task import find_goals


def propose(args: Namespace, session: Session) -> Outcome:
    """Write a design whose types fit the values of data, and are narrowed as far as a tolerance allows."""
    from hlsexplore.emulate import emulate, float_forward, propose_types

    check_output(args)
    graph = read(args.model, args.weights)
    data = load_data(args.data, graph.inputs, graph.output_spellings)
    goals = find_goals(graph, data.num_samples, data.labels, args.task)
    session.stage(f"fitting types to {data.num_samples} samples", 0.0)
    start = _start(args, graph, data.x)
    session.stage("narrowing types" if args.tolerance else "fitting accumulators", 0.3)
    design = propose_types(start, data.x, data.labels, tolerance=args.tolerance, cancel=session.cancel, task=args.task)
    session.stage("comparing with the float network", 0.9)
    outputs = as_outputs(emulate(design, data.x, cancel=session.cancel))
    figures = quality(goals, outputs, as_outputs(float_forward(graph, data.x)))
    notes = input_notes(design, Path(args.data).name)
    before, bits = _result_bits(start), _result_bits(design)
    written = write_design(args, design, notes)
    lines = [f"Wrote {args.output}, from {data.num_samples} samples.", f"Task: {task_text(goals)}.", ""]
    lines.append(quality_text(figures))
    lines.append(f"{'bits of all results':<22}{bits}" + (f", before narrowing {before}" if bits != before else ""))
    lines += ["", *(f"  - {note}" for note in notes)]
    data_out = {**written, "result_bits": bits, "result_bits_start": before, **figures[graph.outputs[0]]}
    return Outcome(data={**data_out, "outputs": figures}, text="\n".join(lines))


def _start(args: Namespace, graph: Graph, x: Samples) -> Design:
    """Return the design to start from: a design file's, a project's, or the default one that looks at the data."""
    given = changed_target(args)
    if args.design is not None or has_design(args.model):
        return load_design(args.design, graph, args.model).with_target(**given)
    return Design.default(graph, Target(**given), args.type, data=x)


def _result_bits(design: Design) -> int:
    """Add up the bits of all results of one sample."""
    nodes = [node for node in design.graph if not isinstance(node.op, MOVES)]
    return sum(node.num_elements * design.result_type(node.name).width for node in nodes)
