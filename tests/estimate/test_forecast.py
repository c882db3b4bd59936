"""What a synthesis will take, and estimates after logic synthesis."""

import numpy as np

import hlsexplore as hx
from hlsexplore.estimate import forecast
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input


def dense(n_in: int, n_out: int, tool: str, **knobs: object) -> hx.Design:
    kernel = np.random.default_rng(0).normal(0, 0.1, (n_in, n_out))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(n_in,)),
        Node(name="fc", op=Dense(kernel=kernel, bias=np.zeros(n_out)), inputs=("x",), shape=(n_out,)),
    )
    found = hx.Design.default(Graph(name="net", nodes=nodes, outputs=("fc",)), target=hx.Target(tool=tool))
    return found.with_layer("fc", **knobs) if knobs else found


def test_a_small_layer_has_no_warning() -> None:
    found = forecast(dense(16, 32, "vitis_hls"))
    assert found.unrolled == 512
    assert found.warnings == ()
    assert found.cpu_s is None


def test_a_layer_beyond_the_unroll_limit_is_warned_of() -> None:
    (warning,) = forecast(dense(128, 64, "vitis_hls")).warnings
    assert warning.startswith("layer 'fc': 8,192 unrolled multiplications exceed the tool's limit of 4,096")


def test_a_layer_larger_than_any_report_is_warned_of() -> None:
    (warning,) = forecast(dense(64, 52, "vivado_hls")).warnings
    assert "3,328 unrolled multiplications are more than any collected report has" in warning


def test_reuse_helps_with_the_resource_strategy_only() -> None:
    assert forecast(dense(128, 64, "vitis_hls", reuse=64, strategy="resource")).warnings == ()
    assert forecast(dense(128, 64, "vitis_hls", reuse=64)).warnings != ()


def test_large_tensors_in_registers_are_warned_of() -> None:
    warnings = forecast(dense(5000, 2, "vitis_hls", reuse=5000, strategy="resource")).warnings
    assert any("5,000 elements in separate registers" in item for item in warnings)


def test_yosys_time_and_memory_grow_with_the_layer() -> None:
    small, large = forecast(dense(8, 8, "yosys")), forecast(dense(64, 32, "yosys"))
    assert small.cpu_s is not None
    assert large.cpu_s is not None
    assert small.cpu_s < large.cpu_s < 600
    assert small.memory_mb is not None
    assert large.memory_mb is not None
    assert small.memory_mb < large.memory_mb


def test_logic_synthesis_leaves_fewer_luts_and_keeps_the_timing() -> None:
    design = dense(16, 32, "vivado_hls")
    hls, logic = hx.estimate(design), hx.estimate(design, level="logic")
    assert logic.tool == "vivado"
    assert logic.total.lut < hls.total.lut
    assert logic.total.latency_cycles_max == hls.total.latency_cycles_max
    for bounds in logic.bounds:
        assert bounds.lower.lut <= logic.total.lut <= bounds.upper.lut
