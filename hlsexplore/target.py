"""What a design is built for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real

from hlsexplore.errors import ConfigError, quoted


class Io(StrEnum):
    """How tensors travel between layers."""

    PARALLEL = "parallel"
    STREAM = "stream"


class Tool(StrEnum):
    """Whose figures estimates imitate."""

    VITIS_HLS = "vitis_hls"
    VIVADO_HLS = "vivado_hls"
    YOSYS = "yosys"


MAX_CLOCK_NS = 1e6
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{1,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Part, clock, interface and tool.

    Attributes:
        part: Device with package and speed grade, such as `xcvu13p-flga2577-2-e`.
        clock_ns: Clock period.
        io: `parallel` (whole tensors at once) or `stream` (a pixel at a time).
        tool: The tool whose report the estimate predicts.
    """

    part: str = "xcvu13p-flga2577-2-e"
    clock_ns: float = 5.0
    io: Io = Io.PARALLEL
    tool: Tool = Tool.VITIS_HLS

    def __post_init__(self) -> None:
        """Check the values and normalise plain strings.

        Raises:
            ConfigError: If a value is not allowed.
        """
        if not isinstance(self.part, str) or not _PART.fullmatch(self.part):
            raise ConfigError(f"part {quoted(self.part)} is no device name. Write one like 'xcvu13p-flga2577-2-e'.")
        clock = self.clock_ns
        if isinstance(clock, bool) or not isinstance(clock, Real) or not 0 < clock <= MAX_CLOCK_NS:
            raise ConfigError(f"clock_ns must be a period in ns above 0, not {quoted(clock)}.")
        object.__setattr__(self, "clock_ns", float(clock))
        for name, kind in (("io", Io), ("tool", Tool)):
            try:
                object.__setattr__(self, name, kind(getattr(self, name)))
            except ValueError:
                valid = ", ".join(repr(item.value) for item in kind)
                raise ConfigError(f"unknown {name} {quoted(getattr(self, name))}. Valid values: {valid}.") from None


def is_same_part(first: str, second: str) -> bool:
    """Compare names of devices; HLS tools also write a dash before the package.

    Examples:
        >>> is_same_part("xc7z020-clg400-1", "xc7z020clg400-1")
        True
    """
    return first.replace("-", "").lower() == second.replace("-", "").lower()
