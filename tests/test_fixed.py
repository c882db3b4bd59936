"""Casts: against an independent exact model in fractions, and against the ap_types headers (docs/ir.md, section Types)."""

import shutil
import subprocess
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import fixed_types

from hlsexplore.emulate.carrier import Span, as_carrier, cast, cast_span, quantize_carrier, to_raw
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, requantize, to_real


def model(value: Fraction, type_: Fixed) -> int:
    """Cast exactly, written from the meaning of the modes and not from any implementation."""
    scaled = value * Fraction(2) ** type_.fraction
    below = floor(scaled)
    rest = scaled - below
    toward_zero = below if scaled >= 0 or rest == 0 else below + 1
    nearest = below if rest < Fraction(1, 2) else below + 1
    is_tie = rest == Fraction(1, 2)
    raw = {
        Rounding.TRN: below,
        Rounding.TRN_ZERO: toward_zero,
        Rounding.RND: nearest,
        Rounding.RND_CONV: below + below % 2 if is_tie else nearest,
        Rounding.RND_ZERO: toward_zero if is_tie else nearest,
        Rounding.RND_INF: (below + 1 if scaled > 0 else below) if is_tie else nearest,
        Rounding.RND_MIN_INF: below if is_tie else nearest,
    }[type_.rounding]
    high = 2 ** (type_.width - type_.signed) - 1
    low = -high - 1 if type_.signed else 0
    if type_.overflow is Overflow.SAT_SYM and type_.signed and type_.width > 1:
        low += 1
    if low <= raw <= high:
        return raw
    if type_.overflow is Overflow.WRAP:
        wrapped = raw % 2**type_.width
        return wrapped - 2**type_.width if type_.signed and wrapped > high else wrapped
    if type_.overflow is Overflow.SAT_ZERO:
        return 0
    return high if raw > high else low


def types(max_width: int = 80) -> st.SearchStrategy[Fixed]:
    return fixed_types(st.integers(1, max_width), st.integers(-12, max_width + 8))


reals = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e40, max_value=1e40) | st.integers(
    -4096, 4096
).map(lambda n: n / 64)


@settings(max_examples=150, deadline=None)
@given(st.lists(reals, min_size=1, max_size=6), types())
@example([0.0, -5e-324], Fixed(1, 2, False))
@example([-1e-310, 3.0], Fixed(8, 40))
@example([1e300, -1.7e308, 5e-324], Fixed(60, 4, True, "RND", "SAT"))
def test_quantize_equals_the_exact_model(values, type_) -> None:
    raw = quantize(values, type_)
    assert raw.tolist() == [model(Fraction(value), type_) for value in values]
    assert (raw.dtype == object) == (not type_.fits_int64)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(-(2**70), 2**70), min_size=1, max_size=6), st.integers(-8, 60), types())
def test_requantize_equals_the_exact_model(values, fraction, type_) -> None:
    fits = all(-(2**62) < value < 2**62 for value in values)
    raw = np.array(values, dtype=np.int64 if fits else object)
    expected = [model(Fraction(value) / Fraction(2) ** fraction, type_) for value in values]
    assert requantize(raw, fraction, type_).tolist() == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=6), st.integers(1, 60), st.integers(-8, 40), types())
def test_cast_of_carriers_equals_the_exact_model(values, size, fraction, type_) -> None:
    values = [value >> size for value in values]
    span = Span(fraction, min(values), max(values))
    raw = np.array(values, dtype=np.int64)
    result, after = cast(as_carrier(raw, span.magnitude), span, type_)
    expected = [model(Fraction(value) / Fraction(2) ** fraction, type_) for value in values]
    assert to_raw(result, type_).tolist() == expected
    assert after == cast_span(span, type_)
    assert all(after.low <= value <= after.high for value in expected)


@settings(max_examples=100, deadline=None)
@given(st.lists(reals, min_size=1, max_size=6), types(52))
def test_quantize_carrier_equals_quantize(values, type_) -> None:
    x = np.array(values)
    np.testing.assert_array_equal(to_raw(quantize_carrier(x, type_), type_), quantize(x, type_))


