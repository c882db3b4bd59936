"""The emulator: the exact fixed-point results of a design, in numpy (docs/ir.md).

The package shares its name with its main function: `hlsexplore.emulate(design, x)` works whichever was loaded first.
"""

import sys
from types import ModuleType
from typing import Any

from hlsexplore.emulate.reference import float_forward
from hlsexplore.emulate.run import emulate, emulate_raw

__all__ = ["emulate", "emulate_raw", "float_forward"]


class _CallableModule(ModuleType):
    """Module that runs `emulate` when it is called."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `emulate`."""
        return emulate(*args, **kwargs)


sys.modules[__name__].__class__ = _CallableModule
