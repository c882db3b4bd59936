"""A project folder of hls4ml as a `Network`: its C++, `parameters.h`, `defines.h`, weights and `project.tcl`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ModelError
from hlsexplore.importers.hls4ml.intel import Top, intel_config, intel_top
from hlsexplore.importers.hls4ml.layers import CONVERTERS
from hlsexplore.importers.hls4ml.members import PARAMETERS, Members
from hlsexplore.importers.hls4ml.network import (
    FunctionCall,
    Network,
    joined_config,
    parse_configs,
    parse_defines,
    parse_exponents,
    parse_types,
    product,
)
from hlsexplore.importers.hls4ml.plain_yaml import plain_yaml

CONFIGURATION = "hls4ml_config.yml"
DEFINES = "firmware/defines.h"
CALL = re.compile(r"nnet::(\w+)<([^;(]*)>\(([^;]*)\);\s*(?://\s*(\S[^\n]*?)\s*)?$", re.MULTILINE)
_REFERENCE = re.compile(r"auto\s*&\s*(\w+)\s*=\s*(\w+)\s*;")
_SIGNATURE = re.compile(r"void\s+(?:CCS_BLOCK\(\s*)?(\w+)\s*\)?\s*\(([^)]*)\)\s*\{")
_REMARK = re.compile(
    r"/\*.*?\*/|^[ \t]*//[^\n]*$|^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|else|endif)\b[^\n]*$", re.DOTALL | re.MULTILINE
)
_OLD = re.compile(r"(dense|conv_[12]d)_(latency|resource|large)(_cl)?$")
_OWN_TYPE = re.compile(r"(\w+?)_(?:accum|result|table|exp_table|param|slope)_t")
_VARIANT = re.compile(r"(\w+?)(?:_large)?(_cl)?(?:_nopad)?(?:_pad)?_(?:me|ss)")
_OLD_SIZES = {"in_width": "n_in", "out_width": "n_out", "stride_width": "stride", "dilation_width": "dilation"}
_LOCAL = re.compile(r"^\s*(\w+)\s+(\w+)\s*\[([\w* ]+)\]\s*;", re.MULTILINE)
_POWER = re.compile(r"\{\s*([-+]?\d+(?:\.\d*)?)\s*,\s*([-+]?\d+)\s*\}")
_PORT = re.compile(
    r"(?:(?:hls::stream|ac_channel)<\s*(?P<stream>\w+)\s*>\s*&\s*(?P<name>\w+)"
    r"|(?P<type>\w+)\s+(?P<array>\w+)\s*\[(?P<size>[\w* ]+)\])"
)
_SETTING = re.compile(r'set\s+(part|clock_period|clock_uncertainty|backend)\s+"?([\w.%\-]+)"?')
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LOADERS = ("load_weights", "load_compressed", "load_exponent")


def read_project(members: Members) -> Network:
    """Read what a project computes from its C++.

    Raises:
        ModelError: If a file is missing or the top function has no calls that can be understood.
    """
    configuration = _configuration(members)
    shapes = _shapes(configuration.get("InputShapes"))
    if configuration.get("Backend") == "SymbolicExpression":
        raise ModelError(
            f"the hls4ml project {members.label!r} is of the back end SymbolicExpression: it computes formulas "
            "and has no layers to read."
        )
    top = _top_function(members, shapes)
    defines = members.text(DEFINES) if DEFINES in members or "input_t;" not in members.text(PARAMETERS) else ""
    names = parse_defines(defines) | parse_defines(members.text(PARAMETERS))
    parameters = members.text(PARAMETERS)
    configs = parse_configs(parameters, names)
    calls = tuple(_calls(top, configs))
    types = parse_types(defines) | parse_types(parameters)
    ports = _ports(top.ports, names)
    renamed = dict(_REFERENCE.findall(top.body))
    written = {name for call in calls for name in call.outputs}
    read = {name for call in calls for name in call.arguments}
    variants = sorted({name for name, *_ in CALL.findall(top.body) if _plain(name, ())[0] != name})
    used = (read | set(renamed.values())) - written
    notes = ["weights come from the project's text files, with as many decimal digits as their type has bits."]
    if variants:
        notes.append(f"{', '.join(variants)}: of a branch of hls4ml, read as the functions without that suffix.")
    entries = {name: port for name, port in ports.items() if name in used}
    if not entries:
        entries = _own_inputs(top.body, calls, used, names)
        notes += [f"input {name!r} is filled by code of the project's own, which is not read." for name in entries]
    if not entries and calls:
        entries = _lost_input(top.body, calls[0], ports, names)
        notes += [
            f"nothing fills {name!r}, which the first layer reads: it is taken for the input." for name in entries
        ]
    outputs = tuple(name for name in ports if name in written or name in renamed)
    if not outputs and calls and _own_outputs(top):
        outputs = calls[-1].outputs
        notes.append(f"the output is made of {outputs[0]!r} by code of the project's own, which is not read.")
    inputs = {name: (kind, shapes.get(name) or ((size,) if size else ())) for name, (kind, size) in entries.items()}
    return Network(
        name=top.name,
        calls=calls,
        types=types,
        inputs=inputs,
        outputs=outputs,
        aliases={alias: (name, None) for alias, name in renamed.items()},
        arrays=lambda name: weight_text(members, name),
        settings=({"backend": top.backend} if top.backend else {})
        | _settings(members, configuration, "stream<" in top.ports or "ac_channel<" in top.ports)
        | {"top_pragma": "DATAFLOW" if "HLS DATAFLOW" in top.body else "PIPELINE"},
        exponents=parse_exponents(defines),
        notes=tuple(notes),
        variants=tuple(variants),
    )


def _top_function(members: Members, inputs: Iterable[str]) -> Top:
    """Return the function that calls layers; the first one of the file is a helper at times.

    Raises:
        ModelError: If there is none.
    """
    found = members.named("firmware", ".cpp")
    if not found:
        raise ModelError(
            f"the hls4ml project {members.label!r} has no C++ in firmware/. Write it again with model.write()."
        )
    headers = "\n".join(members.text(name) for name in members.named("firmware", ".h"))
    defines = members.text(DEFINES) if DEFINES in members else ""
    for text in [_REMARK.sub("", members.text(name)) for name in found]:
        intel = intel_top(text, headers, defines, inputs)
        if intel is not None:
            return intel
        for match in _SIGNATURE.finditer(text):
            body = _body(text[match.end() :])
            if "nnet::" in body:
                backend = "Catapult" if "CCS_BLOCK" in match[0] else ""
                return Top(name=match[1], ports=match[2], body=body, backend=backend)
    raise ModelError(
        f"{members.label!r} looks like an hls4ml project, but no function in its C++ calls a layer of nnet. Write it "
        "again with hls4ml."
    )


def _body(text: str) -> str:
    """Return the body of a function, from behind its opening brace to the one that closes it."""
    depth = 1
    for match in re.finditer(r"[{}]", text):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return text[: match.start()]
    return text


def _calls(top: Top, configs: Mapping[str, Mapping[str, str]]) -> list[FunctionCall]:
    """List the calls of layers; the weight loaders and the copies of streams' debugging are none."""
    found = []
    for index, (function, template, arguments, comment) in enumerate(CALL.findall(top.body)):
        if function.startswith(_LOADERS) or function == "save_layer_output":
            continue
        parameters = tuple(item.strip() for item in template.split(","))
        function, parameters = _plain(function, parameters)
        function, config = _renewed(function, joined_config(parameters[-1], configs))
        config = intel_config(function, config) if top.is_intel else config
        call = FunctionCall(
            function=function,
            parameters=parameters,
            arguments=tuple(item.strip() for item in arguments.split(",")),
            layer=comment or _layer_name(config, parameters) or f"{function}_{index}",
            config=config,
        )
        found += _separated(call, configs) if function.startswith("separable_conv") else [call]
    return found


