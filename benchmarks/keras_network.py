"""The benchmark's networks as Keras models with the same weights."""

import keras
import numpy as np

from hlsexplore.graph import Graph
from hlsexplore.ops import Activation, Conv, Dense, Pool, Recurrent, Reshape, Softmax


def build(graph: Graph) -> keras.Model:
    """Return a sequential model with the graph's weights."""
    model = keras.Sequential([keras.Input(graph.input_shape)])
    for node in graph.layers:
        op = node.op
        match op:
            case Dense():
                layer, weights = keras.layers.Dense(node.shape[-1]), [op.kernel, op.bias]
            case Conv():
                layer, weights = keras.layers.Conv2D(node.shape[-1], op.kernel.shape[:2]), [op.kernel, op.bias]
            case Pool():
                layer, weights = keras.layers.MaxPooling2D(op.size), []
            case Activation():
                layer, weights = keras.layers.Activation(str(op.function)), []
            case Reshape():
                layer, weights = keras.layers.Reshape(node.shape), []
            case Softmax():
                layer, weights = keras.layers.Softmax(), []
            case Recurrent():
                layer = keras.layers.GRU(node.shape[-1], reset_after=True)
                weights = [op.kernel, op.recurrent_kernel, np.stack([op.bias, op.recurrent_bias])]
            case _:
                raise TypeError(f"no Keras layer for {node.kind!r}")
        model.add(layer)
        if weights:
            layer.set_weights(weights)
    return model
