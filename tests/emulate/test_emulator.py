"""The caching emulator: same numbers, less work, bounded memory."""

from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fixed_types, graphs

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.emulate import Emulator
from hlsexplore.emulate import plan as plan_module
from hlsexplore.errors import CancelledError, ConfigError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Conv, Dense, Input, Pool, Reshape, tensor_keys


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(0, 2, (3000, 16)), rng.integers(0, 5, 3000)


def test_changed_layers_give_the_same_numbers_as_a_fresh_run(
    small_graph: Graph, data: tuple[np.ndarray, np.ndarray]
) -> None:
    emulator = Emulator(small_graph, data[0])
    design = Design.default(small_graph)
    for change in ({}, {"weight": "fixed<6,1>"}, {"accum": "fixed<12,5>"}, {"result": "fixed<9,4,RND,SAT>"}, {}):
        for layer in ("dense_2", "dense_1"):
            changed = design.with_layer(layer, **change)
            np.testing.assert_array_equal(emulator.run(changed), hx.emulate(changed, data[0]))


@settings(deadline=None, max_examples=150)
@given(graph=graphs(), draws=st.data())
def test_any_outputs_of_any_sequence_of_designs_equal_those_of_fresh_runs(graph, draws) -> None:
    rng = np.random.default_rng(draws.draw(st.integers(0, 99)))
    x = {node.name: rng.normal(0, 2, (20, *node.shape)) for node in graph.inputs}
    emulator = Emulator(graph, x, memory_mb=draws.draw(st.sampled_from([512.0, 0.001])))
    base, types = Design.default(graph), fixed_types(st.integers(2, 12), st.integers(0, 6))
    seen = [base]
    for _ in range(6):
        node = draws.draw(st.sampled_from(graph.nodes))
        key = draws.draw(st.sampled_from(tensor_keys(node.op)))
        design = draws.draw(st.sampled_from(seen)).with_layer(node.name, **{key: draws.draw(types)})
        seen.append(design)
        expected = hx.emulate.emulate_raw(design, x)
        np.testing.assert_equal(emulator.run_raw(design), expected)
        np.testing.assert_equal(emulator.run(design), hx.emulate(design, x))


def test_one_output_is_known_and_another_one_changes() -> None:
    rng = np.random.default_rng(0)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(3,)),
        Node(name="h", op=Dense(kernel=rng.normal(size=(3, 4))), inputs=("x",), shape=(4,)),
        Node(name="a", op=Dense(kernel=rng.normal(size=(3, 2))), inputs=("x",), shape=(2,)),
        Node(name="b", op=Dense(kernel=rng.normal(size=(4, 1))), inputs=("h",), shape=(1,)),
    )
    graph, x = Graph(name="two", nodes=nodes, outputs=("a", "b", "x")), rng.normal(size=(50, 3))
    emulator, design = Emulator(graph, x), Design.default(graph)
    for changed in (design, *(design.with_layer("b", weight=f"fixed<{bits},2>") for bits in (3, 4, 5))):
        for ours, fresh in zip(emulator.run(changed), hx.emulate(changed, x), strict=True):
            np.testing.assert_array_equal(ours, fresh)


