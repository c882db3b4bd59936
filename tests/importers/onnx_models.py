"""ONNX models made by hand."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import hlsexplore as hx
from hlsexplore.errors import UnsupportedError

RANDOM = np.random.default_rng(5)


def floats(*shape) -> np.ndarray:
    """Draw float32 numbers."""
    return RANDOM.normal(size=shape).astype(np.float32)


def model(nodes, inputs, weights, outputs=("y",), opset: int = 17, domains=()):
    """Make a model of nodes, inputs by name with their shapes, and weights by name."""
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    stored = [numpy_helper.from_array(np.asarray(values), name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "net", infos, results, stored)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def node(kind, inputs, output: str = "y", domain: str = "", **options):
    """Make a node; names of inputs and outputs are separated by blanks."""
    return helper.make_node(kind, inputs.split(" "), output.split(" "), domain=domain, **options)


def problems(proto):
    """Read a model that is not supported, and return why."""
    with pytest.raises(UnsupportedError) as caught:
        hx.read_model(proto)
    return caught.value.problems
