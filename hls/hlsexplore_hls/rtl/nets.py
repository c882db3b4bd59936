"""Planned netlists as Verilog statements.

Wires are plain bit vectors and every sign extension is written out, so no rule of Verilog about signed operands or
operand sizes decides what a statement means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hlsexplore.fixed import Rounding
from hlsexplore.rtl_plan.netlist.cells import VIEWS, CellCode, NetCell, Value
from hlsexplore.rtl_plan.netlist.needs import live, needed
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule
from hlsexplore.rtl_plan.netlist.ternary import ENDLESS, Operand, Ternary
from hlsexplore.rtl_plan.netlist.timing import is_block_table

TERNARY_MARK = "* ternary *"
"""Attribute of instances that add three operands; the map for Yosys goes by it."""


@dataclass(slots=True, kw_only=True)
class Writer:
    """Text of one net, growing; mutable because statements are appended as cells are visited.

    Attributes:
        net: The net.
        planned: Cycle of each cell.
        inputs: Verilog name of each input element's wire.
        prefix: First letter of the names of inner wires.
        tables: Module of each lookup table, by its entries.
        adder: Module of sums of three operands.
        lines: Declarations and assignments so far.
        registers: Statements of the clocked block so far.
        last_registers: Those of the last cycle's registers, which come out of the net.
        sizes: Bits of each cell's wire: those that anything depends on.
    """

    net: Net
    planned: NetSchedule
    inputs: Mapping[int, str]
    prefix: str = "n"
    tables: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    adder: str = ""
    lines: list[str] = field(default_factory=list)
    registers: list[str] = field(default_factory=list)
    last_registers: list[str] = field(default_factory=list)
    sizes: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Count the bits that each cell's wire needs."""
        self.sizes = list(needed(self.net))
        for number, cell in enumerate(self.net.cells):
            if cell.code in (CellCode.INPUT, CellCode.ROM):
                self.sizes[number] = cell.width

    def write(self) -> None:
        """Write every live cell and its registers."""
        alive = live(self.net)
        inner = {joined.inner for joined in self.planned.ternary.values()}
        for number, cell in enumerate(self.net.cells):
            if alive[number] and cell.code not in VIEWS and cell.code is not CellCode.CONST and number not in inner:
                self._cell(number, cell)

    def output(self, index: int, width: int) -> str:
        """Return an expression of an output, extended or cut to a width, in the net's last cycle."""
        return self.bits(self.net.outputs[index], 0, width, self.planned.latency_cycles)

    def bits(self, value: Value, first: int, width: int, stage: int) -> str:
        """Return an expression of `width` bits of a value from bit `first` on, as it is in a cycle."""
        return join(self._parts(value, first, width, stage))

    def _name(self, value: Value, stage: int) -> str:
        cell = self.net.cells[value]
        base = self.inputs[cell.data[0]] if cell.code is CellCode.INPUT else f"{self.prefix}{value}"
        return base if stage == self.planned.stages[value] else f"{base}_s{stage}"

    def _parts(self, value: Value, first: int, width: int, stage: int) -> list[str]:
        """Return the bits as expressions, highest first."""
        cell = self.net.cells[value]
        match cell.code:
            case CellCode.CONST:
                return [literal(cell.data[0] >> first, width)]
            case CellCode.SHIFT if cell.data[0] < 0:
                return self._parts(cell.args[0], first - cell.data[0], width, stage)
            case CellCode.SHIFT:
                zeros = min(max(cell.data[0] - first, 0), width)
                rest = width - zeros
                high = self._parts(cell.args[0], max(first - cell.data[0], 0), rest, stage) if rest else []
                return high + ([literal(0, zeros)] if zeros else [])
            case CellCode.JOIN:
                return self._joined(cell, first, width, stage)
            case CellCode.SLICE:
                low, size, signed = cell.data
                return self._cut(cell.args[0], first, width, stage, (low, size, signed))
            case CellCode.INVERT:
                return self._inverted(cell, first, width, stage)
            case _:
                return extended(self._name(value, stage), self.sizes[value], cell.signed, first, width)

    def _inverted(self, cell: NetCell, first: int, width: int, stage: int) -> list[str]:
        """Return bits of a value with some inverted; zeros above its width."""
        (base,), mask = cell.args, cell.data[0]
        # The range can rule out top bits that the mask still covers; the source is then not that wide either.
        size = min(cell.data[1], cell.width)
        parts: list[str] = []
        position = first
        while position < min(first + width, size):
            flag = mask >> position & 1
            end = position
            while end < min(first + width, size) and mask >> end & 1 == flag:
                end += 1
            text = self.bits(base, position, end - position, stage)
            parts.insert(0, f"~{text}" if flag else text)
            position = end
        above = first + width - max(first, size)
        return [literal(0, above), *parts] if above > 0 else parts

    def _joined(self, cell: NetCell, first: int, width: int, stage: int) -> list[str]:
        (low, high), shift = cell.args, cell.data[1]
        below = max(0, min(width, shift - first))
        parts = self._parts(low, first, below, stage) if below else []
        if width > below:
            parts = self._parts(high, max(first - shift, 0), width - below, stage) + parts
        return parts

    def _cut(self, base: Value, first: int, width: int, stage: int, cut: tuple[int, int, bool]) -> list[str]:
        low, size, signed = cut
        kept = max(0, min(width, size - first))
        parts = self._parts(base, low + first, kept, stage) if kept else []
        if kept == width:
            return parts
        if not signed:
            return [literal(0, width - kept), *parts]
        return [repeat(self.bits(base, low + size - 1, 1, stage), width - kept), *parts]

    def _cell(self, number: Value, cell: NetCell) -> None:
        stage = self.planned.stages[number]
        if cell.code is not CellCode.INPUT:
            self._define(number, cell, stage)
        for cycle in range(stage + 1, self.planned.last_use[number] + 1):
            now, before = self._name(number, cycle), self._name(number, cycle - 1)
            self.lines.append(f"  reg {vector(self.sizes[number])}{now};")
            is_last = cycle == self.planned.latency_cycles
            (self.last_registers if is_last else self.registers).append(f"    {now} <= {before};")

    def _define(self, number: Value, cell: NetCell, stage: int) -> None:
        name = self._name(number, stage)
        if cell.code is CellCode.ROM and is_block_table(cell):
            table = self.tables[cell.data]
            address = self.bits(cell.args[0], 0, address_bits(cell), stage - 1)
            self.lines.append(f"  wire {vector(cell.width)}{name};")
            self.lines.append(f"  {table} {name}_table (.clk(clk), .address({address}), .value({name}));")
            return
        if cell.code is CellCode.ROM:
            self._small_table(name, cell, stage)
            return
        if number in self.planned.ternary:
            self.lines += self._ternary(self.planned.ternary[number], name, self.sizes[number], stage)
            return
        self.lines.append(f"  wire {vector(self.sizes[number])}{name} = {self._expression(number, stage)};")

    def _ternary(self, joined: Ternary, name: str, width: int, stage: int) -> list[str]:
        """Write a sum of three operands: an instance for the chain, below it the bits of the lowest operand."""
        first, parts = joined.first, joined.operands
        chain = width - first
        lowest = min(parts, key=lambda part: part.shift)
        ports = [self._operand(part, first, width, stage) for part in parts]
        masks = [literal((part.inverted << part.shift) >> first, chain) for part in parts]
        values = ", ".join(f".INVERT_{port}({mask})" for port, mask in zip("ABC", masks, strict=True))
        wires = ", ".join(f".{port}({text})" for port, text in zip("abc", ports, strict=True))
        below = lowest._replace(has_ones_below=False)
        mask = (below.inverted << below.shift) & ((1 << first) - 1)
        low = self._operand(below, 0, first, stage) if first else ""
        low = f"({low} ^ {literal(mask, first)})" if mask else low
        result = f"{name}_t" if first else name
        return [
            f"  wire {vector(chain)}{result};",
            f"  ({TERNARY_MARK}) {self.adder} #(.WIDTH({chain}), .CARRY({joined.carry}), {values}) {name}_sum",
            f"    ({wires}, .y({result}));",
            *([f"  wire {vector(width)}{name} = {{{result}, {low}}};"] if first else []),
        ]

    def _operand(self, part: Operand, first: int, width: int, stage: int) -> str:
        """Return the bits [first, width) of a sum's operand before any of them is inverted."""
        top = part.shift + part.width
        places = [part.shift, top, width if part.ones_end == ENDLESS else max(part.ones_end, top), width]
        parts: list[str] = []
        start = first
        for index, place in enumerate(places):
            end = min(place, width)
            if end > start:
                if index == 1:
                    parts.insert(0, self.bits(part.value, start - part.shift, end - start, stage))
                else:
                    ones = part.has_ones_below if index == 0 else index == 2
                    parts.insert(0, literal(-1 if ones else 0, end - start))
                start = end
        return join(parts)

    def _small_table(self, name: str, cell: NetCell, stage: int) -> None:
        bits = address_bits(cell)
        address = self.bits(cell.args[0], 0, bits, stage)
        self.lines.append(f"  reg {vector(cell.width)}{name};")
        self.lines.append(f"  always @* case ({address})")
        entries = [
            f"    {literal(index, bits)}: {name} = {literal(entry, cell.width)};"
            for index, entry in enumerate(cell.data)
        ]
        self.lines += [*entries[:-1], f"    default: {name} = {literal(cell.data[-1], cell.width)};", "  endcase"]

    def _expression(self, number: Value, stage: int) -> str:
        cell = self.net.cells[number]
        args, width = cell.args, self.sizes[number]
        match cell.code:
            case CellCode.ADD:
                return self._sum(cell, width, stage)
            case CellCode.RELU:
                sign = self._sign(args[0], stage)
                return f"{sign} ? {literal(0, width)} : {self.bits(args[0], 0, width, stage)}"
            case CellCode.CLIP:
                return self._clip(cell, width, stage)
            case CellCode.ZERO_OUTSIDE:
                over, under = self._limits(cell, stage)
                outside = " | ".join(filter(None, (over, under)))
                return f"({outside}) ? {literal(0, width)} : {self.bits(args[0], 0, width, stage)}"
            case CellCode.ROUND:
                return self._round_bit(cell, stage)
            case CellCode.LESS:
                return self._less(args[0], args[1], stage)
            case CellCode.MAX | CellCode.MIN:
                first, second = args if cell.code is CellCode.MIN else (args[1], args[0])
                less = self._less(args[0], args[1], stage)
                return f"{less} ? {self.bits(first, 0, width, stage)} : {self.bits(second, 0, width, stage)}"
            case CellCode.MUX:
                one, other = self.bits(args[1], 0, width, stage), self.bits(args[2], 0, width, stage)
                return f"{self.bits(args[0], 0, 1, stage)} ? {one} : {other}"
            case CellCode.AND:
                return f"{self.bits(args[0], 0, 1, stage)} & {self.bits(args[1], 0, 1, stage)}"
            case CellCode.NOT:
                return f"~{self.bits(args[0], 0, 1, stage)}"
            case _:
                factors = [f"$signed({self.bits(arg, 0, width, stage)})" for arg in args]
                return f"{factors[0]} * {factors[1]}"

    def _sum(self, cell: NetCell, width: int, stage: int) -> str:
        (a, b), (shift_a, shift_b, subtract) = cell.args, cell.data
        if shift_a and not subtract:
            a, b, shift_a, shift_b = b, a, shift_b, shift_a
        sign = "-" if subtract else "+"
        if shift_a:
            high = self._parts(a, 0, width - shift_a, stage) if width > shift_a else []
            return f"{join([*high, literal(0, min(shift_a, width))])} - {self.bits(b, 0, width, stage)}"
        if shift_b == 0:
            return f"{self.bits(a, 0, width, stage)} {sign} {self.bits(b, 0, width, stage)}"
        if width <= shift_b:
            return self.bits(a, 0, width, stage)
        rest = width - shift_b
        first, second = self.bits(a, shift_b, rest, stage), self.bits(b, 0, rest, stage)
        # The first operand enters the carry chain as it is, the second only through a LUT that can invert it.
        is_swapped = self.net.cells[a].code is CellCode.INVERT and not subtract
        upper = f"{second} {sign} {first}" if is_swapped else f"{first} {sign} {second}"
        return f"{{{upper}, {self.bits(a, 0, shift_b, stage)}}}"

    def _sign(self, value: Value, stage: int) -> str:
        cell = self.net.cells[value]
        return self.bits(value, cell.width - 1, 1, stage) if cell.signed else "1'b0"

    def _limits(self, cell: NetCell, stage: int) -> tuple[str, str]:
        """Return conditions that the argument is above and below the limits; empty where it cannot be."""
        (value,), (low, high) = cell.args, cell.data
        source = self.net.cells[value]
        width = source.width + (0 if source.signed else 1)
        number = f"$signed({self.bits(value, 0, width, stage)})"
        over = under = ""
        if source.high > high:
            if high >= 0 and high & (high + 1) == 0:
                over = self._above_power(value, high.bit_length(), stage)
            else:
                over = f"({number} > {signed_literal(high, width)})"
        if source.low < low:
            power = (-low).bit_length() if low < 0 else 0
            if low == 0:
                under = self._sign(value, stage)
            elif -low == 1 << (power - 1):
                under = self._below_power(value, power - 1, stage)
            elif 1 - low == 1 << power and power:
                least = f"({self._sign(value, stage)} & ~|{self.bits(value, 0, power, stage)})"
                under = f"({self._below_power(value, power, stage)} | {least})"
            else:
                under = f"({number} < {signed_literal(low, width)})"
        return over, under

    def _above_power(self, value: Value, power: int, stage: int) -> str:
        """Return the condition value >= 2**power."""
        cell = self.net.cells[value]
        top = cell.width - (1 if cell.signed else 0)
        some = f"|{self.bits(value, power, top - power, stage)}"
        return f"(~{self._sign(value, stage)} & ({some}))" if cell.signed else f"({some})"

    def _below_power(self, value: Value, power: int, stage: int) -> str:
        """Return the condition value < -2**power."""
        cell = self.net.cells[value]
        if cell.width - 1 <= power:
            return "1'b0"
        return f"({self._sign(value, stage)} & ~&{self.bits(value, power, cell.width - 1 - power, stage)})"

    def _clip(self, cell: NetCell, width: int, stage: int) -> str:
        over, under = self._limits(cell, stage)
        low, high = cell.data
        text = self.bits(cell.args[0], 0, width, stage)
        if under:
            text = f"{under} ? {literal(low, width)} : {text}"
        if over:
            text = f"{over} ? {literal(high, width)} : {text}"
        return text

    def _round_bit(self, cell: NetCell, stage: int) -> str:
        (value,), (bits, mode) = cell.args, cell.data
        half = self.bits(value, bits - 1, 1, stage)
        rest = f"(|{self.bits(value, 0, bits - 1, stage)})" if bits > 1 else "1'b0"
        sign = self._sign(value, stage)
        match mode:
            case Rounding.TRN_ZERO:
                return f"{sign} & (|{self.bits(value, 0, bits, stage)})"
            case Rounding.RND_MIN_INF:
                return f"{half} & {rest}"
            case Rounding.RND_ZERO:
                return f"{half} & ({sign} | {rest})"
            case Rounding.RND_INF:
                return f"{half} & (~{sign} | {rest})"
            case Rounding.RND_CONV:
                return f"{half} & ({self.bits(value, bits, 1, stage)} | {rest})"
            case _:
                return half

    def _less(self, a: Value, b: Value, stage: int) -> str:
        x, y = self.net.cells[a], self.net.cells[b]
        width = (
            max(x.width + (not x.signed), y.width + (not y.signed)) if x.signed or y.signed else max(x.width, y.width)
        )
        first, second = self.bits(a, 0, width, stage), self.bits(b, 0, width, stage)
        if x.signed or y.signed:
            return f"($signed({first}) < $signed({second}))"
        return f"({first} < {second})"