def test_only_what_differs_is_computed(
    small_graph: Graph, data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    run = plan_module.Plan.run

    def spy(self, blocks, probe=None, is_fused: bool = False, outputs=None):
        for name, value in run(self, blocks, probe, is_fused, outputs):
            computed.append(name)
            yield name, value

    monkeypatch.setattr(plan_module.Plan, "run", spy)
    emulator, design = Emulator(small_graph, data[0]), Design.default(small_graph)
    emulator.run(design)
    assert set(computed) == {"dense_1", "relu", "dense_2", "softmax"}
    computed.clear()
    emulator.run(design.with_layer("dense_2", weight="fixed<7,1>"))
    assert set(computed) == {"dense_2", "softmax"}
    computed.clear()
    emulator.run(design.with_layer("dense_1", strategy="resource", reuse=2))
    assert computed == []


def test_first_design_keeps_results_in_the_narrowest_integers(
    small_graph: Graph, data: tuple[np.ndarray, np.ndarray]
) -> None:
    emulator, design = Emulator(small_graph, data[0]), Design.default(small_graph, data=data[0])
    emulator.run(design.with_layer("softmax", result="fixed<8,1>"))
    sizes = {"x": 2 * 16, "relu": 2 * 32, "dense_2": 2 * 5, "softmax": 5}  # dense_1 computes the ReLU behind it
    assert emulator.kept_mb == 3000 * sum(sizes.values()) / 1e6


def test_a_slider_keeps_only_outputs_and_the_place_where_its_next_step_starts(
    small_graph: Graph, data: tuple[np.ndarray, np.ndarray]
) -> None:
    emulator, design = Emulator(small_graph, data[0]), Design.default(small_graph)
    emulator.run(design)
    full = emulator.kept_mb
    output = emulator._kept[plan_module.plan_design(design).keys["softmax"]].values.nbytes / 1e6
    for bits in range(4, 10):
        before = emulator.kept_mb
        design = design.with_layer("dense_1", weight=f"fixed<{bits},1>")
        emulator.run(design)
        assert emulator.kept_mb == pytest.approx(before + output, abs=1e-9)
    before = emulator.kept_mb
    emulator.run(design.with_layer("dense_2", weight="fixed<5,1>"))  # another layer: its input is kept from now on
    relu = emulator._kept[plan_module.plan_design(design).keys["relu"]].values.nbytes / 1e6
    assert emulator.kept_mb == pytest.approx(before + output + relu, abs=1e-9)
    assert emulator.kept_mb < full + 7 * output + 2 * relu


@pytest.mark.parametrize(
    "type_", ["ufixed<8,4>", "fixed<9,3>", "ufixed<16,6>", "fixed<30,6>", "fixed<50,12>", "fixed<70,8>"]
)
def test_kept_results_of_every_width_give_the_same_numbers(
    small_graph: Graph, data: tuple[np.ndarray, np.ndarray], type_: str
) -> None:
    x = data[0][:100]
    emulator = Emulator(small_graph, x)
    design = Design.default(small_graph).with_input(type_).with_layer("dense_1", result=type_)
    design = design.with_layer("relu", result=type_)
    for result in ("fixed<16,6>", "fixed<12,6>", "fixed<12,6>"):
        changed = design.with_layer("dense_2", result=result)
        np.testing.assert_array_equal(emulator.run_raw(changed), hx.emulate.emulate_raw(changed, x))


def test_results_of_convolutions_are_kept_and_read_again() -> None:
    rng = np.random.default_rng(3)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6, 6, 1)),
        Node(name="conv", op=Conv(kernel=rng.normal(0, 1, (3, 3, 1, 4))), inputs=("x",), shape=(4, 4, 4)),
        Node(name="pool", op=Pool(average=False, size=(2, 2), stride=(2, 2)), inputs=("conv",), shape=(2, 2, 4)),
        Node(name="flat", op=Reshape(), inputs=("pool",), shape=(16,)),
        Node(name="dense", op=Dense(kernel=rng.normal(0, 1, (16, 3))), inputs=("flat",), shape=(3,)),
    )
    graph = Graph(name="cnn", nodes=nodes, outputs=("dense",))
    x = rng.normal(0, 1, (2500, 6, 6, 1))
    emulator, design = Emulator(graph, x), Design.default(graph)
    for layer, key, type_ in (
        ("dense", "weight", "fixed<9,3>"),
        ("pool", "result", "fixed<9,4>"),
        ("conv", "result", "fixed<8,4>"),
    ):
        np.testing.assert_array_equal(emulator.run(design), hx.emulate(design, x))
        for _ in range(2):
            design = design.with_layer(layer, **{key: type_})
            np.testing.assert_array_equal(emulator.run(design), hx.emulate(design, x))


def test_memory_budget_holds(small_graph: Graph, data: tuple[np.ndarray, np.ndarray]) -> None:
    emulator = Emulator(small_graph, data[0], memory_mb=0.2)
    design = Design.default(small_graph)
    for bits in range(4, 12):
        changed = design.with_layer("dense_1", weight=f"fixed<{bits},1>")
        np.testing.assert_array_equal(emulator.run(changed), hx.emulate(changed, data[0]))
        assert emulator.kept_mb <= 0.2


def test_threads_share_one_emulator(small_graph: Graph, data: tuple[np.ndarray, np.ndarray]) -> None:
    emulator, design = Emulator(small_graph, data[0]), Design.default(small_graph)
    designs = [design.with_layer("dense_2", weight=f"fixed<{bits},1>") for bits in range(4, 12)]
    results: dict[int, np.ndarray] = {}
    threads = [Thread(target=lambda i=i: results.update({i: emulator.run(designs[i])})) for i in range(len(designs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, changed in enumerate(designs):
        np.testing.assert_array_equal(results[i], hx.emulate(changed, data[0]))


def test_anytime_estimates_first_and_ends_exact(small_graph: Graph, data: tuple[np.ndarray, np.ndarray]) -> None:
    x, labels = data
    emulator, design = Emulator(small_graph, x), Design.default(small_graph)
    first, last = emulator.anytime(design, labels)
    assert (first.num_samples, first.is_complete) == (500, False)
    assert (last.num_samples, last.is_complete) == (3000, True)
    assert first.low <= first.value <= first.high
    assert last.value == float((hx.emulate(design, x).argmax(axis=1) == labels).mean())
    assert first.low <= last.value <= first.high


def test_emulator_refuses_a_design_of_another_network(small_graph: Graph, data: tuple[np.ndarray, np.ndarray]) -> None:
    other = Graph(name="other", nodes=small_graph.nodes[:2], outputs=("dense_1",))
    with pytest.raises(ConfigError, match="another network"):
        Emulator(small_graph, data[0]).run(Design.default(other))


def test_emulator_stops_when_cancelled(small_graph: Graph, data: tuple[np.ndarray, np.ndarray]) -> None:
    cancel = Event()
    cancel.set()
    with pytest.raises(CancelledError):
        Emulator(small_graph, data[0]).run(Design.default(small_graph), cancel=cancel)
