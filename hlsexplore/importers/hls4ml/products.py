"""Matrix products of hls4ml's C++: kernels as they are stored, their types and knobs."""

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.importers.flat.track import is_power
from hlsexplore.importers.hls4ml.build import CallStep


def matrix(step: CallStep, argument: int, n_in: int, n_out: int, prefix: str = "") -> RealArray:
    """Return a kernel of shape (n_in, n_out); the resource strategies store it the other way round."""
    kind = step.word(f"{prefix}using product")
    if kind == "both_binary":
        raise ModelError(f"its products are of the kind {kind!r}, which is not read. Give the trained model instead.")
    flat = _unpadded(step, argument, n_in * n_out, prefix)
    if kind == "weight_binary":
        flat = 2 * flat - 1  # stored as bits: 0 stands for -1
    if strategy_of(step, prefix) == "latency":
        return flat.reshape(n_in, n_out)
    return np.ascontiguousarray(flat.reshape(n_out, n_in).T)


def _unpadded(step: CallStep, argument: int, size: int, prefix: str) -> RealArray:
    """Return a kernel without what Altera's back ends add to it, so that its rows are powers of two."""
    rows, columns = step.number(f"{prefix}bf_pad", 0), step.number(f"{prefix}rf_pad", 0)
    if not rows and not columns:
        return step.array(argument, size, "the kernel")
    reuse = step.number(f"{prefix}reuse_factor")
    blocks = size // reuse
    stored = step.array(argument, (blocks + rows) * (reuse + columns), "the kernel")
    return stored.reshape(blocks + rows, reuse + columns)[:blocks, :reuse].ravel()


def strategy_of(step: CallStep, prefix: str = "") -> str:
    """Return the strategy of a product in our words: hls4ml's unrolled ones multiply by constants."""
    word = step.word(f"{prefix}strategy") or "latency"
    if word == "compressed":
        raise ModelError("its weights are stored compressed, which is not read. Give the trained model instead.")
    return "resource" if word.startswith("resource") else word


def product_knobs(step: CallStep, prefix: str = "") -> dict[str, str | int]:
    """Return reuse and strategy of a product."""
    strategy = strategy_of(step, prefix)
    reuse = step.number(f"{prefix}reuse_factor", 1)
    return {"reuse": reuse, "strategy": "resource" if strategy == "resource" else "latency"}


def product_types(step: CallStep) -> dict[str, Fixed]:
    """Return the types of a product's weights, biases, sums and results."""
    types = step.types(weight="weight_t", bias="bias_t", accum="accum_t")
    if step.word("using product") == "weight_binary" and "weight" in types:
        types["weight"] = Fixed(2, 2)
    return {**types, **exponent_type(step, 2, "weight_t"), **step.result}


def exponent_type(step: CallStep, argument: int, key: str) -> dict[str, Fixed]:
    """Return the type that holds all powers of two of an array; {} where its products are of another kind.

    hls4ml shifts the input in a type of 2 (Wx + We) bits, half of them behind the point (`weight_exponential`).

    Raises:
        ModelError: If that type would lose bits of the input, which our exact product keeps.
    """
    if step.word("using product") != "weight_exponential":
        return {}
    values = step.build.network.arrays(step.call.arguments[argument])
    if values is None or not is_power(np.abs(values)):
        raise ModelError("its weights are no powers of two, by which its C++ shifts. Write the project again.")
    exponents = np.log2(np.abs(values))
    low, high = int(exponents.min()), int(exponents.max())
    data, width = step.type(step.call.input_type), step.build.network.exponents.get(step.call.config.get(key, ""))
    if data is not None and width is not None:
        room = data.width + width
        if data.fraction - low > room or data.integer + high > room:
            raise ModelError(
                "its shifts leave the range of hls4ml's product, which is not read. Give the trained model."
            )
    return {"weight": Fixed(high + 2 - min(low, 0), high + 2)}
