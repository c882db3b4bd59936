"""Options of layers that remember whether they were read, so that none is left out unnoticed."""

from typing import Any

from hlsexplore.errors import quoted

_HARMLESS = frozenset(
    {
        *("name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_dtype", "ragged", "sparse"),
        *(
            "seed",
            "momentum",
            "renorm_momentum",
            "fused",
            "synchronized",
            "ema_freeze_delay",
            "virtual_batch_size",
            "folding_mode",
        ),
        *("dropout", "recurrent_dropout", "unroll", "implementation", "unit_forget_bias", "zero_output_for_mask"),
        *("lora_rank", "lora_alpha", "activity_regularizer"),
    }
)
"""Options that change nothing at inference, or are read where they matter."""
_HARMLESS_ENDS = ("_initializer", "_regularizer", "_constraint", "_range")
"""Ends of such options; QKeras' ranges are out of use."""


class Options(dict[str, Any]):
    """Options of a layer. Mutable only in that it notes which of them were asked for.

    Attributes:
        asked: Names that were asked for.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        """Copy options of which none was read yet."""
        super().__init__(options)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """Return an option, or a default."""
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        """Return an option."""
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        """Whether an option is given."""
        self.asked.add(str(key))
        return super().__contains__(key)

    def changed(self, **changes: Any) -> "Options":
        """Return the options with some replaced; what is asked of either is asked of both."""
        options = Options({**{key: super(Options, self).__getitem__(key) for key in self}, **changes})
        options.asked = self.asked
        return options

    def unread(self) -> list[str]:
        """List what was given but not asked for, such as options of later versions, as text for messages."""
        return [
            f"{quoted(key)[1:-1]}={quoted(value)}"
            for key, value in self.items()
            if value and key not in self.asked | _HARMLESS and not key.endswith(_HARMLESS_ENDS)
        ]
