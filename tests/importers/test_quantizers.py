import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsexplore.errors import ConfigError, UnsupportedError
from hlsexplore.fixed import Fixed, least_type, quantize, to_real
from hlsexplore.importers.quantizers import looks_like_quantizer, parse_quantizer
from hlsexplore.importers.weight_quantizers import cast_type, covering_type, quantize_weight


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("quantized_bits(6,0,alpha=1)", "quantized_bits(bits=6, alpha=1)"),
        (
            "quantized_bits( 6 , 2 , 1 , alpha = 'auto' )",
            "quantized_bits(bits=6, integer=2, symmetric=True, alpha='auto')",
        ),
        ("quantized_bits", "quantized_bits()"),
        ("quantized_relu(4,negative_slope=0.25)", "quantized_relu(bits=4, negative_slope=0.25)"),
        ("binary(alpha=[0.5 0.25])", "binary(alpha=[0.5, 0.25])"),
        ("ternary(threshold=None)", "ternary()"),
        ('quantized_linear(4, alpha="auto_po2")', "quantized_linear(bits=4, alpha='auto_po2')"),
    ],
)
def test_quantizer_text_is_read_as_qkeras_reads_it(text: str, shown: str) -> None:
    assert str(parse_quantizer(text, "here")) == shown


def test_kernel_quantizer_without_alpha_becomes_auto_po2_as_in_qkeras() -> None:
    assert str(parse_quantizer("quantized_bits(4)", "here", is_kernel=True)) == (
        "quantized_bits(bits=4, symmetric=True, alpha='auto_po2')"
    )
    assert str(parse_quantizer("ternary()", "here", is_kernel=True)) == "ternary(alpha='auto_po2')"
    assert (
        str(parse_quantizer("quantized_bits(4,alpha=1)", "here", is_kernel=True)) == "quantized_bits(bits=4, alpha=1)"
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("quantised_bits(4)", r"unknown quantizer 'quantised_bits'.*Did you mean 'quantized_bits'\?"),
        ("quantized_bits(4,,)", "cannot be read"),
        ("quantized_bits(4", "is no quantizer"),
        ("__import__('os').system('touch y')", "unknown quantizer '__import__'|is no quantizer"),
        ("quantized_bits(__import__)", "has bits='__import__', expected an integer"),
        ("quantized_bits(400)", "expected an integer of 1 to 64"),
        ("quantized_bits(0)", "expected an integer of 1 to 64"),
        ("quantized_bits(4,alpha='best')", "has alpha='best', expected 'auto', 'auto_po2' or a number"),
        ("quantized_bits(4,alpha=0)", "expected numbers other than 0"),
        ("quantized_bits(4,scale_axis=1)", r"has scale_axis='1', expected None: this option is not supported"),
        ("quantized_bits(4,qnoise_factor=0.5)", r"set it to 1 before saving"),
        ({"class_name": "quantized_bits", "config": {"bits": 4, "colour": 3}}, "unknown option 'colour'"),
        ({"class_name": "My>quantized_bits", "config": {"bits": 4}}, "is a class of your own"),
        ({"class_name": "function", "config": "mine"}, "is a Python function"),
        (17, "'17' is no quantizer"),
        ("quantized_relu(4,negative_slope=0.3)", "negative_slope='0.3', expected a power of two"),
        ("quantized_relu(4,use_sigmoid='x')", "use_sigmoid='x', expected true or false"),
        (
            {"class_name": "quantized_bits", "config": {"post_training_scale": "x", "alpha": "auto"}},
            "post_training_scale='x'",
        ),
    ],
)
def test_unusable_quantizer_is_refused(spec, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        parse_quantizer(spec, "here")


def test_object_form_accepts_unknown_options_that_are_none() -> None:
    spec = {
        "class_name": "quantized_bits",
        "registered_name": "qkeras>quantized_bits",
        "config": {"bits": 4, "new": None},
    }
    assert parse_quantizer(spec, "here").bits == 4


def test_plain_functions_are_no_quantizers() -> None:
    for spec in ("relu", "hard_sigmoid", {"class_name": "function", "config": "relu"}, None, 3):
        assert not looks_like_quantizer(spec)
    for spec in ("quantized_relu(4)", "binary", {"class_name": "quantized_tanh", "config": {}}):
        assert looks_like_quantizer(spec)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("quantized_relu(6)", "ufixed<6,0,RND_CONV,SAT>"),
        ("quantized_bits(6,0)", "fixed<6,1,RND_CONV,SAT>"),
        ("quantized_bits(6,0,1)", "fixed<6,1,RND_CONV,SAT_SYM>"),
        ("quantized_bits(6,2,keep_negative=False)", "ufixed<6,2,RND_CONV,SAT>"),
        ("quantized_tanh(4)", "fixed<4,1,RND_CONV,SAT>"),
        ("quantized_sigmoid(4)", "ufixed<4,0,RND_CONV,SAT>"),
    ],
)
def test_quantizer_becomes_the_type_whose_cast_it_is(text: str, type_: str) -> None:
    assert str(cast_type(parse_quantizer(text, "here"))) == type_


