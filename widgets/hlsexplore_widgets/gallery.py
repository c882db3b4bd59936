"""The plots and tables of the page for Python: `explorer.figures["pareto"]`, `explorer.tables["layers"]`."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Generic, Literal, TypeVar

from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore_widgets.assets import style

Theme = Literal["light", "dark"]
T = TypeVar("T")
_RULE = re.compile(r"\{([^}]*--hx-bg:[^}]*)\}")
_COLOUR = re.compile(r"(--hx-[a-z0-9-]+):\s*([^;]+);")


class Gallery(Mapping[str, T], Generic[T]):
    """What the page shows, by name, made when it is asked for: always of the present design and study."""

    def __init__(self, what: str, makers: Mapping[str, Callable[[], T]]) -> None:
        """Keep how things are made.

        Args:
            what: What they are, for messages.
            makers: Name -> function that makes it.
        """
        self._what = what
        self._makers = dict(makers)

    def __getitem__(self, name: str) -> T:
        """Make one.

        Raises:
            ConfigError: If there is none of that name.
        """
        if name not in self._makers:
            raise ConfigError(unknown_name(self._what, name, self._makers, "The explorer"))
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._makers)

    def __repr__(self) -> str:
        """Name everything that is there."""
        return f"{self._what}s: {', '.join(self._makers)}"


def coloured(figure: Any, theme: Theme = "light") -> Any:
    """Return a figure of the page with plain colours in place of the page's variables, and a background.

    Args:
        figure: A plotly figure.
        theme: Whose colours.
    """
    import plotly.graph_objects as go

    colours = _colours()[theme]
    data = _replaced(figure.to_plotly_json(), colours)
    layout = {
        "paper_bgcolor": colours["--hx-panel"],
        "plot_bgcolor": colours["--hx-panel"],
        "font": {"color": colours["--hx-fg"], "size": 12},
        **data["layout"],
    }
    layout.pop("template", None)
    for name in {"xaxis", "yaxis", *(key for key in layout if re.fullmatch(r"[xy]axis\d*", key))}:
        grid = {"gridcolor": colours["--hx-grid"], "zerolinecolor": colours["--hx-grid"], "automargin": True}
        layout[name] = {**grid, **layout.get(name, {})}
    return go.Figure(data=data["data"], layout=layout)


@cache
def _colours() -> dict[str, dict[str, str]]:
    """Read the colours of both themes from the style sheet."""
    light, dark = (dict(_COLOUR.findall(rule)) for rule in _RULE.findall(style()))
    return {"light": light, "dark": {**light, **dark}}


def _replaced(value: Any, colours: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return colours.get(value[4:-1], "#888888") if value.startswith("var(--") else value
    if isinstance(value, Mapping):
        return {key: _replaced(item, colours) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, colours) for item in value]
    return value
