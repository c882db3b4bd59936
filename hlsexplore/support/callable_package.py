"""Packages that share their name with their main function, such as `hlsexplore.emulate`."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar


def make_callable(package: str, function: Callable[..., Any]) -> None:
    """Let a call of the imported package run its main function.

    `hlsexplore.emulate(design, x)` then works whether the package or the function's name was imported first.

    Args:
        package: Name of the package in `sys.modules`; the package says `__name__`.
        function: What a call of the package runs.
    """

    class CallablePackage(ModuleType):
        """Module that runs its main function when it is called."""

        main: ClassVar[Callable[..., Any]] = staticmethod(function)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """Run the package's main function."""
            return self.main(*args, **kwargs)

    sys.modules[package].__class__ = CallablePackage