def _own_inputs(
    body: str, calls: Iterable[FunctionCall], used: Iterable[str], names: Mapping[str, int]
) -> dict[str, tuple[str, int | None]]:
    """Return the variables that code which calls no layer fills, with type and size, as far as they are known."""
    sizes = {name: product(size, names) for _, name, size in _LOCAL.findall(body)}
    return {
        name: (call.input_type, sizes.get(name))
        for call in calls
        for name in call.arguments[:1]
        if name in used and _is_written(name, body)
    }


def _lost_input(
    body: str, first: FunctionCall, ports: Mapping[str, tuple[str, int | None]], names: Mapping[str, int]
) -> dict[str, tuple[str, int | None]]:
    """Return the array that the first layer reads and nothing fills, if an input of its size is there and not read.

    First versions lose the input layer of a nested model; what a layer that was left out gives has another size.
    """
    name = first.arguments[0]
    size = next((product(size, names) for _, own, size in _LOCAL.findall(body) if own == name), None)
    is_input = size is not None and any(count == size for _, count in list(ports.values())[:1])
    return {name: (first.input_type, size)} if is_input else {}


def _own_outputs(top: Top) -> bool:
    """Whether code that calls no layer fills a port."""
    names = re.findall(r"(\w+)\s*(?:\[[^\]]*\])?\s*(?:,|$)", top.ports.strip())
    return any(_is_written(name, top.body) for name in names) or "::write(" in top.body


def _is_written(name: str, body: str) -> bool:
    """Whether code fills a variable that no call of a layer writes."""
    return re.search(rf"\b{re.escape(name)}\s*(?:\[[^\]]*\]\s*=[^=]|=[^=]|\.write\(|<<)", body) is not None


