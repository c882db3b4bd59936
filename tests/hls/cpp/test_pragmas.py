"""Every pragma of the library and of generated code against the grammar of the vendor's front end.

The options are those that Xilinx' open-source front end of Vitis HLS accepts (github.com/Xilinx/hls-llvm-project,
clang/include/clang/Basic/XlxPragmaOption.td) and that the user guides UG902 (Vivado HLS 2019.2) and UG1399 list.
"""

import re
from importlib.resources import files

import pytest
from agreement.networks import branched, cnn, mlp

from hlsexplore_hls.cpp.generate import generate

NAME, NUMBER, LIST = r"[A-Za-z_]\w*", r"[A-Za-z_0-9:]+", r"[A-Za-z_]\w*(,[A-Za-z_]\w*)*"

OPTIONS: dict[str, dict[str, str | None]] = {
    "allocation": {"instances": NAME, "limit": NUMBER, "operation": None},
    "array_partition": {"variable": NAME, "complete": None, "dim": NUMBER},
    "array_reshape": {
        "variable": NAME,
        "complete": None,
        "block": None,
        "cyclic": None,
        "factor": NUMBER,
        "dim": NUMBER,
    },
    "bind_op": {"variable": NAME, "op": "mul", "impl": "dsp|fabric"},
    "bind_storage": {"variable": NAME, "type": "rom_np", "impl": "bram"},
    "data_pack": {"variable": NAME},
    "dataflow": {},
    "dependence": {"variable": NAME, "inter": None, "raw": None, "distance": NUMBER, "true": None},
    "function_instantiate": {"variable": LIST},
    "inline": {},
    "interface": {
        "port": NAME,
        "axis": None,
        "m_axi": None,
        "s_axilite": None,
        "ap_vld": None,
        "ap_ctrl_none": None,
        "offset": "slave",
        "bundle": NAME,
        "depth": NUMBER,
    },
    "pipeline": {"ii": NUMBER},
    "resource": {"variable": NAME, "core": "ROM_nP_BRAM|DSP48|Mul_LUT"},
    "stream": {"variable": NAME, "depth": NUMBER},
    "unroll": {},
}
REQUIRED = {
    "allocation": {"instances", "limit"},
    "array_partition": {"variable"},
    "array_reshape": {"variable"},
    "interface": {"port"},
    "stream": {"variable"},
}
PRAGMA = re.compile(r"#pragma HLS (.*)|NNET_DO_PRAGMA\(HLS (.*)\)$", re.MULTILINE)


def library() -> dict[str, str]:
    return {file.name: file.read_text() for file in (files("hlsexplore_hls.cpp") / "nnet").iterdir()}


def sources() -> dict[str, str]:
    found = library()
    for io in ("parallel", "stream"):
        for design in (mlp(io), cnn(io), branched(io)):
            for interface in ("plain", "axi_stream", "kernel"):
                for path, text in generate(design, interface=interface).files.items():
                    if path.startswith("src/") and path.endswith(".cpp"):
                        found[f"{io} {interface} {path}"] = str(text)
    return found


def check(pragma: str) -> str:
    """Return what is wrong with a pragma, or an empty text."""
    name, *words = re.sub(r"\s*=\s*", "=", pragma).split()
    options = OPTIONS.get(name.lower())
    if options is None:
        return "unknown pragma"
    given = {}
    for word in words:
        key, _, value = word.partition("=")
        pattern = options.get(key.lower(), "")
        if key.lower() not in options or (pattern is None) == bool(value):
            return f"unknown option {word!r}"
        if pattern is not None and not re.fullmatch(pattern, value):
            return f"{key} has the value {value!r}"
        given[key.lower()] = value
    missing = REQUIRED.get(name.lower(), set()) - set(given)
    return f"{missing} is missing" if missing else ""


def test_every_pragma_is_one_that_the_tools_accept() -> None:
    problems = []
    count = 0
    for name, text in sources().items():
        for match in PRAGMA.finditer(text):
            pragma = match[1] or match[2]
            count += 1
            if problem := check(pragma):
                problems.append(f"{name}: {pragma}: {problem}")
    assert not problems, "\n".join(problems)
    assert count > 300


@pytest.mark.parametrize(
    "pragma", ["PIPELIN II=1", "PIPELINE III=1", "UNROLL II", "ARRAY_PARTITION complete", "STREAM depth=2"]
)
def test_check_finds_mistakes(pragma: str) -> None:
    assert check(pragma)


def test_every_loop_of_the_library_is_labelled_and_has_a_pragma_or_holds_others() -> None:
    problems = []
    for name, text in library().items():
        lines = text.splitlines()
        for index, line in enumerate(lines):
            if not line.lstrip().startswith("for ("):
                continue
            label = lines[index - 1].strip()
            if not re.fullmatch(r"[A-Z][A-Za-z0-9]*:", label):
                problems.append(f"{name}:{index + 1}: no label")
            following = [text.strip() for text in lines[index + 1 : index + 6]]
            has_pragma = any(text.startswith("#pragma HLS") for text in following[:2])
            if not has_pragma and not any(re.fullmatch(r"[A-Z]\w*:", text) or "(" in text for text in following):
                problems.append(f"{name}:{index + 1}: neither a pragma nor an inner loop")
    assert not problems, "\n".join(problems)


def test_every_header_is_included_once_and_says_what_it_is() -> None:
    for name, text in library().items():
        assert text.startswith("// "), name
        assert text.count("#pragma once") == 1, name
        assert re.search(r"^namespace nnet \{$.*^\} // namespace nnet$", text, re.DOTALL | re.MULTILINE), name
        assert text.isascii(), name


@pytest.mark.parametrize("word", ["if constexpr", "std::", "thread_local", "auto &&", "dynamic_cast", "new ", "throw "])
def test_library_keeps_to_the_subset_that_synthesis_accepts(word: str) -> None:
    for name, text in library().items():
        code = re.sub(r"//.*", "", text)
        assert word not in code, name
