"""Quantised weights of HGQ2 in float32, types that hold values, and buses before quantizers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_element_types import element_types

from hlsexplore.element_types import ElementTypes, quantize_elements, requantize_elements
from hlsexplore.fixed import Fixed, Overflow, Rounding, least_type, quantize, to_real
from hlsexplore.importers.hgq_quantizers import HgqQuantizer, QuantizerSpec
from hlsexplore.importers.input_types import BY_SIGN, bus_type


def quantizer(k: int, i: int, f: int, rounding: str, overflow: str, **options: object) -> HgqQuantizer:
    spec = {"is_kif": True, "scaler": 1.0, "affine": None, "is_weight": False} | options
    return HgqQuantizer(
        spec=QuantizerSpec(rounding=Rounding(rounding), overflow=Overflow(overflow), **spec),
        signed=np.array([bool(k)]),
        integer=np.array([i]),
        fraction=np.array([f]),
    )


X = np.array([-2.5, -2.25, -1.75, -0.25, 0.25, 0.74, 1.25, 1.75, 2.25])
"""HGQ2 0.2's `q(x)` with k = 1, i = 1, f = 1, as it was measured."""
MEASURED = {
    ("RND", "WRAP"): [1.5, -2, -1.5, 0, 0.5, 0.5, 1.5, -2, -1.5],
    ("RND", "SAT"): [-2, -2, -1.5, 0, 0.5, 0.5, 1.5, 1.5, 1.5],
    ("RND", "SAT_SYM"): [-1.5, -1.5, -1.5, 0, 0.5, 0.5, 1.5, 1.5, 1.5],
    ("RND_CONV", "SAT"): [-2, -2, -2, 0, 0, 0.5, 1, 1.5, 1.5],
}


@pytest.mark.parametrize("modes", MEASURED)
def test_weights_are_quantised_as_hgq2_does(modes: tuple[str, str]) -> None:
    assert quantizer(1, 1, 1, *modes).values(X).tolist() == MEASURED[modes]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 1),
    st.integers(-3, 4),
    st.integers(-3, 8),
    st.sampled_from(Rounding),
    st.sampled_from([Overflow.WRAP, Overflow.SAT, Overflow.SAT_SYM]),
    st.lists(st.integers(-(1 << 12), 1 << 12), min_size=1, max_size=8),
)
def test_values_on_a_coarse_grid_are_cast_exactly(k: int, i: int, f: int, rounding: Rounding, overflow, raw) -> None:
    values = np.array(raw) / 256.0
    own = quantizer(k, i, f, rounding, overflow)
    types = own.types()
    np.testing.assert_array_equal(
        own.values(values), to_real(quantize_elements(values[:, None], types), types.hull())[:, 0]
    )


def test_a_number_just_below_a_tie_is_rounded_up_in_float32() -> None:
    almost = np.nextafter(np.float32(0.125), np.float32(0))
    assert quantizer(1, 1, 2, "RND", "SAT").values(np.array([float(almost)])).tolist() == [0.25]


def test_weights_that_wrap_are_rounded_and_stay_out_of_range() -> None:
    x = np.array([5.3, -7.9])
    assert quantizer(1, 1, 1, "RND", "WRAP", is_weight=True).values(x).tolist() == [5.5, -8.0]
    assert quantizer(1, 1, 1, "TRN", "WRAP", is_weight=True, is_kif=False).values(x).tolist() == [1.0, 0.0]


def test_scaler_and_affine_map_are_applied() -> None:
    own = quantizer(1, 1, 1, "RND", "SAT", scaler=4.0, affine=(0.5, 1.0))
    assert own.values(np.array([5.0, -100.0])).tolist() == [4.0, -3.0]
    types = quantizer(1, 1, 1, "RND", "SAT", scaler=4.0).types()
    assert str(types.hull()) == "fixed<3,4,RND,SAT>"


@given(st.lists(st.integers(-(1 << 20), 1 << 20), min_size=1, max_size=6), st.integers(-5, 30))
def test_the_least_type_holds_the_values_and_no_narrower_one_does(raw: list[int], fraction: int) -> None:
    values = np.ldexp(np.array(raw, dtype=float), -fraction)
    type_ = least_type(values)
    np.testing.assert_array_equal(to_real(quantize(values, type_), type_), values)
    if any(raw):
        signed = type_.signed
        narrower = [Fixed(type_.width - 1, type_.integer - cut, signed) for cut in (0, 1) if type_.width > 1]
        assert all((to_real(quantize(values, item), item) != values).any() for item in narrower)
        assert signed == (min(raw) < 0)


floats = st.floats(-60, 60, width=32) | st.integers(-(1 << 10), 1 << 10).map(lambda n: n / 64)


@settings(max_examples=300, deadline=None)
@given(st.lists(element_types(6), min_size=1, max_size=3), st.booleans(), st.data())
def test_a_bus_changes_no_cast_behind_it(casts: list[ElementTypes], is_chosen: bool, data: st.DataObject) -> None:
    casts = [types for types in casts if types.overflow is not Overflow.SAT_ZERO] or [
        ElementTypes(signed=[True], integer=[3], fraction=[2], rounding="RND")
    ]
    bus = bus_type(casts, is_chosen)
    overflows = {types.overflow is Overflow.WRAP for types in casts}
    is_split = len(overflows) > 1 or (True in overflows and (is_chosen or any(t.rounding in BY_SIGN for t in casts)))
    x = np.array(data.draw(st.lists(floats, min_size=1, max_size=6)))
    if is_split:
        reach = min(2.0**bus.integer, 1e9) / 4
        x = x[np.abs(x) < reach]
    for types in casts:
        wide = np.broadcast_to(x[:, None], (len(x), types.shape[0]))
        through = requantize_elements(quantize(wide, bus), bus.fraction, types)
        np.testing.assert_array_equal(through, quantize_elements(wide, types))
