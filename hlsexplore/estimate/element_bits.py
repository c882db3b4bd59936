"""Tensors whose elements have types of their own, as HGQ trains them: what each bit that an element lacks saves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hlsexplore.errors import ConfigError
from hlsexplore.estimate.record import DesignRecord, LayerRecord


def with_element_bits(layer: LayerRecord, bits: Sequence[int], ports: Sequence[int] | None = None) -> LayerRecord:
    """Return a layer whose input elements have so many bits each.

    Products, shift-adds and sums are as wide as the bits of their input, an element of no bits is a constant that costs
    nothing, and multipliers take the DSP blocks of their own operands. An activation compares and chooses the bits of
    each element.

    Args:
        layer: The layer; its `input` type is the hull of the elements' types.
        bits: Bits of each element, sign included: of the inputs of the matrix at one position, or of the elements of an
            activation.
        ports: Bits of each that a multiplier takes: with the zeros below them, down to the finest element's bits, which
            the tools keep (83 DSP blocks of four products of one developer, 84 so and 43 by the bits alone). None:
            the bits.

    Raises:
        ConfigError: If the number of elements is another one.

    Examples:
        >>> layer = with_element_bits(LayerRecord(name="d", op=Kind.DENSE, n_in=3, n_out=2), [4, 0, 7])
        >>> layer.input_bits
        (4, 0, 7)
    """
    if len(bits) != layer.n_in or min(bits, default=0) < 0:
        raise ConfigError(f"layer {layer.name!r} reads {layer.n_in} elements, not bits for {len(bits)}.")
    wide = None if ports is None or len(ports) != len(bits) else tuple(int(item) for item in ports)
    return replace(layer, input_bits=tuple(int(item) for item in bits), input_ports=wide)


def with_design_bits(
    design: DesignRecord, bits: Mapping[str, Sequence[int]], ports: Mapping[str, Sequence[int]]
) -> DesignRecord:
    """Return a design whose layers named in `bits` read elements of so many bits each (`with_element_bits`)."""
    layers = tuple(
        with_element_bits(layer, bits[layer.name], ports.get(layer.name)) if layer.name in bits else layer
        for layer in design.layers
    )
    return replace(design, layers=layers)
