"""The text of one layer while it is written: helper functions, each written once, and values with their bits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hlsexplore.fixed import Fixed
from hlsexplore_hls.xls.text import cast_function, number, signed_bits, times_function, type_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DslxValue:
    """A signed DSLX expression.

    Attributes:
        text: An identifier, or an expression that needs no parentheses around it.
        bits: Bits of its type, `sN[bits]`.
        fraction: Its fraction bits.
    """

    text: str
    bits: int
    fraction: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DslxCall:
    """One use of a function of a layer.

    Attributes:
        function: Its name.
        arguments: Elements of each input of the layer, -1 for a zero; an input without elements is not passed.
        outputs: Elements of the layer's result that it computes.
        is_scalar: Whether arguments and result are single elements, else arrays.
    """

    function: str
    arguments: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]
    is_scalar: bool = False


@dataclass(slots=True)
class DslxCode:
    """Helper functions by name, in the order in which they are needed. It changes because text is collected in it."""

    helpers: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, text: str) -> str:
        """Keep a helper function and return its name, a new one if the name has another text already."""
        number_, chosen = 1, name
        while self.helpers.get(chosen, text.replace(name, chosen, 1)) != text.replace(name, chosen, 1):
            number_ += 1
            chosen = f"{name}_{number_}"
        self.helpers[chosen] = text.replace(name, chosen, 1)
        return chosen

    def cast(self, value: DslxValue, target: Fixed, role: str) -> str:
        """Write the cast of a value; the expression has the type of the target's raw integers."""
        name = self.add(f"to_{role}", cast_function(f"to_{role}", value.bits, value.fraction, target))
        return f"{name}({value.text})"

    def requantize(self, value: DslxValue, target: Fixed, role: str) -> DslxValue:
        """Write the cast of a value, as a signed value again."""
        bits = signed_bits(target)
        text = self.cast(value, target, role)
        return DslxValue(text=text if target.signed else f"({text} as sN[{bits}])", bits=bits, fraction=target.fraction)

    def times(self, value: DslxValue, factor: int) -> DslxValue:
        """Write the product of a value and a constant by shifts and adds."""
        bits = value.bits + max(abs(factor).bit_length(), 1)
        if factor == 0:
            return DslxValue(text=number(0, bits), bits=bits, fraction=value.fraction)
        text = f"({value.text} as sN[{bits}])"
        if abs(factor) > 1:
            name = self.add(f"times_{abs(factor)}", times_function(abs(factor), bits))
            text = f"{name}{text}"
        return DslxValue(text=f"(-{text})" if factor < 0 else text, bits=bits, fraction=value.fraction)

    def table(self, name: str, entries: Iterable[int], type_: str) -> str:
        """Keep a constant array and return its name."""
        numbers = [int(entry) for entry in entries]
        text = f"const {name} = {type_}[{len(numbers)}]:[{', '.join(map(str, numbers))}];"
        return self.add(name, text)


def element(name: str, type_: Fixed) -> DslxValue:
    """Return an element of a type as a signed value."""
    bits = signed_bits(type_)
    text = name if type_.signed else f"({name} as sN[{bits}])"
    return DslxValue(text=text, bits=bits, fraction=type_.fraction)


def raw_value(name: str, type_: Fixed) -> DslxValue:
    """Return a variable of the signed type that holds a type."""
    return DslxValue(text=name, bits=signed_bits(type_), fraction=type_.fraction)


def extended(value: DslxValue, bits: int) -> str:
    """Write a value in more bits."""
    return value.text if value.bits == bits else f"({value.text} as sN[{bits}])"


def lifted(value: DslxValue, fraction: int) -> DslxValue:
    """Give a value more fraction bits."""
    shift = fraction - value.fraction
    if shift == 0:
        return value
    bits = value.bits + shift
    return DslxValue(text=f"(({value.text} as sN[{bits}]) << u32:{shift})", bits=bits, fraction=fraction)


def summed(a: DslxValue, b: DslxValue, sign: str = "+") -> DslxValue:
    """Write the full-precision sum or difference of two values."""
    fraction = max(a.fraction, b.fraction)
    a, b = lifted(a, fraction), lifted(b, fraction)
    bits = max(a.bits, b.bits) + 1
    return DslxValue(text=f"({extended(a, bits)} {sign} {extended(b, bits)})", bits=bits, fraction=fraction)


def multiplied(a: DslxValue, b: DslxValue) -> DslxValue:
    """Write the full-precision product of two values."""
    bits = a.bits + b.bits
    return DslxValue(text=f"({extended(a, bits)} * {extended(b, bits)})", bits=bits, fraction=a.fraction + b.fraction)


def extreme(values: Sequence[DslxValue], is_maximum: bool) -> str:
    """Write the largest or smallest of values of one type, as a tree."""
    if len(values) == 1:
        return values[0].text
    middle = (len(values) + 1) // 2
    left, right = extreme(values[:middle], is_maximum), extreme(values[middle:], is_maximum)
    # A function, so that neither side is written twice.
    return f"{'larger' if is_maximum else 'smaller'}({left}, {right})"


def extreme_function(bits: int, is_maximum: bool) -> str:
    """Write the function that `extreme` calls."""
    name, sign = ("larger", ">") if is_maximum else ("smaller", "<")
    return f"fn {name}(a: sN[{bits}], b: sN[{bits}]) -> sN[{bits}] {{ if b {sign} a {{ b }} else {{ a }} }}"


def parameter(name: str, type_: Fixed, count: int | None) -> str:
    """Write a parameter: one element, or an array of `count`."""
    return f"{name}: {type_of(type_)}{'' if count is None else f'[{count}]'}"


def function(name: str, parameters: Sequence[str], result: str, lines: Sequence[str]) -> str:
    """Write a function whose last line is its value."""
    return "\n".join([f"fn {name}({', '.join(parameters)}) -> {result} {{", *(f"    {line}" for line in lines), "}"])
