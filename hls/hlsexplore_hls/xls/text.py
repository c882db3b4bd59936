"""DSLX of fixed-point casts and of multiplications by constants (docs/ir.md, section Types)."""

from hlsexplore.fixed import Fixed, Overflow, Rounding


def number(value: int, bits: int) -> str:
    """Write a signed constant.

    Examples:
        >>> number(-3, 8)
        'sN[8]:-3'
    """
    return f"sN[{bits}]:{value}"


def type_of(type_: Fixed) -> str:
    """Write the DSLX type of a fixed-point type's raw integers.

    Examples:
        >>> type_of(Fixed(8, 3))
        'sN[8]'
    """
    return f"{'s' if type_.signed else 'u'}N[{type_.width}]"


def signed_bits(type_: Fixed) -> int:
    """Bits of a signed integer that holds every raw integer of a type."""
    return type_.width + (0 if type_.signed else 1)


def cast_function(name: str, bits: int, fraction: int, target: Fixed) -> str:
    """Write a function that casts a signed integer to a type.

    Args:
        name: Name of the function.
        bits: Bits of the signed integer.
        fraction: Its fraction bits.
        target: The type, with its modes.
    """
    drop = fraction - target.fraction
    wide = max(bits + 1, bits - drop, drop + 2, target.width) + 1
    lines = [f"fn {name}(v: sN[{bits}]) -> {type_of(target)} {{", f"    let v = v as sN[{wide}];"]
    if drop > 0:
        lines += _rounding(target.rounding, drop, wide)
    elif drop < 0:
        lines.append(f"    let q = v << u32:{-drop};")
    else:
        lines.append("    let q = v;")
    lines += [*_overflow(target, wide), "}"]
    return "\n".join(lines)


def _rounding(rounding: Rounding, drop: int, wide: int) -> list[str]:
    half, zero = 1 << (drop - 1), number(0, wide)
    match rounding:
        case Rounding.TRN:
            bias = ""
        case Rounding.TRN_ZERO:
            bias = f"if v < {zero} {{ {number(2 * half - 1, wide)} }} else {{ {zero} }}"
        case Rounding.RND:
            bias = number(half, wide)
        case Rounding.RND_MIN_INF:
            bias = number(half - 1, wide)
        case Rounding.RND_ZERO:
            bias = f"if v < {zero} {{ {number(half, wide)} }} else {{ {number(half - 1, wide)} }}"
        case Rounding.RND_INF:
            bias = f"if v < {zero} {{ {number(half - 1, wide)} }} else {{ {number(half, wide)} }}"
        case Rounding.RND_CONV:
            bias = f"if (v >> u32:{drop}) as u1 == u1:1 {{ {number(half, wide)} }} else {{ {number(half - 1, wide)} }}"
    if not bias:
        return [f"    let q = v >> u32:{drop};  // {rounding}"]
    return [f"    let bias = {bias};", f"    let q = (v + bias) >> u32:{drop};  // {rounding}"]


def _overflow(target: Fixed, wide: int) -> list[str]:
    low, high = number(target.min_raw, wide), number(target.max_raw, wide)
    kept = f"(q as uN[{target.width}]) as {type_of(target)}" if target.signed else f"q as uN[{target.width}]"
    match target.overflow:
        case Overflow.WRAP:
            return [f"    {kept}"]
        case Overflow.SAT | Overflow.SAT_SYM:
            limited = f"if q < {low} {{ {low} }} else if q > {high} {{ {high} }} else {{ q }}"
        case Overflow.SAT_ZERO:
            limited = f"if q < {low} || q > {high} {{ {number(0, wide)} }} else {{ q }}"
    return [f"    let q = {limited};  // {target.overflow}", f"    {kept}"]


def digits(value: int) -> list[tuple[int, int]]:
    """Return the canonical signed digits of a positive integer as (place, sign), the highest first.

    Examples:
        >>> digits(7)
        [(3, 1), (0, -1)]
    """
    found: list[tuple[int, int]] = []
    place = 0
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            found.append((place, digit))
            value -= digit
        value >>= 1
        place += 1
    return found[::-1]


def times_function(factor: int, bits: int) -> str:
    """Write a function that multiplies a signed integer by a positive constant with shifts and adds.

    Args:
        factor: The constant.
        bits: Bits of argument and product.

    Examples:
        >>> print(times_function(7, 12))
        fn times_7(x: sN[12]) -> sN[12] { (x << u32:3) - x }
    """
    terms: list[str] = []
    for place, sign in digits(factor):
        term = f"(x << u32:{place})" if place else "x"
        terms.append(term if not terms else f"{'+' if sign > 0 else '-'} {term}")
    return f"fn times_{factor}(x: sN[{bits}]) -> sN[{bits}] {{ {' '.join(terms)} }}"