def _plain(function: str, parameters: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the function that one of a branch of hls4ml, which packs streams in another way, stands for."""
    match = _VARIANT.fullmatch(function)
    plain = f"{match[1]}{match[2] or ''}" if match else ""
    if plain not in CONVERTERS:
        return function, parameters
    return plain, tuple(item for item in parameters if not item.isdigit())


def _layer_name(config: Mapping[str, str], parameters: tuple[str, ...]) -> str:
    """Return a layer's name from the types that are its own (`fc1_accum_t`); "" where none is."""
    kinds = (*parameters[-2:-1], *(kind for key, kind in config.items() if key.endswith("_t")))
    return next((match[1] for match in map(_OWN_TYPE.fullmatch, kinds) if match), "")


def _separated(call: FunctionCall, configs: Mapping[str, Mapping[str, str]]) -> list[FunctionCall]:
    """Return the depthwise and the pointwise convolution of a separable one, which streams call as one function.

    Raises:
        ModelError: If the call is not one that hls4ml writes.
    """
    try:
        source, between, result, _ = call.parameters
        given, output, depth, point, zero, bias = call.arguments
    except ValueError:
        raise ModelError(f"layer {call.layer!r}: its separable convolution was edited; write it again.") from None
    inner, kind = f"{output}_dw", call.function.removeprefix("separable_")
    steps = (
        (f"depthwise_{kind}", "depthwise_config", (source, between), (given, inner, depth, zero), f"{call.layer}_dw"),
        (kind, "pointwise_config", (between, result), (inner, output, point, bias), call.layer),
    )
    return [
        FunctionCall(
            function=function,
            parameters=(*types, call.config.get(key, "")),
            arguments=arguments,
            layer=layer,
            config=joined_config(call.config.get(key, ""), configs),
        )
        for function, key, types, arguments, layer in steps
    ]


def _renewed(function: str, config: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return a call of the first versions, whose functions name the strategy, as later ones write it."""
    match = _OLD.fullmatch(function)
    if match is None:
        return function, config
    strategy = "latency" if match[2] == "latency" else "resource"
    sizes = {new: config[old] for new, old in _OLD_SIZES.items() if old in config} if match[1] == "conv_1d" else {}
    return f"{match[1]}{match[3] or ''}", {"strategy": f"nnet::{strategy}", **sizes, **config}


def _ports(text: str, names: Mapping[str, int]) -> dict[str, tuple[str, int | None]]:
    """Return the ports of the top function in order: name -> (type, elements); sizes of streams are unknown."""
    found: dict[str, tuple[str, int | None]] = {}
    for match in _PORT.finditer(text):
        if match["name"]:
            found[match["name"]] = (match["stream"], None)
        else:
            found[match["array"]] = (match["type"], product(match["size"], names))
    return found


def _configuration(members: Members) -> dict[str, Any]:
    return plain_yaml(members.text(CONFIGURATION), CONFIGURATION) if CONFIGURATION in members else {}


def _shapes(data: object) -> dict[str, tuple[int, ...]]:
    """Return the shapes of inputs that version 1.2 and later writes."""
    if not isinstance(data, dict):
        return {}
    return {
        str(name): tuple(shape)
        for name, shape in data.items()
        if isinstance(shape, list) and all(isinstance(size, int) and size > 0 for size in shape)
    }


def _settings(members: Members, configuration: Mapping[str, Any], is_stream: bool) -> dict[str, str]:
    found = {
        key: str(configuration[name])
        for key, name in (
            ("part", "Part"),
            ("part", "XilinxPart"),
            ("clock_period", "ClockPeriod"),
            ("clock_uncertainty", "ClockUncertainty"),
            ("backend", "Backend"),
        )
        if configuration.get(name) is not None
    }
    for file in ("build_prj.tcl", "project.tcl"):
        if file in members:
            found |= dict(_SETTING.findall(members.text(file)))
    return found | {"io_type": "io_stream" if is_stream else "io_parallel"}


def weight_text(members: Members, name: str) -> NDArray[np.float64] | None:
    """Return the numbers of a weight array from its text file or its header, flat; None if it has neither."""
    text, header = f"firmware/weights/{name}.txt", f"firmware/weights/{name}.h"
    if text in members:
        body = members.text(text)
    elif header in members:
        body = _initial_values(members.text(header))
    else:
        return None
    if powers := _POWER.findall(body):  # a sign and an exponent each
        return np.array([float(sign) * 2.0 ** int(exponent) for sign, exponent in powers])
    found = _NUMBER.findall(body)
    return np.array(found, dtype=np.float64) if found else None


def _initial_values(header: str) -> str:
    """Return what stands between the braces of an array's definition; "" for a declaration and for included files."""
    _, opening, rest = re.sub(r"#[^\n]*", "", header).partition("=")
    if not opening:
        return ""
    values = rest.partition(";")[0].strip().removeprefix("{")
    return values.removeprefix("{") if "intel::" in header else values  # there the array is within a struct