KERNELS = [
    "quantized_bits(4,0,alpha=1)",
    "quantized_bits(4,1)",
    "quantized_bits(5,0,alpha='auto')",
    "quantized_bits(3,0,keep_negative=False,alpha=1)",
    "quantized_bits(1,0,alpha=1)",
    "quantized_bits(6,0,alpha=0.3)",
    "quantized_linear(4,1)",
    "quantized_linear(4,alpha='auto')",
    "quantized_linear(1,0,alpha=1)",
    "binary()",
    "binary(use_01=True,alpha=0.5)",
    "ternary()",
    "ternary(alpha='auto')",
    "ternary(alpha=1,threshold=0.2)",
    "stochastic_ternary()",
    "stochastic_binary()",
    "quantized_po2(4)",
    "quantized_relu_po2(4)",
    "quantized_tanh(4)",
    "quantized_relu(4,1)",
]


@pytest.mark.parametrize("text", KERNELS)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1e-3, 0.1, 1.0, 30.0]))
@settings(max_examples=15, deadline=None)
def test_type_of_quantised_weights_holds_them_exactly(text, seed, scale) -> None:
    values = np.random.default_rng(seed).normal(0, scale, (6, 5))
    values[:, 2] = 0.0
    weight = quantize_weight(parse_quantizer(text, "here", is_kernel=True), values, "here")
    assert weight.type is not None
    np.testing.assert_array_equal(to_real(quantize(weight.values, weight.type), weight.type), weight.values)
    assert np.isfinite(weight.real).all()


def test_power_of_two_scales_widen_the_type_by_their_spread() -> None:
    values = np.array([[0.9, 0.11], [-0.5, 0.05]])
    weight = quantize_weight(parse_quantizer("quantized_bits(3,0)", "here", is_kernel=True), values, "here")
    assert weight.scale is None
    np.testing.assert_array_equal(weight.values, [[0.75, 0.09375], [-0.5, 0.0625]])
    assert str(weight.type) == "fixed<6,1>"


@given(st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=8), st.integers(-12, 12))
def test_covering_type_is_exact_and_narrowest(integers, exponent) -> None:
    values = np.ldexp(np.array(integers, dtype=np.float64), exponent)
    type_ = covering_type(values)
    np.testing.assert_array_equal(to_real(quantize(values, type_), type_), values)
    if type_.width > 1 and values.any():
        for narrower in (Fixed(type_.width - 1, type_.integer - 1), Fixed(type_.width - 1, type_.integer)):
            assert (to_real(quantize(values, narrower), narrower) != values).any()


def test_values_too_far_apart_for_any_type_have_no_covering_type():
    values = np.array([2.0**900, 2.0**-900])
    assert covering_type(values) is None
    with pytest.raises(ConfigError, match="needs a width of 1 to 1024 bits"):
        least_type(values)
