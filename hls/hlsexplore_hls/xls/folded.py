"""Matrix products that share multipliers, as DSLX procs: a state machine that takes an input every `reuse` cycles.

In each step, an output has `lanes` multipliers. With reuse up to n_in, a step serves every output, and after
n_in / lanes steps all are done. With reuse = n_in * turns, a step multiplies one input with the weights of
n_out / turns outputs, and the inputs go round once for each turn. The order of accumulation is that of docs/ir.md,
section Dense.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hlsexplore.coverage import MANY_LANES, UNEVEN_STEPS
from hlsexplore.fixed import Fixed, RawArray
from hlsexplore.graph import Node
from hlsexplore_hls.xls.code import DslxCode, DslxValue, element, function, multiplied, parameter
from hlsexplore_hls.xls.products import DslxProduct, accumulated, finished
from hlsexplore_hls.xls.text import type_of

MAX_LANES = 2048
"""Most multipliers of a layer that shares them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Sizes of a folded product.

    Attributes:
        rows: Products.
        lanes: Inputs of each product that a step takes.
        rounds: Steps of a turn.
        turns: Times that the inputs go round.
        slots: Outputs of each product that a turn computes.
        counter: Bits of the number of the step.
        held: Type of the inputs in the order in which the steps take them.
        sums: Type of the accumulators of a product.
        done: Type of the outputs of the turns.
        output_bits: Bits of all outputs.
    """

    rows: int
    lanes: int
    rounds: int
    turns: int
    slots: int
    counter: int
    held: str
    sums: str
    done: str
    output_bits: int

    @property
    def state(self) -> str:
        """Type of the state without the number of the step: inputs, sums of each product, outputs."""
        return ", ".join([self.held, *[self.sums] * self.rows, self.done])

    @property
    def names(self) -> str:
        """Variables of the sums."""
        return ", ".join(f"sums{place}" for place in range(self.rows))

    @property
    def zeros(self) -> str:
        """Sums and outputs that are all 0."""
        sums = [f"{self.sums}:[0, ...]"] * self.rows
        return ", ".join([*sums, f"{self.done}:[{self.done.rsplit('[', 1)[0]}:[0, ...], ...]"])


def folded(code: DslxCode, node: Node, product: DslxProduct, input_bits: int, name: str) -> list[str]:
    """Write the proc of a layer and the function that computes the same in a loop.

    Returns:
        The statements after the helper functions.

    Raises:
        NoModelError: If the reuse does not split the product, or too many multipliers remain.
    """
    shape = _shape(node, product)
    steps, counter, names = shape.rounds * shape.turns, f"uN[{shape.counter}]", shape.names
    functions = [_step_function(code, product, index, shape) for index in range(len(product.kernels))]
    starts = _start_tables(code, product, shape)
    held_zero = f"{shape.held}:[{shape.held.rsplit('[', 1)[0]}:[0, ...], ...]"
    return [
        _arrange(product, shape, input_bits),
        _advance(code, product, shape, functions, starts),
        _pack(product, shape),
        "",
        f"pub fn {name}(data: uN[{input_bits}]) -> uN[{shape.output_bits}] {{",
        f"    let start = (arrange(data), {shape.zeros});",
        f"    let state = for (i, state): (u32, ({shape.state})) in u32:0..u32:{steps} {{",
        f"        advance(i as {counter}, state)",
        "    }(start);",
        f"    let (_, {names}, done) = state;",
        "    pack(done)",
        "}",
        "",
        f"pub proc {name}_shared {{",
        f"    data: chan<uN[{input_bits}]> in;",
        f"    result: chan<uN[{shape.output_bits}]> out;",
        f"    config(data: chan<uN[{input_bits}]> in, result: chan<uN[{shape.output_bits}]> out) {{ (data, result) }}",
        f"    init {{ ({counter}:0, {held_zero}, {shape.zeros}) }}",
        f"    next(state: ({counter}, {shape.state})) {{",
        f"        let (step, held, {names}, done) = state;",
        f"        let (tok, fresh) = recv_if(join(), data, step == {counter}:0, uN[{input_bits}]:0);",
        f"        let held = if step == {counter}:0 {{ arrange(fresh) }} else {{ held }};",
        f"        let (held, {names}, done) = advance(step, (held, {names}, done));",
        f"        let is_last = step == {counter}:{steps - 1};",
        "        send_if(tok, result, is_last, pack(done));",
        f"        let step = if is_last {{ {counter}:0 }} else {{ step + {counter}:1 }};",
        f"        (step, held, {names}, done)",
        "    }",
        "}",
        "",
    ]


def _shape(node: Node, product: DslxProduct) -> _Shape:
    (n_in, n_out), reuse, rows = product.kernels[0].shape, product.reuse, len(product.rows)
    turns, lanes = max(reuse // n_in, 1), max(n_in // reuse, 1)
    if n_out % turns or lanes * min(reuse, n_in) != n_in or (turns > 1 and reuse != n_in * turns):
        raise UNEVEN_STEPS.error(node, n_in=n_in, n_out=n_out, reuse=reuse)
    slots = n_out // turns
    if rows * lanes * slots > MAX_LANES:
        raise MANY_LANES.error(node, reuse=reuse, count=rows * lanes * slots, most=MAX_LANES)
    return _Shape(
        rows=rows,
        lanes=lanes,
        rounds=n_in // lanes,
        turns=turns,
        slots=slots,
        counter=max((n_in // lanes * turns - 1).bit_length(), 1),
        held=f"{type_of(product.source)}[{lanes * rows}][{n_in // lanes}]",
        sums=f"{type_of(product.accum)}[{slots}]",
        done=f"{type_of(product.result)}[{slots * rows}][{turns}]",
        output_bits=rows * n_out * product.result.width,
    )


def _row_of(product: DslxProduct, shape: _Shape, step: int, lane: int) -> int:
    """Input of a product that a lane takes in a step of a turn."""
    return step + lane * shape.rounds if product.is_interleaved else step * shape.lanes + lane


def _arrange(product: DslxProduct, shape: _Shape, input_bits: int) -> str:
    """Write the function that puts the elements in the order in which the steps take them."""
    width, type_ = product.source.width, type_of(product.source)
    lines = []
    for step in range(shape.rounds):
        parts = []
        for _, elements, _ in product.rows:
            for lane in range(shape.lanes):
                place = elements[_row_of(product, shape, step, lane)]
                parts.append(f"data[{place * width} +: uN[{width}]] as {type_}" if place >= 0 else f"{type_}:0")
        lines.append(f"let step{step} = [{', '.join(parts)}];")
    lines.append(f"[{', '.join(f'step{step}' for step in range(shape.rounds))}]")
    return function("arrange", [f"data: uN[{input_bits}]"], shape.held, lines)


def _table_of(code: DslxCode, name: str, rows: Sequence[Sequence[int]], type_: str) -> str:
    """Keep a table of arrays of constants."""
    text = ",\n    ".join(f"[{', '.join(f'{type_}:{value}' for value in row)}]" for row in rows)
    return code.add(name, f"const {name} = {type_}[{len(rows[0])}][{len(rows)}]:[\n    {text}];")


def _words(code: DslxCode, name: str, rows: Sequence[Sequence[int]], type_: Fixed) -> str:
    """Keep a table with one word for each row, its first value at the low end: a memory with a single port."""
    bits, mask = len(rows[0]) * type_.width, (1 << type_.width) - 1
    words = [sum((value & mask) << place * type_.width for place, value in enumerate(row)) for row in rows]
    text = ",\n    ".join(f"uN[{bits}]:{word:#x}" for word in words)
    return code.add(name, f"const {name} = uN[{bits}][{len(rows)}]:[\n    {text}];")


def _weights(product: DslxProduct, kernel: RawArray, shape: _Shape) -> list[list[int]]:
    """Weights of each step, [step][lane * slots + slot]."""
    return [
        [
            int(kernel[_row_of(product, shape, step, lane), turn * shape.slots + slot])
            for lane in range(shape.lanes)
            for slot in range(shape.slots)
        ]
        for turn in range(shape.turns)
        for step in range(shape.rounds)
    ]


def _start_tables(code: DslxCode, product: DslxProduct, shape: _Shape) -> list[str]:
    """Keep the values from which the sums of each step start; only those of the first step of a turn are used."""
    names = []
    for index, start in enumerate(product.starts):
        rows = [list(start[turn * shape.slots : (turn + 1) * shape.slots]) for turn in range(shape.turns)]
        names.append(_table_of(code, f"START_{index}", rows, type_of(product.accum)))
    return names


def _step_function(code: DslxCode, product: DslxProduct, index: int, shape: _Shape) -> str:
    """Write the function that adds a step's products to the sums of one kernel's outputs."""
    weights = _words(code, f"WEIGHTS_{index}", _weights(product, product.kernels[index], shape), product.weight)
    lines = [f"let w = {weights}[step];"]
    for slot in range(shape.slots):
        terms = []
        for lane in range(shape.lanes):
            x = element(f"x[u32:{lane}]", product.source)
            first, type_ = (lane * shape.slots + slot) * product.weight.width, product.weight
            weight = element(f"(w[{first} +: uN[{type_.width}]] as {type_of(type_)})", type_)
            full = multiplied(x, weight)
            full = DslxValue(text=full.text, bits=full.bits, fraction=product.product_fraction)
            terms.append(code.cast(full, product.accum, "accum"))
        lines += accumulated(code, f"y{slot}", f"sums[u32:{slot}]", terms, product.accum)
    lines.append(f"[{', '.join(f'y{slot}' for slot in range(shape.slots))}]")
    sums = parameter("sums", product.accum, shape.slots)
    parameters = [f"step: uN[{shape.counter}]", parameter("x", product.source, shape.lanes), sums]
    name = f"step_{index}"
    return code.add(name, function(name, parameters, f"{type_of(product.accum)}[{shape.slots}]", lines))


def _advance(code: DslxCode, product: DslxProduct, shape: _Shape, names: Sequence[str], starts: Sequence[str]) -> str:
    """Write one step of all products: state to state."""
    lines = [f"let (held, {shape.names}, done) = state;", "let x = held[u32:0];", *_position(shape)]
    outputs = []
    for place, (kernel, _, _) in enumerate(product.rows):
        elements = [f"x[u32:{place * shape.lanes + lane}]" for lane in range(shape.lanes)]
        lines += [
            f"let sums{place} = if is_start {{ {starts[kernel]}[turn] }} else {{ sums{place} }};",
            f"let sums{place} = {names[kernel]}(step, [{', '.join(elements)}], sums{place});",
        ]
        accumulators = [f"sums{place}[u32:{slot}]" for slot in range(shape.slots)]
        outputs += finished(code, accumulators, product.accum, product.result)
    lines.append(f"let fresh = [{', '.join(outputs)}];")
    lines.append(
        "let done = [fresh];"
        if shape.turns == 1
        else f"let done = if is_end {{ {_shifted('done', shape.turns, 'fresh')} }} else {{ done }};"
    )
    # In several turns the inputs go round, so that they are in place again for the next one.
    last = "x" if shape.turns > 1 else f"{shape.held.rsplit('[', 1)[0]}:[0, ...]"
    lines.append(f"let held = {_shifted('held', shape.rounds, last)};")
    lines.append(f"(held, {shape.names}, done)")
    parameters = [f"step: uN[{shape.counter}]", f"state: ({shape.state})"]
    return function("advance", parameters, f"({shape.state})", lines)


def _shifted(name: str, count: int, last: str) -> str:
    """Write an array without its first item and with a new last one."""
    return f"[{', '.join([f'{name}[u32:{place}]' for place in range(1, count)] + [last])}]"


def _position(shape: _Shape) -> list[str]:
    """Write which turn a step belongs to, and whether it is its first or last."""
    counter = f"uN[{shape.counter}]"
    if shape.turns == 1:
        return [f"let is_start = step == {counter}:0;", "let turn = u32:0;"]
    first = [turn * shape.rounds for turn in range(shape.turns)]
    is_start = " || ".join(f"step == {counter}:{place}" for place in first)
    is_end = " || ".join(f"step == {counter}:{place + shape.rounds - 1}" for place in first)
    turn = " else ".join(f"if step < {counter}:{place} {{ u32:{index} }}" for index, place in enumerate(first[1:]))
    return [
        f"let is_start = {is_start};",
        f"let is_end = {is_end};",
        f"let turn = {turn} else {{ u32:{shape.turns - 1} }};",
    ]


def _pack(product: DslxProduct, shape: _Shape) -> str:
    """Write the outputs in the order of the layer's elements: `done` has them by turn, product and slot."""
    places = {}
    for turn in range(shape.turns):
        for row, (_, _, outputs) in enumerate(product.rows):
            for slot in range(shape.slots):
                places[outputs[turn * shape.slots + slot]] = f"done[u32:{turn}][u32:{row * shape.slots + slot}]"
    parts = [f"({places[output]} as uN[{product.result.width}])" for output in sorted(places, reverse=True)]
    return function("pack", [f"done: {shape.done}"], f"uN[{shape.output_bits}]", [" ++ ".join(parts)])
