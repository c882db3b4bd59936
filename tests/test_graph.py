import numpy as np
import pytest

from hlsexplore.element_types import ElementTypes
from hlsexplore.errors import ConfigError, ModelError
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node, num_positions
from hlsexplore.ops import (
    Activation,
    Concatenate,
    Conv,
    Dense,
    Dot,
    Function,
    Input,
    Lookup,
    Merge,
    MergeFunction,
    Quantize,
)


def node(name, op, inputs=(), shape=(2,)) -> Node:
    return Node(name=name, op=op, inputs=tuple(inputs), shape=shape)


def dense(value: float = 1.0, n_in: int = 2, n_out: int = 2) -> Dense:
    return Dense(kernel=np.full((n_in, n_out), value))


def test_nan_weights_are_refused_with_their_number() -> None:
    nodes = (node("x", Input()), node("d", dense(np.nan), ["x"]))
    with pytest.raises(ModelError, match="layer 'd': 4 of 4 values in 'kernel' are NaN or infinite"):
        Graph(name="m", nodes=nodes, outputs=("d",))


@pytest.mark.parametrize(
    ("nodes", "outputs", "message"),
    [
        ((node("x", Input()), node("x", dense(), ["x"])), ("x",), "occurs twice"),
        ((node("x", Input()), node("d", dense(), ["y"])), ("d",), "reads 'y', which does not come before it"),
        ((node("x", Input()),), ("y",), "the output 'y' is no layer"),
        ((node("x", Input()),), (), "has no input or no output"),
    ],
)
def test_inconsistent_graphs_are_refused(nodes, outputs, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Graph(name="m", nodes=nodes, outputs=outputs)


def test_digest_depends_on_weights_structure_and_nothing_else() -> None:
    def graph(value: float = 1.0, name: str = "d") -> Graph:
        return Graph(name="m", nodes=(node("x", Input()), node(name, dense(value), ["x"])), outputs=(name,))

    assert graph().digest == graph().digest
    assert len({graph().digest, graph(2.0).digest, graph(name="e").digest}) == 3


def typed(integer, rounding: str = "RND", kind=Quantize) -> Graph:
    types = ElementTypes(signed=[True, False], integer=integer, fraction=[1, 2], rounding=rounding)
    x, q = (Input(types=types), dense()) if kind is Input else (Input(), Quantize(types=types))
    return Graph(name="m", nodes=(node("x", x), node("q", q, ["x"])), outputs=("q",))


def looked_up(entries, entry: str = "fixed<4,2>") -> Graph:
    op = Lookup(source=Fixed(2, 1), entries=np.array(entries), type=Fixed.parse(entry))
    return Graph(name="m", nodes=(node("x", Input()), node("t", op, ["x"])), outputs=("t",))


def test_digest_depends_on_types_of_elements_and_on_tables() -> None:
    graphs = [typed([1, 2]), typed([1, 3]), typed([1, 2], "TRN"), typed([1, 2], kind=Input), typed([1, 3], kind=Input)]
    graphs += [looked_up([0, 1, 2, 3]), looked_up([0, 1, 2, 4]), looked_up([0, 1, 2, 3], "fixed<4,3>")]
    assert len({graph.digest for graph in graphs}) == len(graphs)
    assert typed([1, 2]).digest == typed([1, 2]).digest
    assert looked_up([0, 1, 2, 3]).digest == looked_up([0, 1, 2, 3]).digest


def test_types_of_elements_and_tables_that_do_not_fit_are_refused() -> None:
    types = ElementTypes(signed=[True, True, True], integer=[1, 1, 1], fraction=[1, 1, 1])
    with pytest.raises(ModelError, match=r"layer 'q': types of shape \(3,\) do not fit a tensor of shape \(2,\)"):
        Graph(name="m", nodes=(node("x", Input()), node("q", Quantize(types=types), ["x"])), outputs=("q",))
    with pytest.raises(ModelError, match=r"a table for fixed<2,1> needs 4 integers, but int64 of shape \(3,\) came"):
        looked_up([0, 1, 2])
    with pytest.raises(ModelError, match="needs 4 integers, but float64"):
        looked_up([0, 1, 2, 0.5])


def test_weights_cannot_be_changed_after_the_graph_is_made() -> None:
    graph = Graph(name="m", nodes=(node("x", Input()), node("d", dense(), ["x"])), outputs=("d",))
    with pytest.raises(ValueError, match="read-only"):
        graph["d"].op.kernel[0, 0] = 3


def test_unknown_layer_names_the_nearest(small_graph: Graph) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'softmax'"):
        small_graph["softmx"]


def test_positions_of_a_convolution_are_its_output_pixels() -> None:
    conv = Conv(kernel=np.zeros((3, 3, 1, 4)))
    assert num_positions(node("c", conv, shape=(6, 5, 4))) == 30
    assert num_positions(node("d", dense())) == 1


def test_graph_counts_parameters_and_lists_layers(small_graph: Graph) -> None:
    assert small_graph.num_parameters == 16 * 32 + 32 + 32 * 5 + 5
    assert [item.name for item in small_graph.layers] == ["dense_1", "relu", "dense_2", "softmax"]
    assert (small_graph.input_shape, small_graph.output_shape) == ((16,), (5,))
    assert repr(small_graph) == "<Graph 'small': 4 layers, 709 parameters>"


@pytest.mark.parametrize(
    ("op", "sources", "shape", "sentence"),
    [
        (
            Merge(function=MergeFunction.ADD),
            "ab",
            (3,),
            "'add' joins two or more tensors of one shape, not (3,), (2,).",
        ),
        (Merge(function=MergeFunction.ADD), "a", (3,), "'add' joins two or more tensors of one shape, not (3,)."),
        (Concatenate(axis=0), "a", (3,), "'concatenate' joins two or more tensors, not (3,)."),
        (Dot(), "ab", (1,), "'dot' joins two vectors of one length, not (3,), (2,)."),
        (Activation(function=Function.RELU, max_value=-1.5), "a", (3,), "max_value is -1.5, and must be 0 or above."),
    ],
)
def test_tensors_that_do_not_fit_are_an_error(op, sources: str, shape: tuple[int], sentence: str) -> None:
    nodes = [Node(name=name, op=Input(), inputs=(), shape=own) for name, own in (("a", (3,)), ("b", (2,)))]
    with pytest.raises(ModelError) as error:
        Graph(name="m", nodes=(*nodes, Node(name="y", op=op, inputs=tuple(sources), shape=shape)), outputs=("y",))
    assert str(error.value) == f"layer 'y': {sentence}"


def test_an_output_that_occurs_twice_is_refused() -> None:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(2,)),
        Node(name="d", op=Dense(kernel=np.ones((2, 1))), inputs=("x",), shape=(1,)),
    )
    with pytest.raises(ModelError, match=r"^the output 'd' occurs twice\. Let the model return each result once\.$"):
        Graph(name="g", nodes=nodes, outputs=("d", "d"))
