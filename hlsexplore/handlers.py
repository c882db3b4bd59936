"""Tables of functions by op, in which mypy checks that each function takes the op that it stands for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from hlsexplore.errors import HlsExploreError
from hlsexplore.ops import Op

Context = TypeVar("Context")
Result = TypeVar("Result")
AnyOp = TypeVar("AnyOp", bound=Op)


@dataclass(frozen=True, kw_only=True)  # no slots: `Handlers[A, B](...)` fails with them in Python 3.11
class Handlers(Generic[Context, Result]):
    """Functions `(context, op) -> result`, one for each op that a package has an answer for.

    `on` ties an op to a function of that very op: the function needs no test of what it got, and a row with the
    function of another op is a type error. An op without a row is refused, there is no default.

    Attributes:
        refuse: Makes the error for an op that has no row.
        table: The functions by op; `on` fills it.

    Examples:
        >>> from hlsexplore.ops import Activation, Dot, Function
        >>> def name(context: int, op: Activation) -> str:
        ...     return f"{context} {op.function}"
        >>> names = Handlers[int, str](refuse=lambda context, op: HlsExploreError(f"{context} has no name"))
        >>> names = names.on(Activation, name)
        >>> names(2, Activation(function=Function.TANH)), Dot in names
        ('2 tanh', False)
    """

    refuse: Callable[[Context, Op], HlsExploreError]
    table: Mapping[type, Callable[[Context, Any], Result]] = field(default_factory=lambda: MappingProxyType({}))

    def on(self, op: type[AnyOp], handler: Callable[[Context, AnyOp], Result]) -> "Handlers[Context, Result]":
        """Return the table with a row more.

        Args:
            op: The op.
            handler: Takes the context and an op of this type; it may take others too.

        Raises:
            HlsExploreError: If the op has a row.
        """
        if op in self.table:
            raise HlsExploreError(f"the op {op.__name__} has a row in this table already.")
        return replace(self, table=MappingProxyType({**self.table, op: handler}))

    def __contains__(self, op: object) -> bool:
        """Say whether an op, given by its type, has a row."""
        return op in self.table

    def __call__(self, context: Context, op: Op) -> Result:
        """Return what the op's function makes of it.

        Raises:
            HlsExploreError: If the op has no row: what `refuse` makes.
        """
        handler = self.table.get(type(op))
        if handler is None:
            raise self.refuse(context, op)
        return handler(context, op)
