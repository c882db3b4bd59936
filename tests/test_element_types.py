"""Types of elements: against a loop of single casts, and their hulls, zeros and files (docs/ir.md, Element types)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsexplore.element_types import ElementTypes, quantize_elements, requantize_elements
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, requantize, to_real


@st.composite
def element_types(draw: st.DrawFn, most: int = 12) -> ElementTypes:
    """Draw types of a few elements, some of them without bits."""
    count = draw(st.integers(1, 6))
    rows = [(draw(st.booleans()), draw(st.integers(-most, most)), draw(st.integers(-most, most))) for _ in range(count)]
    signed, integer, fraction = zip(*rows, strict=True)
    return ElementTypes(
        signed=np.array(signed),
        integer=np.array(integer),
        fraction=np.array(fraction),
        rounding=draw(st.sampled_from(list(Rounding))),
        overflow=draw(st.sampled_from(list(Overflow))),
    )


def single(types: ElementTypes, index: int) -> Fixed | None:
    """Return the type of one element, None where it holds only 0: the rule, written for a single number."""
    signed, integer = bool(types.signed[index]), int(types.integer[index])
    width = integer + int(types.fraction[index])
    if width <= 0 or (signed and width == 1 and types.overflow is Overflow.SAT_SYM):
        return None
    return Fixed(width, integer, signed, types.rounding, types.overflow)


def reals(draw: st.DataObject, count: int) -> np.ndarray:
    values = st.floats(-1e6, 1e6) | st.integers(-(1 << 14), 1 << 14).map(lambda n: n / 256)
    return np.array(draw.draw(st.lists(st.lists(values, min_size=count, max_size=count), min_size=1, max_size=4)))


@settings(max_examples=200, deadline=None)
@given(element_types(), st.data())
def test_quantize_elements_equals_a_loop_of_single_casts(types: ElementTypes, draw: st.DataObject) -> None:
    x = reals(draw, types.shape[0])
    raw, hull = quantize_elements(x, types), types.hull()
    for index in range(types.shape[0]):
        type_ = single(types, index)
        expected = np.zeros(len(x)) if type_ is None else to_real(quantize(x[:, index], type_), type_)
        np.testing.assert_array_equal(to_real(raw[:, index], hull), expected)


@settings(max_examples=200, deadline=None)
@given(element_types(), st.integers(-6, 20), st.data())
def test_requantize_elements_equals_a_loop_of_single_casts(
    types: ElementTypes, fraction: int, draw: st.DataObject
) -> None:
    source = st.lists(st.integers(-(1 << 40), 1 << 40), min_size=types.shape[0], max_size=types.shape[0])
    values = np.array(draw.draw(st.lists(source, min_size=1, max_size=4)), dtype=np.int64)
    raw = requantize_elements(values, fraction, types)
    for index in range(types.shape[0]):
        type_ = single(types, index)
        expected = 0 if type_ is None else to_real(requantize(values[:, index], fraction, type_), type_)
        np.testing.assert_array_equal(to_real(raw[:, index], types.hull()), expected)


@settings(max_examples=200, deadline=None)
@given(element_types())
def test_the_hull_is_the_least_type_that_holds_every_element(types: ElementTypes) -> None:
    hull, own = types.hull(), [single(types, index) for index in range(types.shape[0])]
    some = [type_ for type_ in own if type_ is not None]
    low, high, zeros = types.limits(types.shape)
    for index, type_ in enumerate(own):
        limits = (0, 0, 0) if type_ is None else (type_.low, type_.high, hull.fraction - type_.fraction)
        assert (low[index] * hull.step, high[index] * hull.step, zeros[index]) == limits
    if not some:
        assert str(hull.with_modes("TRN", "WRAP")) == "ufixed<1,1>"
        return
    assert hull.fraction == max(type_.fraction for type_ in some)
    assert hull.signed == any(type_.signed for type_ in some)
    assert all(hull.low <= type_.low and type_.high <= hull.high for type_ in some)
    assert hull.integer == max(type_.integer + (hull.signed and not type_.signed) for type_ in some)


@settings(max_examples=100, deadline=None)
@given(element_types(), st.integers(0, 30))
def test_trim_takes_fraction_bits_until_none_are_left(types: ElementTypes, bits: int) -> None:
    trimmed = types.trimmed(bits)
    for index in range(types.shape[0]):
        type_ = single(types, index)
        left = 0 if type_ is None else max(type_.width - bits, 0)
        is_one_sign = type_ is not None and left == 1 and type_.signed and types.overflow is Overflow.SAT_SYM
        assert trimmed.width[index] == (0 if is_one_sign else left)
        if trimmed.width[index]:
            assert trimmed.integer[index] == type_.integer


def test_elements_that_hold_only_zero_have_one_form() -> None:
    types = ElementTypes(
        signed=[True, True, True, False], integer=[1, 2, 1, -3], fraction=[0, -3, 3, 3], overflow="SAT_SYM"
    )
    assert types.width.tolist() == [0, 0, 4, 0]
    assert types.signed.tolist() == [False, False, True, False]
    assert quantize_elements([[9.0, 9.0, 9.0, 9.0], [-9.0] * 4], types).tolist() == [[0, 0, 7, 0], [0, 0, -7, 0]]
    one_sign = ElementTypes(signed=[True], integer=[1], fraction=[0], overflow="SAT")
    assert quantize_elements([[-5.0], [5.0]], one_sign).tolist() == [[-1], [0]]


def test_types_of_a_channel_reach_every_position() -> None:
    types = ElementTypes(signed=[[False, True]], integer=[[4, 4]], fraction=[[0, 2]])
    x = np.full((1, 3, 2), 1.3)
    assert quantize_elements(x, types).tolist() == [[[4, 5]] * 3]
    assert types.broadcast_to((3, 2)).shape == (3, 2)
    spread = types.spread((3, 2))
    assert (spread.num_elements, spread.num_zeros, spread.low, spread.high, spread.num_bits) == (6, 0, 4, 6, 30)
    assert str(spread) == "4 to 6 bits, median 5"
    with pytest.raises(ConfigError, match=r"types of shape \(1, 2\) do not fit a tensor of shape \(3, 4\)"):
        types.broadcast_to((3, 4))


def test_equal_types_are_equal_whatever_their_zeros_were_written_as() -> None:
    a = ElementTypes(signed=[True, False], integer=[-2, 1], fraction=[2, 1])
    b = ElementTypes(signed=[False, False], integer=[5, 1], fraction=[-9, 1])
    assert a == b and hash(a) == hash(b)
    assert a != ElementTypes(signed=[False, False], integer=[0, 1], fraction=[0, 1], rounding="RND")
    assert ElementTypes.from_dict(a.to_dict()) == a
    assert ElementTypes.uniform(Fixed(8, 3)).is_uniform and not a.is_uniform


def test_widths_beyond_int64_are_exact() -> None:
    types = ElementTypes(signed=[False, True], integer=[40, 40], fraction=[0, 30])
    raw = quantize_elements([[2.0**39 + 1, -3.25]], types)
    assert raw.dtype == object and raw.tolist() == [[(2**39 + 1) << 30, int(-3.25 * 2**30)]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"signed": [1.5], "integer": [1], "fraction": [1]}, "need an array for 'signed'"),
        ({"signed": [True], "integer": [1.5], "fraction": [1]}, "need an array for 'integer'"),
        ({"signed": [True], "integer": [1, 2, 3], "fraction": [1, 2]}, "shapes that do not fit"),
        ({"signed": [True], "integer": [600], "fraction": [1]}, "512 is the limit"),
        ({"signed": [True], "integer": [1], "fraction": [1], "rounding": "UP"}, "unknown rounding mode 'UP'"),
    ],
)
def test_wrong_types_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ElementTypes(**{name: value if isinstance(value, str) else np.array(value) for name, value in fields.items()})
