"""Designs that the user goes back to, names, opens and passes on."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hlsexplore.design import Design
from hlsexplore.layer_config import knobs
from hlsexplore.ops import tensor_keys
from hlsexplore_widgets.components import Tiles
from hlsexplore_widgets.opening import design_of_link, design_of_path, design_of_text, link_of
from hlsexplore_widgets.protocol_messages import DesignName, DesignsListed, DesignStep
from hlsexplore_widgets.shelf import NamedDesign
from hlsexplore_widgets.state import ExplorerState

MAX_LISTED = 60
"""Steps of the history that are listed, around the current one."""
MAX_CHANGES = 2


def receive(state: ExplorerState, view: Tiles, message: Mapping[str, Any]) -> bool:
    """Do what a message about designs asks for; says whether it was one.

    Args:
        state: The state.
        view: Gets the answers.
        message: The browser's message.

    Raises:
        ConfigError: If a file, link or name is not valid.
    """
    seq, graph = float(message.get("seq", 0.0)), state.graph
    match message.get("ev"):
        case "designs":
            view.tell(designs_data(state))
        case "go":
            state.go(int(message.get("by", 0)), seq)
        case "name":
            state.shelf.name(str(message.get("name", "")), state.design)
            view.tell(designs_data(state))
        case "forget":
            state.shelf.forget(str(message.get("name")))
            view.tell(designs_data(state))
        case "named":
            found = state.shelf.named.get(str(message.get("name")))
            if found is not None:
                state.load(found, seq=seq)
        case "compare":
            compare(state)
        case "open_path":
            _opened(state, design_of_path(str(message.get("path", "")), graph), str(message.get("path")), seq)
        case "open_text":
            name = str(message.get("name", "the file"))
            _opened(state, design_of_text(str(message.get("text", "")), name, graph), name, seq)
        case "open_link":
            state.load(design_of_link(str(message.get("code", "")), graph), seq=seq)
        case "link":
            view.tell({"kind": "link", "code": link_of(state.design)})
        case _:
            return False
    return True


def compare(state: ExplorerState) -> None:
    """Put the current design into the comparison."""
    design = state.design
    name = state.shelf.name_of(design) or f"design {design.key[:6]}"
    state.shelf.compare(NamedDesign(name=name, design=design))


def designs_data(state: ExplorerState) -> DesignsListed:
    """Return history and named designs as plain data for the browser."""
    history, shelf = state.history, state.shelf
    designs = (*history.past, history.design, *history.future)
    here = len(history.past)
    start = max(0, min(here - MAX_LISTED // 2, len(designs) - MAX_LISTED))
    shown = designs[start : start + MAX_LISTED]
    texts = ["first design" if start == 0 else "…", *(change_text(before, after) for before, after in pairwise(shown))]
    steps: list[DesignStep] = [
        {"by": start + at - here, "text": text, "name": shelf.name_of(design), "key": design.key[:6]}
        for at, (design, text) in enumerate(zip(shown, texts, strict=True))
    ]
    current = state.design
    named: list[DesignName] = [
        {"name": name, "key": item.key[:6], "current": item == current} for name, item in shelf.named.items()
    ]
    return {"kind": "designs", "steps": steps, "named": named}


def change_text(before: Design, after: Design) -> str:
    """Say in a few words how a design differs from the one before."""
    changes = []
    if before.target != after.target:
        changes.append(f"target {after.target.part}, {after.target.clock_ns:g} ns, as {after.target.tool}")
    for node in after.graph:
        old, new = before.layers[node.name], after.layers[node.name]
        if old == new:
            continue
        for key in tensor_keys(node.op):
            if old.types[key] != new.types[key]:
                changes.append(f"{node.name} {key} {new.types[key]}")
        for knob in knobs(node):
            if getattr(old, knob) != getattr(new, knob):
                changes.append(f"{node.name} {knob} {getattr(new, knob)}")
    more = f" and {len(changes) - MAX_CHANGES} more" if len(changes) > MAX_CHANGES else ""
    return f"{', '.join(changes[:MAX_CHANGES])}{more}" if changes else "no change"


def _opened(state: ExplorerState, design: Design, name: str, seq: float) -> None:
    state.load(design, seq=seq)
    state.say("done", f"The design of {name.rsplit('/', 1)[-1]!r} is loaded. Undo goes back.")
