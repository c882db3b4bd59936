"""Default types of tables, from what the tables hold."""

from collections.abc import Collection, Mapping
from math import ceil, log2, sqrt

import numpy as np

from hlsexplore.defaults.bounds import signed_integer_bits
from hlsexplore.fixed import Fixed, Overflow, Rounding, to_real
from hlsexplore.ops import Activation, Function
from hlsexplore.reference.observe import Seen
from hlsexplore.tables import activation_table, table_reach

TABLE_WIDTH = 18
"""Bits of a table entry: the width of half a block RAM."""
NORM_TABLE = 1 << 14
"""Most entries of 1 / sqrt(variance) that are proposed."""
NORM_STEP = 1 / 64
"""Step of a table of 1 / sqrt, relative to the usual variance: an error below 1 %."""
MIN_TABLE_BITS = 10
NORM_REACH_BITS = 3
"""Integer bits of the sums of a normalisation of values around 1."""
MAX_TABLE = 1 << 13
"""Most entries of a default table of a function: eight block RAMs of 18 kbit."""
MAX_SOFTMAX_TABLE = 1 << 14
"""Most entries of a default softmax's tables; every two classes have a copy of the first."""
MAX_GUESSED_TABLE = 1 << 12
"""Most entries that such a table has for fear of logits that are closer than expected."""
UNSURE = 4.0
"""Without data, inputs may be smaller than standardised features by this factor, as pixels from 0 to 1 are."""
FUNCTION_STEP = 1 / 64
"""Step of a function's table, relative to the spread of what it reads: an error below 1 % of its results."""
REPEATED_STEP = 1 / 256
"""The same inside recurrent layers, where the errors of all steps add up."""
EXP_INTEGER = 4
"""Integer bits of distances of logits in a default softmax: exp(-16) is 0 in a table of 18 bits."""
GAP_STEPS = 8
"""Steps of a softmax's table in the tenth percentile of the distance between the two largest logits: one sample in
eighty has both in one step, and in half of these the first one wins rightly."""
NORM_FRACTION = 16
"""Fraction bits of the inner values of a normalisation; more where the values are small."""

_EXACT = Fixed(48, 16)
_SAMPLE_SIZE = 256


def table_type(functions: Mapping[Function, float]) -> Fixed:
    """Return a type whose range just holds the entries of tables.

    Args:
        functions: Functions that share it, with the scale of ELU.

    Examples:
        >>> table_type({Function.SIGMOID: 0.0}), table_type({Function.SOFTPLUS: 0.0})
        (Fixed.parse('fixed<18,1,RND,SAT>'), Fixed.parse('fixed<18,4,RND,SAT>'))
    """
    limits = [(0.0, 0.0), *(table_limits(function, alpha) for function, alpha in functions.items())]
    integer = signed_integer_bits(min(low for low, _ in limits), max(high for _, high in limits))
    return Fixed(TABLE_WIDTH, integer, rounding=Rounding.RND, overflow=Overflow.SAT)


def function_table(op: Activation, result: Fixed) -> Fixed:
    """Return the type of the table of a function.

    Args:
        op: The function.
        result: Type of its results: that of an exponential's entries too, which go from 0.0003 to 2981.
    """
    if op.function is Function.EXPONENTIAL:
        return result.with_modes(Rounding.RND, Overflow.SAT)
    return table_type({op.function: op.alpha})


def table_limits(function: Function, alpha: float) -> tuple[float, float]:
    """Return the least and the largest entry of a table, or 0 where that is beyond.

    Args:
        function: Whose.
        alpha: Scale of ELU.
    """
    scale = alpha if function is Function.ELU else 1.0
    values = to_real(activation_table(function, _SAMPLE_SIZE, _EXACT, scale), _EXACT)
    return min(float(values.min()), 0.0), max(float(values.max()), 0.0)


