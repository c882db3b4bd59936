"""The emulator both ways: with its compiled passes wherever one fits, and in numpy alone."""

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import carrier, direct, inner, product
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.reference.samples import Inputs


def emulate_both(design: Design, x: Inputs) -> tuple[np.ndarray, ...]:
    """Return the raw integers of every output, the same from numpy alone and from the compiled passes.

    Small arrays do not repay the compiled passes, so that they would otherwise go untested here.

    Args:
        design: The design.
        x: Its inputs, as for `emulate`.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module in (carrier, direct, inner, product):
            patch.setattr(module, "has_numba", lambda: False)
        plain = raw_outputs(design, x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carrier, "KERNEL_ELEMENTS", 0)
        compiled = raw_outputs(design, x)
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_array_equal(one, other)
    return compiled
