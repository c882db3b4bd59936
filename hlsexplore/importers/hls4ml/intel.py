"""Top functions of hls4ml's projects for Altera's tools (Quartus, oneAPI), written as those of Vivado are."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hlsexplore.importers.hls4ml.network import WITH_PARAMETER

_COMPONENT = re.compile(r"\bcomponent\s+(\w+)\s+(\w+)\s*\(([^)]*)\)\s*\{")
_KERNEL = re.compile(r"\bvoid\s+(\w+)::operator\(\)\(\)\s*const\s*\{")
_STRUCT = re.compile(r"struct\s+(?:input|output)_data\s*\{([^}]*)\}")
_MEMBER = re.compile(r"struct\s+(\w+)\s*\{\s*(\w+)\s+data\s*\[([\w* ]+)\]\s*;\s*\}")
_PORT = re.compile(r"(\w+)\s+(\w+)")
_STREAM = re.compile(r"stream_(?:in|out)<\s*(\w+)\s*>\s*&\s*(\w+?)_stream\b")
_ALIAS = re.compile(r"auto\s*&\s*\w+\s*=\s*\w+\s*;")
_PIPE = re.compile(r"using\s+(\w+)\s*=\s*[\w:]*pipe<\s*\w+\s*,\s*(\w+)")
_READ = re.compile(r"auto\s+(\w+)\s*=\s*(\w+)::read\(\)\s*;")
_WRITE = re.compile(r"\b(\w+)::write\(\s*(\w+)\s*\)\s*;")
_TASK = re.compile(r"task_sequence<\s*nnet::(\w+)<([^;]*?)>\s*>\s*\(?\s*(\w+)\s*\)?\s*;")
_START = re.compile(r"\b(\w+)\.async\(([^;]*)\)\s*;")
_SIZED = re.compile(r"typedef\s+nnet::array<.*,\s*([\d* ]+)>\s*(\w+)\s*;")
_PRODUCTS = re.compile(r"dense|(?:pointwise_)?conv_[12]d_cl")
_CELLS = frozenset({"simple_rnn", "lstm", "gru"})
_KEPT = frozenset({"clone_stream", "repack_stream"})
"""Functions whose name ends in `_stream` for Vivado, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """A top function.

    Attributes:
        name: Its name.
        ports: Its ports, as C++.
        body: Its calls, as C++.
        backend: Back end whose form it has; "" for Vivado's, which several share.
    """

    name: str
    ports: str
    body: str
    backend: str = ""

    @property
    def is_intel(self) -> bool:
        """Whether it is of a back end for Altera's tools, which store kernels for one strategy only."""
        return self.backend in ("Quartus", "oneAPI")


def intel_top(text: str, header: str, defines: str, inputs: Iterable[str]) -> Top | None:
    """Return the top function of a project of Quartus or oneAPI in the words of Vivado's; None for another file.

    Args:
        text: The C++ file, without remarks.
        header: The headers of the project's own, which name the ports.
        defines: `defines.h`.
        inputs: Names of the network's inputs, where the configuration tells them; streams have other names.
    """
    component = _COMPONENT.search(text)
    if component is not None:
        return _quartus(text, component, header)
    kernel = _KERNEL.search(text)
    return None if kernel is None else _oneapi(text, kernel, header, defines, inputs)


def _quartus(text: str, match: re.Match[str], header: str) -> Top:
    """Read a component: streams are global, arrays are members of a struct."""
    streams = ", ".join(f"hls::stream<{kind}> &{name}" for kind, name in _STREAM.findall(match[3]))
    members = "".join(_STRUCT.findall(header)).replace(";", ",") or _first_structs(text, match, header)
    aliases = "\n".join(_ALIAS.findall(text[: match.start()]))
    body = re.sub(r"\b(?:inputs|outputs)\.|(?<=\w)\.data\b", "", text[match.end() :])
    return Top(name=match[2], ports=streams or members, body=f"{aliases}\n{body}", backend="Quartus")


def _first_structs(text: str, match: re.Match[str], header: str) -> str:
    """Write the ports of the first versions, each a struct with the array `data`, as arrays."""
    structs = {name: (kind, size) for name, kind, size in _MEMBER.findall(header)}
    ends = _PORT.findall(match[3]) + [(match[1], name) for name in re.findall(r"\breturn\s+(\w+)\s*;", text)]
    known = [(*structs[struct], name) for struct, name in ends if struct in structs]
    return ", ".join(f"{kind} {name}[{size}]" for kind, size, name in known)


def _oneapi(text: str, match: re.Match[str], header: str, defines: str, inputs: Iterable[str]) -> Top:
    """Read a kernel: ports are pipes, streams are tasks that read and write pipes."""
    body = text[match.end() :]
    pipes = dict(_PIPE.findall(f"{header}\n{text}"))
    name = match[1][:1].lower() + match[1][1:]
    tasks = {task: (function, template) for function, template, task in _TASK.findall(body)}
    if not tasks:
        sizes = {kind: size for size, kind in _SIZED.findall(defines)}
        ends = [(variable, pipes.get(pipe, "")) for variable, pipe in _READ.findall(body)]
        ends += [(variable, pipes.get(pipe, "")) for pipe, variable in _WRITE.findall(body)]
        ports = ", ".join(f"{kind} {variable}[{sizes.get(kind, '1')}]" for variable, kind in ends)
        return Top(name=name, ports=ports, body=body, backend="oneAPI")
    names = {pipe: pipe for pipe in pipes}
    names |= {
        pipe: given for given in inputs for pipe in pipes if pipe.lower() == f"{given}pipe".replace("_", "").lower()
    }
    calls = [_task_call(*tasks[task], names, pipes, rest, task) for task, rest in _START.findall(body) if task in tasks]
    ports = ", ".join(f"hls::stream<{kind}> &{names[pipe]}" for pipe, kind in _PIPE.findall(header))
    return Top(name=name, ports=ports, body="\n".join(calls), backend="oneAPI")


def _task_call(
    function: str, template: str, names: Mapping[str, str], pipes: Mapping[str, str], rest: str, task: str
) -> str:
    """Write a task that was started as a call: pipes are its streams."""
    words = [word.strip() for word in template.split(",")]
    streams = [names[word] for word in words if word in pipes]
    others = [rest.strip()] if rest.strip() else []
    plain = function if function in _KEPT else function.removesuffix("_stream")
    given = [streams[0], *others, *streams[1:]] if plain in WITH_PARAMETER else [*streams, *others]
    kinds = ", ".join(pipes.get(word, word) for word in words)
    return f"nnet::{plain}<{kinds}>({', '.join(given)}); // {task}"


def intel_config(function: str, config: Mapping[str, str]) -> dict[str, str]:
    """Return the configuration of a call in Vivado's words: kernels are stored for reuse, which nothing says."""
    if _PRODUCTS.fullmatch(function):
        return {"strategy": "nnet::resource", **config}
    if function not in _CELLS:
        return dict(config)
    steps = config.get("n_timesteps", "")
    is_sequence = config.get("return_sequences") in ("true", "1")
    return {
        "n_state": config.get("n_units") or config.get("n_out", ""),
        "n_sequence": steps,
        "n_sequence_out": steps if is_sequence else "1",
        "mult_config1.strategy": "nnet::resource",
        "mult_config2.strategy": "nnet::resource",
        "mult_config1.reuse_factor": config.get("reuse_factor", "1"),
        **config,
    }