def function_table_size(functions: Collection[Function], source: Seen, is_repeated: bool = False) -> int:
    """Return the entries of a table of functions: 1024, or more where that many are coarse for what it reads.

    Args:
        functions: Functions by table that share the size.
        source: Values that address it.
        is_repeated: Whether it is read again and again in a recurrent layer.
    """
    spread = float(np.median(source.spread))
    if spread <= 0.0:
        return 1 << MIN_TABLE_BITS
    reach = max(table_reach(function) for function in functions)
    step = spread * (REPEATED_STEP if is_repeated else FUNCTION_STEP)
    return _entries(reach / step, MAX_TABLE)


def softmax_table_size(source: Fixed, gap: float, is_guessed: bool) -> int:
    """Return the entries of a softmax's tables: 1024, or more where close logits would share an entry.

    Args:
        source: Type of the logits, whose range the exponential table covers up to `EXP_INTEGER`.
        gap: Tenth percentile of the distance between the two largest logits; 0 when it is not known.
        is_guessed: Whether no data tells it: logits may be closer by `UNSURE`, as far as that costs little.
    """
    reach = 2.0 ** min(source.integer - int(source.signed), EXP_INTEGER)
    size = _entries(reach / max(gap / GAP_STEPS, source.step), MAX_SOFTMAX_TABLE)
    if not is_guessed:
        return size
    return max(size, _entries(reach / max(gap / UNSURE / GAP_STEPS, source.step), MAX_GUESSED_TABLE))


def _entries(steps: float, most: int) -> int:
    """Return the power of two that is enough for these steps, within what a table may have."""
    return int(min(max(1 << ceil(log2(max(steps, 1.0))), 1 << MIN_TABLE_BITS), most))


def norm_types(epsilon: float, top: float) -> dict[str, Fixed]:
    """Return accumulator and table of a layer normalisation.

    The accumulator holds sums of values and of squares, and the table covers its range.

    Args:
        epsilon: Added to the variance.
        top: Largest sum.
    """
    octaves = ceil(log2(max(top, epsilon)))
    fraction = NORM_FRACTION + max(NORM_REACH_BITS - octaves, 0)
    bits = signed_integer_bits(0.0, 1.0 / sqrt(epsilon)) if epsilon > 0 else 8
    width = max(TABLE_WIDTH, bits + 12 + max(octaves - NORM_REACH_BITS, 0) // 2)
    return {
        "accum": Fixed(max(octaves + 1 + fraction, 2), octaves + 1, overflow=Overflow.SAT),
        "table": Fixed(width, bits, rounding=Rounding.RND, overflow=Overflow.SAT),
    }


def norm_table_size(accum: Fixed, variance: float) -> int:
    """Return the entries of a table of 1 / sqrt whose steps are `NORM_STEP` of a variance, as far as `NORM_TABLE` goes.

    Args:
        accum: The accumulator, whose range the table covers.
        variance: Usual variance, `epsilon` included.
    """
    steps = 2.0 ** (accum.integer - int(accum.signed)) / variance / NORM_STEP
    return min(1 << max(ceil(log2(steps)), MIN_TABLE_BITS), NORM_TABLE)


def softmax_types(count: int, is_stable: bool, extra: int = 0) -> dict[str, Fixed]:
    """Return types of a softmax over `count` values whose every bit is used.

    With the largest logit subtracted, every exponential is at most 1 and their sum is from 1 to `count`.

    Args:
        count: Values.
        is_stable: Whether the largest logit is subtracted; tables must reach further without.
        extra: Bits beyond the 17 fraction bits that an entry of 18 bits has.
    """
    bits, fraction = (1 if is_stable else 8), TABLE_WIDTH - 1 + extra
    total = ceil(log2(count + 1)) + (bits - 1)
    entry = Fixed(fraction + bits, bits, False, Rounding.RND, Overflow.SAT)
    sums = Fixed(fraction + total, total, False, Rounding.RND, Overflow.SAT)
    return {"exp_table": entry, "accum": sums, "inv_input": sums, "inv_table": entry}
