"""What the kernel says to the browser has the form that the JavaScript's types say."""

import re
import runpy
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import ipywidgets
import pytest

from hlsexplore_widgets import Explorer, protocol, protocol_jobs, protocol_messages
from hlsexplore_widgets.components import Component

ROOT = Path(__file__).parents[2]
STATIC = Path(protocol.__file__).parent / "static"
MODULES = (protocol, protocol_jobs, protocol_messages)
DICTS = {name: item for module in MODULES for name, item in vars(module).items() if is_typeddict(item)}


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "protocol_types.py"))


def keys_of(text: str) -> dict[str, set[str]]:
    """The keys of every interface of a TypeScript file, a `?` behind those that may miss."""
    found = re.findall(r"^export interface (\w+)[^{]*\{\n(.*?)^\}", text, flags=re.MULTILINE | re.DOTALL)
    return {name: set(re.findall(r"^  (\w+\??): ", body, flags=re.MULTILINE)) for name, body in found}


def is_form(value: Any, hint: Any) -> bool:
    """Whether a value of Python has the form of a hint, all keys of its dicts included."""
    origin, parts = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return isinstance(value, dict) and is_dict_form(value, hint)
    if origin is Literal:
        return value in parts
    if origin in (Union, types.UnionType):
        return any(is_form(value, part) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(is_form, value, parts))
    if origin in (list, Sequence):
        return isinstance(value, list | tuple) and all(is_form(item, parts[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(is_form(item, parts[1]) for item in value.values())
    if hint in (int, float):
        return isinstance(value, int | hint) and not isinstance(value, bool)
    return isinstance(value, hint)


def is_dict_form(value: Mapping[str, Any], hint: Any) -> bool:
    hints = {
        name: get_args(item)[0] if get_origin(item) is NotRequired else item for name, item in hints_of(hint).items()
    }
    return hint.__required_keys__ <= set(value) <= set(hints) and all(is_form(value[key], hints[key]) for key in value)


def hints_of(item: Any) -> dict[str, Any]:
    return get_type_hints(item, include_extras=True)


def components(widget: ipywidgets.Widget) -> Iterator[Component]:
    if isinstance(widget, Component):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from components(child)


def test_types_of_the_javascript_are_those_of_the_kernel(script: dict[str, Any]) -> None:
    assert script["FILE"].read_text(encoding="utf-8") == script["rendered"](), "run python scripts/protocol_types.py"


def test_every_dict_has_the_same_keys_on_both_sides() -> None:
    told = keys_of((STATIC / "protocol.d.ts").read_text(encoding="utf-8"))
    assert len(DICTS) > 40
    for name, item in DICTS.items():
        keys = {f"{key}{'?' if key in item.__optional_keys__ else ''}" for key in item.__annotations__}
        assert told.get(name, set()) == keys, name


def test_every_trait_of_a_widget_has_a_type_on_both_sides() -> None:
    told = keys_of((STATIC / "protocol.d.ts").read_text(encoding="utf-8"))
    for widget in (Component, *Component.__subclasses__()):
        traits = {name for name in widget.class_own_traits(sync=True) if not name.startswith("_")}
        assert told[f"{widget.__name__}Traits"] == traits, widget.__name__


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("export interface A {\n  x: number;\n  y?: string;\n}\n", {"A": {"x", "y?"}}),
        ("interface A {\n  x: number;\n}\n", {}),
    ],
)
def test_keys_are_read_from_interfaces(text: str, keys: dict[str, set[str]]) -> None:
    assert keys_of(text) == keys


def test_a_key_of_python_alone_has_no_form(script: dict[str, Any]) -> None:
    toast = {"id": 1, "level": "note", "text": "a"}
    assert is_form(toast, protocol.ToastData) and not is_form({**toast, "more": 1}, protocol.ToastData)
    assert not is_form({"id": 1, "level": "note"}, protocol.ToastData)
    with pytest.raises(TypeError, match="has no form in the browser"):
        script["type_text"](bytes)


def test_panels_show_what_the_types_say(explorer: Explorer) -> None:
    state = explorer.state
    state.pin()
    state.edit({"dense_1": {"weight": "fixed<5,1>"}})
    explorer.compare.table._handle_custom_msg({"ev": "clear"}, [])
    explorer.tiles.view._handle_custom_msg({"ev": "compare"}, [])
    explorer.tiles.view._handle_custom_msg({"ev": "tools", "open": True}, [])
    assert explorer.analyse.network.graph["nodes"]  # made when it is first asked for
    assert state.wait(60) and explorer.compare.wait(60)
    seen = set()
    for widget in components(explorer.view):
        hints = hints_of(type(widget))
        for name in (item for item in widget.class_traits(sync=True) if item in hints and not item.startswith("_")):
            value = getattr(widget, name)
            assert is_form(value, hints[name]), (type(widget).__name__, name, value)
            seen.add(f"{type(widget).__name__}.{name}")
    assert {"LayersTable.config", "Tiles.shown", "Tiles.tools", "CompareTable.data", "NetworkGraph.graph"} <= seen


def test_messages_of_the_kernel_have_their_form(explorer: Explorer) -> None:
    tiles, sent = explorer.tiles.view, []
    tiles.send = lambda content, buffers=None: sent.append(content)
    for ev in ("designs", "link", "table"):
        tiles._handle_custom_msg({"ev": ev}, [])
    tiles._handle_custom_msg({"ev": "name", "name": "first"}, [])
    assert [message["kind"] for message in sent] == ["designs", "link", "table", "designs"]
    assert all(is_form(message, protocol_messages.Answer) for message in sent)
    assert sent[-1]["named"][0]["name"] == "first"
