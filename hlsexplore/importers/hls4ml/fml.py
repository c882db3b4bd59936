"""A model that hls4ml saved (.fml) as a `Network`: resolved types, its C++ calls, weights as .npy members."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ModelError
from hlsexplore.fixed import Fixed
from hlsexplore.importers.hls4ml.members import ARCHITECTURE, Members
from hlsexplore.importers.hls4ml.network import FunctionCall, Network, joined_config, parse_configs, parse_types
from hlsexplore.importers.hls4ml.project import CALL

MAX_DEPTH = 60
_DATA = "@ndarray:"


def read_fml(members: Members) -> Network:
    """Read what a saved model computes.

    Raises:
        ModelError: If a part is missing or has another form than hls4ml 1.2 and 1.3 write.
    """
    layers = _json(members, ARCHITECTURE)
    state, config = _json(members, "graph_state.json"), _json(members, "config.json")
    settings = config.get("config", config)
    backend = str(settings.get("Backend", ""))
    if backend.lower() in ("quartus", "oneapi"):
        raise ModelError(
            f"{members.label!r} was saved with the back end {backend}, whose saved models are not read. Give the "
            "project that it wrote (its folder or .tar.gz), or the trained model."
        )
    attributes = {name: _attributes(layer, name, members.label) for name, layer in layers.items()}
    texts = [str(values.get("config_cpp", "")) for values in attributes.values()]
    configs = parse_configs("\n".join(texts), {})
    types: dict[str, Fixed] = parse_types("\n".join(texts))
    arrays: dict[str, tuple[str, Fixed | None]] = {}
    inputs: dict[str, tuple[str, tuple[int, ...]]] = {}
    aliases: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    outputs: dict[str, str] = {}
    calls: list[FunctionCall] = []
    for name, values in attributes.items():
        for item in _states(values, 0):
            _collect(item, types, arrays, aliases)
        output = values.get(name, {}).get("state", {}) if isinstance(values.get(name), dict) else {}
        outputs[name] = str(output.get("name", ""))
        if values.get("class_name") == "InputLayer":
            inputs[outputs[name]] = (str(output.get("type", {}).get("state", {}).get("name")), _shape(output))
        calls += _calls(str(values.get("function_cpp", "")), name, configs)
    return Network(
        name=str(settings.get("ProjectName", "model")),
        calls=tuple(calls),
        types=types,
        inputs=inputs,
        outputs=tuple(outputs.get(str(name), "") for name in state.get("outputs", ())),
        aliases=aliases,
        arrays=lambda name: _array(members, *arrays[name]) if name in arrays else None,
        settings={
            "part": str(settings.get("Part", "")),
            "clock_period": str(settings.get("ClockPeriod", "")),
            "clock_uncertainty": str(settings.get("ClockUncertainty", "")),
            "backend": backend,
            "io_type": str(settings.get("IOType", "io_parallel")),
        },
    )


def _json(members: Members, name: str) -> dict[str, Any]:
    try:
        data = json.loads(members.text(name))
    except (ValueError, RecursionError):
        raise ModelError(f"{members.label!r}: {name} is damaged. Save the model again with hls4ml.") from None
    if not isinstance(data, dict):
        raise ModelError(f"{members.label!r}: {name} does not hold what hls4ml writes.")
    return data


def _attributes(layer: Any, name: str, label: str) -> dict[str, Any]:
    found = layer.get("state", {}).get("attributes") if isinstance(layer, dict) else None
    if not isinstance(found, dict):
        raise ModelError(f"{label!r}: the layer {name!r} has no attributes. hls4ml 1.2 and later save them.")
    return found


def _states(value: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Walk over every serialised object: (class, state)."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        state = value.get("state")
        if isinstance(value.get("class_name"), str) and isinstance(state, dict):
            yield value["class_name"].rpartition(".")[2], state
        for item in value.values():
            yield from _states(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _states(item, depth + 1)


def _collect(
    item: tuple[str, Mapping[str, Any]],
    types: dict[str, Fixed],
    arrays: dict[str, tuple[str, Fixed | None]],
    aliases: dict[str, tuple[str, tuple[int, ...] | None]],
) -> None:
    """Keep the types, weight arrays and renamed tensors that an object of a layer tells of."""
    kind, state = item
    name = str(state.get("name", ""))
    if "precision" in state:
        type_ = _fixed(state["precision"])
        if type_ is not None:
            types[name] = type_
    data = state.get("data")
    if kind.endswith("WeightVariable") and isinstance(data, str) and data.startswith(_DATA):
        arrays[name] = (data.removeprefix(_DATA), _fixed(state.get("type", {}).get("state", {}).get("precision")))
    source = state.get("input_var")
    if kind == "InplaceTensorVariable" and isinstance(source, dict):
        aliases[name] = (str(source.get("state", {}).get("name", "")), _shape(state))


def _fixed(precision: Any) -> Fixed | None:
    """Return a serialised precision as a type; None for exponents, floats and the like."""
    state = precision.get("state") if isinstance(precision, dict) else None
    if not isinstance(state, dict) or not isinstance(state.get("width"), int):
        return None
    kind = str(precision.get("class_name", "")).rpartition(".")[2]
    width, signed = state["width"], bool(state.get("signed", True))
    if kind == "FixedPrecisionType":
        modes = {"rounding": state.get("rounding_mode") or "TRN", "overflow": state.get("saturation_mode") or "WRAP"}
        return Fixed(width, int(state["integer"]), signed).with_modes(**modes)
    return Fixed(width, width, signed) if kind == "IntegerPrecisionType" else None


def _shape(state: Mapping[str, Any]) -> tuple[int, ...]:
    shape = state.get("shape")
    return tuple(int(size) for size in shape) if isinstance(shape, list) else ()


def _calls(text: str, layer: str, configs: Mapping[str, Mapping[str, str]]) -> list[FunctionCall]:
    found = []
    for function, template, arguments, _ in CALL.findall(text):
        parameters = tuple(item.strip() for item in template.split(","))
        found.append(
            FunctionCall(
                function=function,
                parameters=parameters,
                arguments=tuple(item.strip() for item in arguments.split(",")),
                layer=layer,
                config=joined_config(parameters[-1], configs),
            )
        )
    return found


def _array(members: Members, file: str, type_: Fixed | None) -> NDArray[np.float64] | None:
    """Return a weight array, flat, with as many decimal digits as hls4ml writes for its C++.

    Raises:
        ModelError: If the member is missing or no plain array of numbers.
    """
    try:
        values = np.load(io.BytesIO(members.data(file)), allow_pickle=False)
    except (ValueError, EOFError, OSError):
        values = np.empty(0, dtype=object)
    if not (values.dtype.kind in "fiu" and np.isfinite(values).all()):
        raise ModelError(f"{members.label!r}: {file} is no plain array of numbers. Save the model again with hls4ml.")
    digits = max(0, type_.fraction) if type_ is not None else 16
    return np.array([f"{value:.{digits}f}" for value in values.ravel().astype(np.float64).tolist()], dtype=np.float64)
