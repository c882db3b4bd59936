"""Dot products of 16-bit integers on blocks of registers, as vector code that LLVM lowers for any processor.

Numba vectorises loops but does not keep a block of sums in registers, nor does it find the instructions that multiply
and add pairs (x86: vpdpwssd, vpmaddwd; others get equivalent ones). Measured on one core with AVX-512: 270 billion
multiplications a second, OpenBLAS 26 in float64 and 55 in float32. Addresses are not checked: callers pad their arrays.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic

from hlsexplore.emulate.narrow import ROWS

I16, I32, I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
Emit = Callable[[ir.IRBuilder, list[ir.Value], list[ir.Value], list[ir.Value]], list[ir.Value]]
"""Returns new sums from the builder, sums, values of each row in all lanes, and vectors of weights."""


def block_loop(builder: ir.IRBuilder, arguments: Any, sums: ir.VectorType, columns: int, emit: Emit) -> None:
    """Emit loops over segments and their steps that keep `ROWS` times `columns` vectors of sums, and store those.

    Args:
        builder: Where to emit.
        arguments: Address of the first row and bytes to the next one; address of each segment's offset in bytes
            (int64); number of segments, and of steps in each, both at least 1; addresses of weights and of the sums.
        sums: Vector of sums; a step reads four bytes of a row for 32-bit sums and two for 16-bit ones.
        columns: Vectors of sums of a row.
        emit: What a step does.
    """
    x, x_step, offsets, segments, steps, weight, out = arguments
    element = sums.element
    size = sums.count * element.width // 8
    read = I32 if element == I32 else I16
    held = ir.VectorType(I16, sums.count * element.width // 16)
    entry, function = builder.block, builder.function
    head, body, tail, done = (function.append_basic_block(name) for name in ("segment", "step", "next", "done"))
    zero, one = ir.Constant(I64, 0), ir.Constant(I64, 1)
    builder.branch(head)
    builder.position_at_end(head)
    segment, first = builder.phi(I64), builder.phi(I64)
    before = [builder.phi(sums) for _ in range(ROWS * columns)]
    place = builder.inttoptr(builder.add(offsets, builder.mul(segment, ir.Constant(I64, 8))), I64.as_pointer())
    start = builder.add(x, builder.load(place))
    builder.branch(body)
    builder.position_at_end(body)
    step, at, row = builder.phi(I64), builder.phi(I64), builder.phi(I64)
    kept = [builder.phi(sums) for _ in range(ROWS * columns)]
    weights = [_load(builder, builder.add(at, ir.Constant(I64, c * size)), held, 2) for c in range(columns)]
    values, source = [], row
    for _ in range(ROWS):
        values.append(builder.bitcast(_splat(builder, _load(builder, source, read, 2), sums.count), held))
        source = builder.add(source, x_step)
    after = emit(builder, kept, values, weights)
    next_step, next_at = builder.add(step, one), builder.add(at, ir.Constant(I64, columns * size))
    next_row = builder.add(row, ir.Constant(I64, read.width // 8))
    builder.cbranch(builder.icmp_signed("<", next_step, steps), body, tail)
    for phi, initial, later in zip(
        [step, at, row, *kept],
        [zero, first, start, *before],
        [next_step, next_at, next_row, *after],
        strict=True,
    ):
        phi.add_incoming(initial, head)
        phi.add_incoming(later, body)
    builder.position_at_end(tail)
    next_segment = builder.add(segment, one)
    nothing = ir.Constant(sums, [0] * sums.count)
    initials = [zero, weight, *[nothing] * len(before)]
    for phi, initial, later in zip([segment, first, *before], initials, [next_segment, next_at, *after], strict=True):
        phi.add_incoming(initial, entry)
        phi.add_incoming(later, tail)
    builder.cbranch(builder.icmp_signed("<", next_segment, segments), head, done)
    builder.position_at_end(done)
    for i, value in enumerate(after):
        target = builder.inttoptr(builder.add(out, ir.Constant(I64, i * size)), sums.as_pointer())
        builder.store(value, target).align = 2


def _load(builder: ir.IRBuilder, address: ir.Value, type_: ir.Type, align: int) -> ir.Value:
    value = builder.load(builder.inttoptr(address, type_.as_pointer()))
    value.align = align
    return value


def _pairs(columns: int, lanes: int) -> Emit:
    """Return a step that multiplies pairs of 16-bit integers and adds both products to a 32-bit sum."""
    wide = ir.VectorType(I32, 2 * lanes)
    pair = ir.VectorType(I32, lanes)
    even, odd = (ir.Constant(pair, list(range(start, 2 * lanes, 2))) for start in (0, 1))

    def emit(
        builder: ir.IRBuilder, sums: list[ir.Value], values: list[ir.Value], weights: list[ir.Value]
    ) -> list[ir.Value]:
        factors = [builder.sext(weight, wide) for weight in weights]
        after, unset = [], ir.Constant(wide, ir.Undefined)
        for r, value in enumerate(values):
            for c, factor in enumerate(factors):
                products = builder.mul(builder.sext(value, wide), factor)
                halves = (builder.shuffle_vector(products, unset, places) for places in (even, odd))
                after.append(builder.add(sums[r * columns + c], builder.add(*halves)))
        return after

    return emit


def _make_dot(lanes: int, columns: int) -> Any:
    """Return a function for compiled code that stores `ROWS` rows of `lanes * columns` 32-bit sums."""

    @intrinsic  # type: ignore[untyped-decorator]
    def dot(context: Any, x: Any, x_step: Any, offsets: Any, segments: Any, steps: Any, weight: Any, out: Any) -> Any:
        def emit(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            block_loop(builder, arguments, ir.VectorType(I32, lanes), columns, _pairs(columns, lanes))
            return target.get_dummy_value()

        return types.void(*[types.intp] * 7), emit

    return dot


dot8, dot16, dot32 = _make_dot(8, 1), _make_dot(16, 1), _make_dot(16, 2)
"""Dot products for 8, 16 and 32 outputs: arguments as in `block_loop`."""


def _rounded(columns: int, lanes: int, signed: bool, bits: ir.Value) -> Emit:
    """Return a step that adds the bits of each product from number `bits` on, 1 to 16, modulo 2**16.

    Unsigned rows are multiplied by weights as if those were unsigned too, which is 2**16 times the row too much where a
    weight is negative.
    """
    vector, wide = ir.VectorType(I16, lanes), ir.VectorType(I32, lanes)

    def emit(
        builder: ir.IRBuilder, sums: list[ir.Value], values: list[ir.Value], weights: list[ir.Value]
    ) -> list[ir.Value]:
        funnel = get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fshl.v{lanes}i16")
        amount = _splat(builder, builder.trunc(builder.sub(ir.Constant(I64, 16), bits), I16), lanes)
        after, sixteen, fifteen = [], ir.Constant(wide, [16] * lanes), ir.Constant(vector, [15] * lanes)
        for r, value in enumerate(values):
            for c, weight in enumerate(weights):
                extend = builder.sext if signed else builder.zext
                product = builder.mul(extend(value, wide), extend(weight, wide))
                high = builder.trunc(builder.lshr(product, sixteen), vector)
                if not signed:
                    high = builder.sub(high, builder.and_(value, builder.ashr(weight, fifteen)))
                part = builder.call(funnel, [high, builder.mul(value, weight), amount])
                after.append(builder.add(sums[r * columns + c], part))
        return after

    return emit


def _make_rounded(lanes: int, columns: int, signed: bool = True) -> Any:
    """Return a function for compiled code that stores `ROWS` rows of `lanes * columns` 16-bit sums."""

    @intrinsic  # type: ignore[untyped-decorator]
    def rounded(
        context: Any, x: Any, x_step: Any, offsets: Any, segments: Any, steps: Any, weight: Any, out: Any, bits: Any
    ) -> Any:
        def emit(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            vector = ir.VectorType(I16, lanes)
            block_loop(builder, arguments[:7], vector, columns, _rounded(columns, lanes, signed, arguments[7]))
            return target.get_dummy_value()

        return types.void(*[types.intp] * 8), emit

    return rounded


rounded16, rounded32, rounded64 = _make_rounded(16, 1), _make_rounded(32, 1), _make_rounded(32, 2)
"""Sums of products rounded down, for 16, 32 and 64 outputs: arguments as in `block_loop`, and the bits to drop."""
unsigned16, unsigned32, unsigned64 = (_make_rounded(*shape, signed=False) for shape in ((16, 1), (32, 1), (32, 2)))
"""The same of rows that are not negative."""


def _make_requantize(lanes: int, columns: int, sums_type: ir.Type = I32) -> Any:
    """Return a function for compiled code that casts `lanes * columns` sums of some rows; see `emit_requantize`."""

    @intrinsic  # type: ignore[untyped-decorator]
    def requantize(
        context: Any, sums: Any, tops: Any, bias: Any, numbers: Any, rows: Any, out: Any, at: Any, n: Any
    ) -> Any:
        def emit(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            *addresses, count, results, place, width = arguments
            array = target.make_array(signature.args[5])(target, builder, results)
            start = builder.add(builder.ptrtoint(array.data, I64), place)
            step = builder.extract_value(array.strides, 0)
            element = target.get_data_type(signature.args[5].dtype)
            emit_requantize(builder, (*addresses, count, start, step, width), (lanes, columns), element, sums_type)
            return target.get_dummy_value()

        return types.void(*[types.intp] * 5, out, types.intp, types.intp), emit

    return requantize


def emit_requantize(
    builder: ir.IRBuilder, arguments: Any, shape: tuple[int, int], element: ir.Type, sums_type: ir.Type
) -> None:
    """Emit a loop over rows that casts sums as `narrow.Epilogue` says and stores the first ones as floats.

    Args:
        builder: Where to emit.
        arguments: Addresses of sums, of sums of high parts (not read with 16-bit sums), of biases and of the terms
            (int32); number of rows, at least 1; address of the results and bytes to the next row; number of results of
            a row.
        shape: Lanes of a vector, and vectors of a row.
        element: Type of the results, float or double.
        sums_type: Type of sums and biases; those of 16 bits are wrapped first, and a constant is added to them.
    """
    sums, tops, bias, numbers, rows, out, out_step, width = arguments
    lanes, columns = shape
    vector, floats, bits = (ir.VectorType(type_, lanes) for type_ in (sums_type, element, ir.IntType(1)))
    size = lanes * sums_type.width // 8
    width_bits = 32 if isinstance(element, ir.FloatType) else 64
    signature = ir.FunctionType(ir.VoidType(), [floats, floats.as_pointer(), I32, bits])
    store = get_or_insert_function(builder.module, signature, f"llvm.masked.store.v{lanes}f{width_bits}.p0")
    terms = [
        _splat(builder, _load(builder, builder.add(numbers, ir.Constant(I64, 4 * i)), I32, 4), lanes) for i in range(10)
    ]
    places = [ir.Constant(ir.VectorType(I64, lanes), [c * lanes + i for i in range(lanes)]) for c in range(columns)]
    masks = [builder.icmp_signed("<", place, _splat(builder, width, lanes)) for place in places]
    biases = [_load(builder, builder.add(bias, ir.Constant(I64, c * size)), vector, 2) for c in range(columns)]
    entry, function = builder.block, builder.function
    body, done = function.append_basic_block("row"), function.append_basic_block("done_row")
    zero, one = ir.Constant(I64, 0), ir.Constant(I64, 1)
    builder.branch(body)
    builder.position_at_end(body)
    row, source, target = (builder.phi(I64) for _ in range(3))
    for c in range(columns):
        offset = builder.add(source, ir.Constant(I64, c * size))
        low = builder.add(_load(builder, builder.add(sums, offset), vector, 2), biases[c])
        if sums_type == I32:
            high = _load(builder, builder.add(tops, offset), vector, 4)
        else:
            high, low = _splat(builder, ir.Constant(I32, 0), lanes), _widened(builder, low, terms[7:], lanes)
        value = _settled(builder, low, high, terms[:7])
        place = builder.add(target, ir.Constant(I64, c * lanes * width_bits // 8))
        pointer = builder.inttoptr(place, floats.as_pointer())
        builder.call(store, [builder.sitofp(value, floats), pointer, ir.Constant(I32, 4), masks[c]])
    next_row = builder.add(row, one)
    next_source = builder.add(source, ir.Constant(I64, columns * size))
    next_target = builder.add(target, out_step)
    builder.cbranch(builder.icmp_signed("<", next_row, rows), body, done)
    for phi, initial, later in ((row, zero, next_row), (source, zero, next_source), (target, out, next_target)):
        phi.add_incoming(initial, entry)
        phi.add_incoming(later, body)
    builder.position_at_end(done)


def _widened(builder: ir.IRBuilder, sums: ir.Value, terms: list[ir.Value], lanes: int) -> ir.Value:
    """Return 16-bit sums wrapped to fewer bits and lifted, as 32-bit integers plus a constant."""
    wide = builder.sext(sums, ir.VectorType(I32, lanes))
    wrap, back, add = terms
    return builder.add(builder.ashr(builder.shl(wide, wrap), back), add)


def _settled(builder: ir.IRBuilder, low: ir.Value, high: ir.Value, terms: list[ir.Value]) -> ir.Value:
    """Return sums put together and cast."""
    drop, lift_high, drop_both, lift, mask, least, most = terms
    value = builder.add(builder.ashr(low, drop), builder.shl(high, lift_high))
    value = builder.ashr(builder.shl(builder.ashr(value, drop_both), lift), lift)
    value = builder.and_(value, mask)
    value = builder.select(builder.icmp_signed("<", value, least), least, value)
    return builder.select(builder.icmp_signed(">", value, most), most, value)


def _splat(builder: ir.IRBuilder, value: ir.Value, lanes: int) -> ir.Value:
    """Return a vector with a value in each lane."""
    unset = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(unset, value, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, unset, ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


requantize8, requantize16, requantize32 = _make_requantize(8, 1), _make_requantize(16, 1), _make_requantize(16, 2)
"""Casts of 8, 16 and 32 sums of a row: addresses of the sums, of high parts, of biases and of the terms; number of
rows; the array of the results, bytes to the first of them, and results of a row."""
rounded_requantize16, rounded_requantize32, rounded_requantize64 = (
    _make_requantize(*shape, sums_type=I16) for shape in ((16, 1), (32, 1), (32, 2))
)
"""The same casts of 16-bit sums."""


@intrinsic  # type: ignore[untyped-decorator]
def largest8(context: Any, target: Any, source: Any, row_size: Any, step: Any, rows: Any, columns: Any) -> Any:
    """Store the largest of eight 32-bit integers each, of a window.

    Args:
        context: Numba's.
        target: Address of the results.
        source: Address of the window's first ones.
        row_size: Bytes to the window's next row.
        step: Bytes to the next ones of a row.
        rows: Rows, at least 1.
        columns: Columns, at least 1.
    """

    def emit(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        out, source, row_size, step, rows, columns = arguments
        vector = ir.VectorType(I32, 8)
        entry, function = builder.block, builder.function
        head, body, tail, done = (function.append_basic_block(name) for name in ("line", "place", "below", "largest"))
        zero, one = ir.Constant(I64, 0), ir.Constant(I64, 1)
        first = _load(builder, source, vector, 4)
        builder.branch(head)
        builder.position_at_end(head)
        row, start, before = builder.phi(I64), builder.phi(I64), builder.phi(vector)
        builder.branch(body)
        builder.position_at_end(body)
        column, at, largest = builder.phi(I64), builder.phi(I64), builder.phi(vector)
        value = _load(builder, at, vector, 4)
        larger = builder.select(builder.icmp_signed(">", value, largest), value, largest)
        next_column, next_at = builder.add(column, one), builder.add(at, step)
        builder.cbranch(builder.icmp_signed("<", next_column, columns), body, tail)
        builder.position_at_end(tail)
        next_row, next_start = builder.add(row, one), builder.add(start, row_size)
        builder.cbranch(builder.icmp_signed("<", next_row, rows), head, done)
        builder.position_at_end(done)
        builder.store(larger, builder.inttoptr(out, vector.as_pointer())).align = 4
        for phi, initial, later, source_block, later_block in (
            (row, zero, next_row, entry, tail),
            (start, source, next_start, entry, tail),
            (before, first, larger, entry, tail),
            (column, zero, next_column, head, body),
            (at, start, next_at, head, body),
            (largest, before, larger, head, body),
        ):
            phi.add_incoming(initial, source_block)
            phi.add_incoming(later, later_block)
        return target.get_dummy_value()

    return types.void(*[types.intp] * 6), emit
