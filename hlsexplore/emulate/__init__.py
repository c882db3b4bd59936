"""The emulator: the exact fixed-point results of a design, in numpy (docs/ir.md).

The package shares its name with its main function: `hlsexplore.emulate(design, x)` works whichever was loaded first.
"""

from hlsexplore.emulate.blame import Blame, BlameList, blame
from hlsexplore.emulate.emulator import Emulator, Estimate
from hlsexplore.emulate.profile import ProfileBox, profile
from hlsexplore.emulate.propose import propose_types
from hlsexplore.emulate.run import emulate, emulate_raw
from hlsexplore.emulate.trace import InnerTrace, TensorTrace, Trace, trace
from hlsexplore.reference.forward import float_forward
from hlsexplore.support.callable_package import make_callable

__all__ = [
    "Blame",
    "BlameList",
    "Emulator",
    "Estimate",
    "InnerTrace",
    "ProfileBox",
    "TensorTrace",
    "Trace",
    "blame",
    "emulate",
    "emulate_raw",
    "float_forward",
    "profile",
    "propose_types",
    "trace",
]

make_callable(__name__, emulate)
