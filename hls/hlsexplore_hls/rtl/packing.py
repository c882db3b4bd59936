"""Raw integers as the words of a bus, and back."""

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import Fixed, RawArray

WORD_BITS = 32


def words_of(bits: int) -> int:
    """Number of 32-bit words that hold a bus.

    Examples:
        >>> words_of(33)
        2
    """
    return -(-bits // WORD_BITS)


def pack(raw: RawArray, width: int) -> NDArray[np.uint32]:
    """Pack elements into buses, element i at bits [i * width, (i + 1) * width).

    Args:
        raw: Raw integers, shape (samples, elements).
        width: Bits of an element, at most 64.

    Returns:
        Words, lowest first, shape (samples, words).

    Examples:
        >>> pack(np.array([[1, -1]]), 4)
        array([[241]], dtype=uint32)
    """
    samples, elements = raw.shape
    places = np.arange(width, dtype=np.int64)
    bits = ((raw[:, :, None] >> places) & 1).astype(np.uint8).reshape(samples, elements * width)
    padded = np.zeros((samples, words_of(elements * width) * WORD_BITS), dtype=np.uint8)
    padded[:, : elements * width] = bits
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").astype(np.uint32)


def unpack(words: NDArray[np.uint32], elements: int, type_: Fixed) -> RawArray:
    """Split buses into the raw integers of a type.

    Args:
        words: Words, lowest first, shape (samples, words).
        elements: Elements on the bus.
        type_: Type of each element.

    Returns:
        Raw integers, shape (samples, elements).

    Examples:
        >>> unpack(np.array([[241]], dtype=np.uint32), 2, Fixed(4, 4))
        array([[ 1, -1]])
    """
    width = type_.width
    data = np.ascontiguousarray(words.astype("<u4")).view(np.uint8)
    bits = np.unpackbits(data, axis=1, bitorder="little")[:, : elements * width]
    bits = bits.reshape(len(words), elements, width).astype(np.int64)
    places = np.left_shift(np.int64(1), np.arange(width, dtype=np.int64))
    if type_.signed:
        places[-1] = -places[-1]
    values: RawArray = (bits * places).sum(axis=2)
    return values