def address_bits(cell: NetCell) -> int:
    """Bits that address a table."""
    return max(1, (len(cell.data) - 1).bit_length())


def extended(name: str, size: int, signed: bool, first: int, width: int) -> list[str]:
    """Return bits [first, first + width) of a wire of `size` bits with its sign (or zeros) above, highest first."""
    kept = max(0, min(width, size - first))
    parts: list[str] = []
    if kept < width:
        parts.append(repeat(select(name, size, size - 1, 1), width - kept) if signed else literal(0, width - kept))
    if kept:
        parts.append(select(name, size, first, kept))
    return parts


def select(name: str, size: int, first: int, width: int) -> str:
    """Return a part of a wire of `size` bits."""
    if size == width:
        return name
    return f"{name}[{first}]" if width == 1 else f"{name}[{first + width - 1}:{first}]"


def repeat(bit: str, times: int) -> str:
    """Return a bit several times."""
    return bit if times == 1 else f"{{{times}{{{bit}}}}}"


def join(parts: list[str]) -> str:
    """Return parts side by side, the first one highest."""
    return parts[0] if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def clocked(statements: list[str], enable: str = "") -> list[str]:
    """Write statements that run at each clock edge, or only at those with an enable; nothing for none."""
    condition = f" if ({enable})" if enable else ""
    return [f"  always @(posedge clk){condition} begin", *statements, "  end"] if statements else []