@settings(max_examples=100, deadline=None)
@given(types(1000))
def test_type_round_trips_through_its_text(type_) -> None:
    assert Fixed.parse(str(type_)) == type_
    assert eval(repr(type_)) == type_


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("fixed<8,4,TRN,WRAP,0>", "fixed<8,4>"),
        ("ap_fixed<16,6,AP_RND_CONV,AP_SAT,0>", "fixed<16,6,RND_CONV,SAT>"),
        (" ufixed < 18 , 1 , RND , SAT , 0 > ", "ufixed<18,1,RND,SAT>"),
        ("ap_ufixed<8,-2,AP_TRN_ZERO>", "ufixed<8,-2,TRN_ZERO>"),
        ("ap_uint< 3 >", "ufixed<3,3>"),
    ],
)
def test_type_is_read_as_hls4ml_and_vendors_write_it(text: str, wanted: str) -> None:
    assert str(Fixed.parse(text)) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fixed<8,4,TRN,WRAP,2>", r"^'fixed<8,4,TRN,WRAP,2>' keeps 2 saturation bits when a value wraps, which is not"),
        ("fixed<8,4,0>", "'fixed<8,4,0>' is not a fixed-point type"),
        ("fixed<8", r"In a YAML list in brackets it needs quotes: \['fixed<16,6>'\]"),
        ("fixed<８,4>", "is not a fixed-point type"),
        ("fixed<8,4,TRN,WRAP,0,0>", "is not a fixed-point type"),
        ("fixed<8,4,TRN,WRAP_SM>", "unknown overflow mode 'WRAP_SM'. Valid modes: WRAP, SAT, SAT_ZERO, SAT_SYM"),
        ("9" * 5000, "^'9{76}\\.\\.\\. is not a fixed-point type"),
    ],
)
def test_text_that_is_no_type_is_one_sentence(text, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Fixed.parse(text)
    assert len(str(caught.value)) < 300


def test_quantize_wide_types_use_python_integers() -> None:
    raw = quantize([1.5, -1.0], Fixed(100, 20))
    assert raw.dtype == object
    assert raw.tolist() == [3 << 79, -(1 << 80)]


@pytest.mark.parametrize("width", [62, 63, 64])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("overflow", list(Overflow))
def test_quantize_is_exact_at_the_edge_of_int64(width: int, signed: bool, overflow) -> None:
    type_ = Fixed(width, width, signed, overflow=overflow)
    values = [-1.0, 2.0**61, -(2.0**61), 2.0**62, -(2.0**62), 2.0**63, -(2.0**63), 2.0**64]
    assert quantize(values, type_).tolist() == [model(Fraction(value), type_) for value in values]


def test_requantize_wraps_a_negative_number_into_63_unsigned_bits() -> None:
    assert requantize(np.array([-1]), 0, Fixed(63, 63, signed=False)).tolist() == [2**63 - 1]


def test_to_real_undoes_quantize_on_the_grid() -> None:
    type_ = Fixed(12, 4)
    values = np.arange(-(2**11), 2**11) / 256
    np.testing.assert_array_equal(to_real(quantize(values, type_), type_), values)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_quantize_refuses_values_that_are_not_finite(bad) -> None:
    with pytest.raises(ConfigError, match="cannot cast NaN or infinity to fixed<8,4>"):
        quantize([0.0, bad], Fixed(8, 4))


HEADER_TYPES = [
    Fixed(width, integer, signed, rounding, overflow)
    for width, integer in ((6, 3), (9, -2))
    for signed in (True, False)
    for rounding in Rounding
    for overflow in Overflow
]


def _program(folder) -> str:
    """Write C++ that casts each number on stdin to every type, from double and from a wide fixed-point number."""
    lines = [
        "#include <ap_fixed.h>",
        "#include <cstdio>",
        "int main() {",
        "double x;",
        'while (scanf("%lf", &x) == 1) {',
    ]
    lines += ["ap_fixed<40, 20> w = x;"]
    for type_ in HEADER_TYPES:
        name = f"ap_{'' if type_.signed else 'u'}fixed<{type_.width}, {type_.integer}, AP_{type_.rounding}, AP_{type_.overflow}>"
        for source in ("x", "w"):
            lines.append(f'{{ {name} y = {source}; printf("%.17g ", y.to_double()); }}')
    lines += ['printf("\\n");', "}", "}"]
    path = folder / "casts.cpp"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_casts_equal_the_ap_types_headers(tmp_path: Path) -> None:
    da4ml = pytest.importorskip("da4ml")
    from pathlib import Path

    include = next(Path(da4ml.__file__).parent.rglob("ap_fixed.h")).parent
    program = str(tmp_path / "casts")
    command = ["g++", "-O0", "-w", "-std=c++17", f"-I{include}", _program(tmp_path), "-o", program]
    subprocess.run(command, check=True, timeout=300)
    values = [n / 64 for n in range(-1100, 1101, 7)] + [n / 8 for n in range(-64, 65)]
    done = subprocess.run(
        [program], input="\n".join(map(repr, values)), capture_output=True, text=True, check=True, timeout=60
    )
    theirs = np.array([[float(word) for word in line.split()] for line in done.stdout.splitlines()])
    for i, type_ in enumerate(HEADER_TYPES):
        ours = to_real(quantize(values, type_), type_)
        np.testing.assert_array_equal(ours, theirs[:, 2 * i], err_msg=f"{type_} from double")
        np.testing.assert_array_equal(ours, theirs[:, 2 * i + 1], err_msg=f"{type_} from fixed point")
