"""Raw integers on buses."""

import numpy as np
import pytest

from hlsexplore.fixed import Fixed
from hlsexplore_hls.rtl.packing import pack, unpack


@pytest.mark.parametrize("width", [1, 2, 7, 8, 31, 32, 33, 63])
@pytest.mark.parametrize("signed", [True, False])
def test_unpack_restores_what_pack_wrote(width: int, signed: bool) -> None:
    if width == 63 and not signed:
        width = 62
    type_ = Fixed(width, width, signed)
    rng = np.random.default_rng(width)
    raw = rng.integers(type_.min_raw, type_.max_raw, size=(5, 3), endpoint=True)
    np.testing.assert_array_equal(unpack(pack(raw, width), 3, type_), raw)