def vector(width: int) -> str:
    """Return the range of a declaration, with a blank behind it; empty for one bit.

    Examples:
        >>> vector(8), vector(1)
        ('[7:0] ', '')
    """
    return f"[{width - 1}:0] " if width > 1 else ""


def literal(value: int, width: int) -> str:
    """Return a number of `width` bits, two's complement.

    Examples:
        >>> literal(-1, 4)
        "4'hf"
    """
    masked = value & ((1 << width) - 1)
    return f"{width}'d{masked}" if masked < 10 else f"{width}'h{masked:x}"


def signed_literal(value: int, width: int) -> str:
    """Return a signed number; a negative one through its bits, since Verilog's minus applies to the unsigned digits.

    Examples:
        >>> signed_literal(-3, 4)
        "$signed(4'hd)"
    """
    return f"$signed({literal(value, width)})"


def ternary_module(name: str) -> str:
    """Write the module that adds three operands, some of their bits inverted."""
    return f"""// Three operands, some of their bits inverted: a carry-save row and one carry chain.
module {name} #(
  parameter WIDTH = 3,
  parameter CARRY = 0,
  parameter [WIDTH-1:0] INVERT_A = 0,
  parameter [WIDTH-1:0] INVERT_B = 0,
  parameter [WIDTH-1:0] INVERT_C = 0
) (
  input  wire [WIDTH-1:0] a,
  input  wire [WIDTH-1:0] b,
  input  wire [WIDTH-1:0] c,
  output wire [WIDTH-1:0] y
);
  localparam [WIDTH-1:0] FIRST = CARRY;
  assign y = (a ^ INVERT_A) + (b ^ INVERT_B) + (c ^ INVERT_C) + FIRST;
endmodule
"""
